// The traffic: what is asked for, how much of it there was, and the table of it, live or held still.
import { html, useEffect, useMemo, useRef, useState } from "../vendor.js";
import { newAlert } from "../lib/alerts.js";
import { Feed } from "../lib/feed.js";
import { count } from "../lib/format.js";
import { useKeys } from "../lib/keys.js";
import { useEvery, useLoad } from "../lib/load.js";
import { rangeName, rangeOf, setSpan } from "../lib/range.js";
import { address, go, param, setParams } from "../lib/url.js";
import { Facets } from "../ui/facets.js";
import { Histogram } from "../ui/histogram.js";
import { QueryBox } from "../ui/query-box.js";
import { RangePicker } from "../ui/range.js";
import { Failed, Loading } from "../ui/states.js";
import { Table } from "../ui/table.js";
import { Waiting } from "../ui/waiting.js";
import { ExchangeView } from "./exchange.js";

const REFRESH_MS = 5000;

export function Traffic() {
  const q = param("q");
  const range = rangeName();
  const [turn, refresh] = useTurn();
  const period = useMemo(() => rangeOf(), [range, param("from"), param("to"), turn]);
  const canFollow = period.to === null;
  const live = canFollow && param("live") !== "0";
  const asked = { q, from: period.from, to: period.to };
  const feed = useFeed(asked, range, live);
  const histogram = useLoad("/api/histogram", { ...asked, to: period.to ?? period.now, bars: 80 });
  const facets = useLoad("/api/facets", asked);
  useEvery(live ? REFRESH_MS : null, refresh);
  const rows = feed.rows.value;
  const chosen = param("x");
  const open = (row) => setParams({ x: row.id }, { replace: chosen !== "" });
  useTableKeys(rows, chosen, open, live);
  return html`
    <div class="traffic" data-open=${chosen ? "" : null}>
      <div class="toolbar traffic-bar">
        <${QueryBox} /><${RangePicker} />
        ${canFollow && html`<${LiveSwitch} live=${live} feed=${feed} />`}
      </div>
      <div class="traffic-volume card">
        ${histogram.data && html`<${Histogram} data=${histogram.data} onZoom=${setSpan} />`}
        <p class="volume-line soft">${histogram.data ? `${count(histogram.data.total)} exchanges${histogram.data.complete ? "" : " so far: counting took too long"}` : "…"}
          ${feed.leftOut.value > 0 && html` · <span role="status">${count(feed.leftOut.value)} not shown live: too many at once</span>`}
          ${live && feed.connection.value === "lost" && html` · <span role="status">connecting again …</span>`}
          ${histogram.data?.total > 0 && html`<${Exports} asked=${asked} />`}${q && html` <a href=${newAlert(q)}>Alert on this</a>`}</p>
      </div>
      <${Facets} data=${facets.data} />
      <section class="traffic-table card">
        ${feed.error.value && feed.error.value.start === null && html`<${Failed} error=${feed.error.value} retry=${() => feed.open(asked, { live })} />`}
        ${rows.length === 0 ? html`<${Empty} feed=${feed} q=${q} />` : html`
          <${Table} rows=${rows} selected=${chosen} busy=${feed.loading.value} onPick=${open} onEnd=${() => feed.more()} onAway=${(away) => live && (away ? feed.pause() : feed.resume())} />`}
        ${feed.incomplete.value && rows.length > 0 && html`<p class="soft table-foot">The search took long and was stopped here. <button onClick=${() => feed.more()}>Go on</button></p>`}
      </section>
      ${chosen && html`<section class="traffic-side card" aria-label="The chosen exchange"><${ExchangeView} id=${chosen} beside onClose=${() => setParams({ x: "", tab: "" })} /></section>`}
    </div>`;
}

function useTurn() {
  const [turn, setTurn] = useState(0);
  return [turn, () => setTurn((n) => n + 1)];
}

/** One feed while the page is shown; it begins anew when something else is asked for, not when time goes on. */
function useFeed(asked, range, live) {
  const feed = useRef(null);
  feed.current ??= new Feed();
  useEffect(() => {
    feed.current.open(asked, { live });
    return () => feed.current.close();
  }, [asked.q, range, range ? "" : `${asked.from}-${asked.to}`, live]);
  return feed.current;
}

function useTableKeys(rows, chosen, open, live) {
  const step = (by) => {
    const index = rows.findIndex((row) => row.id === chosen);
    const row = rows[index < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, index + by))];
    if (row) open(row);
  };
  useKeys({
    j: ["Next exchange", () => step(1)],
    k: ["Exchange before", () => step(-1)],
    ArrowDown: ["Next exchange", () => step(1)],
    ArrowUp: ["Exchange before", () => step(-1)],
    Enter: ["Open the chosen exchange on a page of its own", () => chosen && go(address(`/x/${chosen}`, { q: param("q") }))],
    Escape: ["Close the exchange", () => chosen && setParams({ x: "", tab: "" })],
    l: ["Live or paused", () => setParams({ live: live ? "0" : "" })],
  });
}

/** What is found as a file; the browser shows how far it is. */
function Exports({ asked }) {
  return html`<span class="exports">Export ${[["har", "HAR"], ["ndjson", "NDJSON"], ["csv", "CSV"], ["otlp", "OTLP"]].map(([format, name]) => html`
    <a href=${address("/api/export", { ...asked, format })} download>${name}</a>`)}</span>`;
}

function LiveSwitch({ live, feed }) {
  const waiting = feed.waiting.value;
  return html`<button class="live" role="switch" aria-checked=${live} onClick=${() => setParams({ live: live ? "0" : "" })}>
    <span class="live-dot" aria-hidden="true"></span>${live ? (waiting ? `Live · ${count(waiting)} new above` : "Live") : "Paused"}</button>`;
}

function Empty({ feed, q }) {
  if (feed.loading.value) return html`<${Loading} what="Searching" />`;
  if (feed.error.value) return null;
  return q || param("from") ? html`<div class="empty-table"><h2>Nothing here matches</h2>
    <p class="soft">Take a longer time range, or <a href=${address("/", { range: "all" })}>look at everything</a>.</p></div>` : html`<${Waiting} />`;
}
