// One exchange, on a page of its own and beside the traffic: what happened, and everything that is known of it.
import { html, useEffect } from "../vendor.js";
import { get, send } from "../lib/api.js";
import { newAlert } from "../lib/alerts.js";
import { choose, chosen } from "../lib/chosen.js";
import { explainStatus } from "../lib/explain.js";
import { FACTS, factsOf } from "../lib/facts.js";
import { instant, iso, statusClass } from "../lib/format.js";
import { useKeys } from "../lib/keys.js";
import { useLoad } from "../lib/load.js";
import { address, go, param, setParams } from "../lib/url.js";
import { Body } from "../ui/body.js";
import { Facts } from "../ui/facts.js";
import { Headers, Parameters } from "../ui/headers.js";
import { Copy, Panel, Tabs, Tag } from "../ui/parts.js";
import { Spans } from "../ui/spans.js";
import { Failed, Loading, Notice } from "../ui/states.js";
import { Timings } from "../ui/timings.js";
import { say } from "../ui/toast.js";

const TABS = [["overview", "Overview"], ["request", "Request"], ["response", "Response"], ["trace", "Trace"], ["connection", "Connection"]];
const MARKS = {
  "not captured": "Headers and bodies were not captured: their absence says nothing.",
  masked: "Secrets were replaced by REDACTED before anything was stored.",
  truncated: "A body was cut off when it was captured.",
  "no body": "A body was there and was not kept.",
  pinned: "Kept whatever retention says.",
};

export const Exchange = ({ id }) => html`<div class="page"><${ExchangeView} id=${id} /></div>`;

/** *beside*: next to the traffic table, where *onClose* takes it away. */
export function ExchangeView({ id, beside = false, onClose }) {
  const { data, error, loading, reload } = useLoad(`/api/exchanges/${id}`);
  const exchange = data && sameId(data.id, id) ? data : null;
  useEffect(() => { if (exchange && !beside) document.title = `${exchange.sentence} · otel-bridge`; }, [exchange, beside]);
  if (error?.status === 404) return html`<${Gone} beside=${beside} onClose=${onClose} />`;
  if (error) return html`<${Failed} error=${error} retry=${reload} />`;
  if (!data) return html`<${Loading} what="Loading the exchange" />`;
  // While the next one loads the last one stays, so that nothing flickers under j and k.
  return html`<article class="exchange" aria-busy=${loading} data-beside=${beside ? "" : null}>
    <${Head} exchange=${data} beside=${beside} onClose=${onClose} reload=${reload} />
    <${Details} exchange=${data} />
  </article>`;
}

const sameId = (one, other) => one === other.replaceAll("-", "").toLowerCase();

function Gone({ beside, onClose }) {
  return html`<${Notice} title="There is no such exchange">
    <p class="soft">It was never here, or it had to make room for newer ones. Pinned exchanges stay.</p>
    ${beside ? html`<button onClick=${onClose}>Close</button>` : html`<a href="/">Go to the traffic</a>`}</${Notice}>`;
}

function Head({ exchange, beside, onClose, reload }) {
  const arrow = exchange.sentence.lastIndexOf(" → ");
  const [status, ...told] = exchange.sentence.slice(arrow + 3).split(/(?= in )/);
  return html`<header class="exchange-head">
    <div class="exchange-title">
      <h1><span class="mono">${exchange.sentence.slice(0, arrow)}</span> <span class="soft">→</span>${" "}
        <span class="status" data-class=${statusClass(exchange.status)} title=${explainStatus(exchange.status)}>${status}</span>
        <span class="soft">${told.join("").replace(/(\d) (?=[µmshi])/g, "$1\u202f")}</span></h1>
      ${beside && html`<a class="button quiet" href=${address(`/x/${exchange.id}`, { q: param("q"), tab: param("tab") })} title="Open on a page of its own (Enter)" aria-label="Open on a page of its own">⤢</a>
        <button class="quiet" onClick=${onClose} title="Close (Esc)" aria-label="Close">✕</button>`}
    </div>
    <p class="exchange-line"><time class="soft" datetime=${iso(exchange.started)} title=${iso(exchange.started)}>${instant(exchange.started)}</time>
      <span class="mono soft exchange-url">${exchange.url}</span>
      ${exchange.marks.map((mark) => html`<${Tag} tone=${mark === "pinned" ? "" : "warn"} title=${MARKS[mark]}>${mark}</${Tag}>`)}</p>
    <${Actions} exchange=${exchange} reload=${reload} />
  </header>`;
}

function Actions({ exchange, reload }) {
  const me = useLoad("/api/me");
  const other = chosen.value;
  const curl = () => get(`/api/exchanges/${exchange.id}/curl`);
  const attempt = (work) => () => work().catch((error) => say(error.message));
  const copyCurl = attempt(async () => { await navigator.clipboard.writeText(await curl()); say("The command is on the clipboard"); });
  useKeys({ c: ["Copy the request as cURL", copyCurl] });
  const withSuccess = attempt(async () => {
    const { id } = await get(`/api/exchanges/${exchange.id}/last-success`);
    if (id) go(address("/compare", { a: id, b: exchange.id }));
    else say("There is no earlier success on this route");
  });
  const similar = attempt(async () => go(address("/", { q: (await get(`/api/exchanges/${exchange.id}/similar`)).q, range: "all" })));
  const alert = attempt(async () => go(newAlert((await get(`/api/exchanges/${exchange.id}/similar`)).q)));
  const pinned = exchange.marks.includes("pinned");
  const pin = attempt(async () => { await send(pinned ? "DELETE" : "PUT", `/api/exchanges/${exchange.id}/pin`); reload(); });
  return html`<div class="actions">
    <${Copy} text=${curl} label="Copy as cURL" what="The command" />
    <${Copy} text=${`${location.origin}/x/${exchange.id}`} label="Copy link" what="The link" />
    <a class="button" href=${`/api/exchanges/${exchange.id}/har`} download="">Download HAR</a>
    <button onClick=${withSuccess} title="Beside the newest success on the same route before this one">Compare with last success</button>
    ${other && other.id !== exchange.id ? html`
      <span class="joined"><button onClick=${() => go(address("/compare", { a: other.id, b: exchange.id }))} title=${other.sentence}>Compare with the one put aside</button>
        <button onClick=${() => choose(null)} aria-label="Forget the one put aside" title=${`Forget ${other.sentence}`}>✕</button></span>`
      : html`<button aria-pressed=${other?.id === exchange.id} onClick=${() => choose(other ? null : exchange)} title="Put this one aside, then open the other one">${other ? "Put aside to compare" : "Compare with …"}</button>`}
    <button onClick=${similar} title="Same endpoint, same status">Find similar</button>
    <button onClick=${alert} title="Tell me when exchanges like this come again">Alert on this</button>
    ${me.data?.role === "admin" && html`<button aria-pressed=${pinned} onClick=${pin} title="Keep it whatever retention says">${pinned ? "Pinned" : "Pin"}</button>`}
  </div>`;
}

function Details({ exchange }) {
  const tab = TABS.some(([key]) => key === param("tab")) ? param("tab") : "overview";
  const highlights = useLoad(param("q") ? "/api/highlights" : null, { q: param("q") }).data;
  const tabs = TABS.map(([key, label]) => [key, key === "trace" && exchange.spans.length > 0 ? `${label} · ${exchange.spans.length}` : label]);
  const pick = (key) => setParams({ tab: key === "overview" ? "" : key }, { replace: true });
  return html`
    <${Tabs} tabs=${tabs} active=${tab} onPick=${pick} label="Parts of the exchange" />
    <${Panel} id=${tab}>
      ${tab === "overview" && html`<${Overview} exchange=${exchange} />`}
      ${tab === "request" && html`<${Message} key="request" exchange=${exchange} side="request" highlights=${highlights?.request} />`}
      ${tab === "response" && html`<${Message} key="response" exchange=${exchange} side="response" highlights=${highlights?.response} />`}
      ${tab === "trace" && html`<section class="card"><${Spans} key=${exchange.id} exchange=${exchange} /></section>`}
      ${tab === "connection" && html`<${Connection} exchange=${exchange} />`}
    </${Panel}>`;
}

function Overview({ exchange }) {
  return html`<div class="overview">
    <section class="card overview-time"><header><h2>Where the time went</h2></header><div class="card-body">
      ${exchange.hints.map((hint) => html`<p class="hint-line">${hint}</p>`)}
      <${Timings} exchange=${exchange} /></div></section>
    <${FactCard} title="Exchange" facts=${factsOf(exchange, [FACTS.call, FACTS.sizes])} />
    <div class="stack"><${FactCard} title="Belongs to" facts=${factsOf(exchange, [FACTS.place, FACTS.client.slice(0, 1), FACTS.upstream.slice(0, 1)])} />
      <${FactCard} title="Ids" facts=${factsOf(exchange, [FACTS.ids])} /></div>
  </div>`;
}

const FactCard = ({ title, facts }) => facts.length > 0 && html`<section class="card"><header><h2>${title}</h2></header>
  <div class="card-body"><${Facts} facts=${facts} /></div></section>`;

function Message({ exchange, side, highlights = [] }) {
  const line = side === "request" ? `${exchange.method} ${exchange.url}` : `${exchange.http_version} ${exchange.status || "no answer"} ${exchange.reason}`;
  return html`<div class="message">
    <p class="start-line mono"><span>${line}</span>${side === "request" && html`<${Copy} text=${exchange.url} label="Copy URL" what="The URL" />`}</p>
    ${side === "request" && html`<${Parameters} query=${exchange.query} />`}
    <${Headers} exchange=${exchange} side=${side} />
    <${Body} key=${`${exchange.id}-${side}`} exchange=${exchange} side=${side} highlights=${highlights} />
  </div>`;
}

function Connection({ exchange }) {
  const resource = Object.entries(exchange.resource).map(([label, value]) => ({ label, value: typeof value === "object" ? JSON.stringify(value) : value, field: null }));
  return html`<div class="overview">
    <${FactCard} title="Client" facts=${factsOf(exchange, [FACTS.client])} />
    <${FactCard} title="Upstream" facts=${factsOf(exchange, [FACTS.upstream])} />
    <${FactCard} title="Gateway" facts=${[...factsOf(exchange, [FACTS.place.filter(([label]) => label === "Gateway")]), ...resource]} />
    <${FactCard} title="How it came here" facts=${factsOf(exchange, [FACTS.arrival])} />
  </div>`;
}
