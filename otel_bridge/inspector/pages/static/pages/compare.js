// Two exchanges side by side: what differs first, then timings, headers and bodies.
import { html, useEffect } from "../vendor.js";
import { pairDiff } from "../lib/diff.js";
import { FACTS, factsOf } from "../lib/facts.js";
import { pairs } from "../lib/form.js";
import { instant, iso } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { address, param, setParams } from "../lib/url.js";
import { BodyDiff, PairTable, told } from "../ui/diff.js";
import { StatusCode } from "../ui/parts.js";
import { Failed, Loading, Notice } from "../ui/states.js";
import { partsOf, Timings } from "../ui/timings.js";

// What is never the same in two exchanges says nothing about them.
const OWN = new Set(["Started", "Client port"]);
const COMPARED = [FACTS.call, FACTS.times, FACTS.place, FACTS.client, FACTS.upstream, FACTS.sizes];

export function Compare() {
  const [a, b] = [param("a"), param("b")];
  const one = useLoad(a ? `/api/exchanges/${a}` : null);
  const other = useLoad(b ? `/api/exchanges/${b}` : null);
  const [left, right] = [one.data, other.data];
  useEffect(() => { if (left && right) document.title = `${left.method} ${left.path}: ${left.status} and ${right.status} compared · otel-bridge`; }, [left, right]);
  if (!a || !b) return html`<${Unchosen} />`;
  for (const [name, { error, reload }] of [["first", one], ["second", other]]) {
    if (error?.status === 404) return html`<${Notice} title=${`The ${name} exchange is not here`}><p class="soft">It was never here, or it had to make room for newer ones.</p><a href="/">Go to the traffic</a></${Notice}>`;
    if (error) return html`<${Failed} error=${error} retry=${reload} />`;
  }
  if (!left || !right) return html`<${Loading} what="Loading both exchanges" />`;
  return html`<div class="page compare">
    <h1 class="visually-hidden">Two exchanges compared</h1>
    <header class="compare-heads">
      <${Card} exchange=${left} name="Left" />
      <button class="swap" title="Swap left and right" aria-label="Swap left and right" onClick=${() => setParams({ a: b, b: a }, { replace: true })}>⇄</button>
      <${Card} exchange=${right} name="Right" />
    </header>
    <${Section} title="Facts" rows=${factDiff(left, right)} />
    <${Times} left=${left} right=${right} />
    <${Section} title="Query parameters" rows=${pairDiff(parameters(left), parameters(right), { fold: false })} />
    <${Message} side="request" title="Request" left=${left} right=${right} />
    <${Message} side="response" title="Response" left=${left} right=${right} />
  </div>`;
}

const Unchosen = () => html`<${Notice} title="Choose two exchanges">
  <p class="soft">Open an exchange and choose <b>Compare with last success</b>; or put one aside with <b>Compare with …</b>, and open the other one.</p>
  <a href="/">Go to the traffic</a></${Notice}>`;

const Card = ({ exchange, name }) => html`<section class="card compare-card"><h3>${name}</h3>
  <h2><a class="mono" href=${address(`/x/${exchange.id}`)}>${exchange.method} ${exchange.path}</a> <${StatusCode} status=${exchange.status} reason=${exchange.reason} /></h2>
  <p class="soft"><time datetime=${iso(exchange.started)}>${instant(exchange.started)}</time></p></section>`;

function Section({ title, rows }) {
  const number = rows.filter(({ state }) => state !== "same").length;
  if (rows.length === 0) return null;
  return html`<section><header class="part-head"><h2>${title}</h2><span class="soft">${told(number)}</span></header>
    <${PairTable} rows=${rows} label=${title} /></section>`;
}

function factDiff(left, right) {
  const list = (exchange) => factsOf(exchange, COMPARED).filter(({ label }) => !OWN.has(label)).map(({ label, value }) => [label, value]);
  return pairDiff(list(left), list(right));
}

const parameters = (exchange) => pairs(exchange.query).map(({ name, value }) => [name, value]);

/** Both over one scale, so that lengths can be compared. */
function Times({ left, right }) {
  const scale = Math.max(...[left, right].map((exchange) => Math.max(partsOf(exchange).total, (exchange.kong ?? 0) + (exchange.upstream ?? 0))));
  return html`<section><header class="part-head"><h2>Where the time went</h2><span class="soft">both on one scale</span></header>
    <div class="compare-times">${[left, right].map((exchange) => html`<div class="card card-body"><${Timings} exchange=${exchange} scale=${scale} /></div>`)}</div></section>`;
}

function Message({ side, title, left, right }) {
  const headers = pairDiff(left[side].headers, right[side].headers);
  return html`<${Section} title=${`${title} headers`} rows=${headers} />
    <section><header class="part-head"><h2>${title} body</h2></header>
      ${[["left", left], ["right", right]].map(([name, exchange]) => html`<${Missing} name=${name} exchange=${exchange} side=${side} />`)}
      ${left[side].body.text !== null && right[side].body.text !== null && html`<${BodyDiff} key=${`${left.id}${right.id}`} one=${left[side].body} other=${right[side].body} />`}
      ${left[side].body.held === 0 && right[side].body.held === 0 && left.captured && right.captured && html`<p class="empty">Neither has one.</p>`}
    </section>`;
}

/** Why a body can't be compared, or not wholly. */
function Missing({ name, exchange, side }) {
  const { body } = exchange[side];
  const on = (text) => html`<p class="note">On the ${name}: ${text}</p>`;
  if (!exchange.captured && body.held === 0) return on(`not captured${exchange.not_captured && `: ${exchange.not_captured}`}.`);
  return [
    ...body.notes.map(on),
    body.held > 0 && body.text === null && on("this is no text, and can't be compared."),
    body.cut && on("it is long, and only its beginning is compared."),
  ];
}
