// The dashboard: how much, how well, how fast, and because of whom. Every number leads to the traffic behind it.
import { html, useMemo } from "../vendor.js";
import { count, duration, instant, percent, size } from "../lib/format.js";
import { useLoad } from "../lib/load.js";
import { rangeName, rangeOf, setSpan } from "../lib/range.js";
import { address, param } from "../lib/url.js";
import { Chart } from "../ui/chart.js";
import { QueryBox } from "../ui/query-box.js";
import { RangePicker } from "../ui/range.js";
import { Failed, Loading, Notice } from "../ui/states.js";
import { goToTraffic } from "../ui/value.js";

const OTHERS = "all others";
const SHOWN = 5;

export function Dashboard() {
  const q = param("q");
  const period = useMemo(rangeOf, [rangeName(), param("from"), param("to"), q]);
  const { data, error, loading, reload } = useLoad("/api/dashboard", { q, from: period.from, to: period.to ?? period.now });
  return html`
    <div class="page dashboard" aria-busy=${loading}>
      <div class="toolbar"><${QueryBox} /><${RangePicker} /><button onClick=${reload}>Refresh</button></div>
      ${error && error.start === null && html`<${Failed} error=${error} retry=${reload} />`}
      ${!data && !error && html`<${Loading} what="Counting" />`}
      ${data && (data.now.count === 0 ? html`<${Notice} title="No traffic in this time"><a href=${address("/stats", { q, range: "all" })}>Look at all that is held</a></${Notice}>` : html`<${Figures} data=${data} period=${period} />`)}
    </div>`;
}

/** What fired in *period*: the firings themselves, and as marks for the charts. */
function useFired({ from, to, now }) {
  const { data } = useLoad("/api/alerts/history", { from, to: to ?? now, limit: 200 });
  return useMemo(() => {
    const firings = data?.firings ?? [];
    return { firings, marks: firings.map((each) => ({ from: each.started, to: each.ended ?? to ?? now })) };
  }, [data]);
}

function Figures({ data, period }) {
  const fired = useFired(period);
  const { now, before, points } = data;
  const times = useMemo(() => points.map(({ start }) => start), [points]);
  const perSecond = (value) => value / (data.step / 1e6);
  const charts = useMemo(() => ({
    volume: [{ name: "requests/s", values: points.map((point) => perSecond(point.count)), colour: "--accent", fill: true }],
    errors: [{ name: "share of errors", values: points.map((point) => (point.count ? point.errors / point.count : null)), colour: "--fill5xx", bars: true, fill: true }],
    latency: [["p99", "--fill4xx"], ["p95", "--receive"], ["p50", "--accent"]].map(([name, colour]) => ({ name, values: points.map((point) => point[name]), colour })),
    parts: [{ name: "gateway", values: points.map(({ kong }) => kong), colour: "--send", fill: true }, { name: "upstream", values: points.map(({ upstream }) => upstream), colour: "--wait", fill: true }],
  }), [points]);
  const errorRate = (figures) => (figures.count ? figures.errors / figures.count : null);
  return html`
    ${!data.complete && html`<p class="soft" role="status">Counting took too long: these are the newest exchanges only. A shorter time range is whole.</p>`}
    <div class="tiles">
      <${Tile} name="Requests" value=${count(now.count, { short: true })} now=${now.count} before=${before.count} />
      <${Tile} name="Errors" value=${percent(errorRate(now))} now=${errorRate(now)} before=${errorRate(before)} bad href=${address("/", { ...here(), q: `${param("q")} is:error`.trim() })} />
      <${Tile} name="Median" value=${duration(now.p50)} now=${now.p50} before=${before.p50} bad />
      <${Tile} name="95th percentile" value=${duration(now.p95)} now=${now.p95} before=${before.p95} bad />
      <${Tile} name="99th percentile" value=${duration(now.p99)} now=${now.p99} before=${before.p99} bad />
      <${Tile} name="Answered" value=${size(now.response_bytes)} now=${now.response_bytes} before=${before.response_bytes} />
    </div>
    ${fired.firings.length > 0 && html`<p class="fired"><span class="fired-mark" aria-hidden="true"></span>Alerts in this time: ${fired.firings.slice(0, SHOWN).map((each) => html`
      <a href=${address("/alerts", { rule: each.rule_id })} title=${each.sentence}>${each.rule_name}${each.per ? ` · ${each.group || "(none)"}` : ""} <span class="soft">${instant(each.started)}</span></a>`)}
      ${fired.firings.length > SHOWN && html`<a href="/alerts">and ${fired.firings.length - SHOWN} more</a>`}</p>`}
    <div class="charts">
      <${Chart} title="Volume" times=${times} series=${charts.volume} format=${(value) => (value === null ? "–" : Number(value.toPrecision(3)).toString())} onZoom=${setSpan} marks=${fired.marks} />
      <${Chart} title="Errors" times=${times} series=${charts.errors} format=${percent} onZoom=${setSpan} marks=${fired.marks} note="status 5xx or no answer" />
      <${Chart} title="Latency" times=${times} series=${charts.latency} format=${duration} onZoom=${setSpan} marks=${fired.marks} />
      <${Chart} title="Gateway and upstream" times=${times} series=${charts.parts} format=${duration} onZoom=${setSpan} marks=${fired.marks} note="mean" />
    </div>
    <div class="tops">
      <${Endpoints} title="Busiest" rows=${data.busiest} measure=${["Requests", ({ count: number }) => number, (value) => count(value)]} />
      <${Endpoints} title="Slowest" rows=${data.slowest} measure=${["p95", ({ p95 }) => p95, duration]} />
      <${Endpoints} title="Most failing" rows=${data.failing} measure=${["Errors", ({ errors }) => errors, (value) => count(value)]} empty="Nothing failed." />
      <${Parties} title="Consumers" field="consumer" rows=${data.consumers} empty="No consumer is known: the capture plugin tells them." />
      <${Parties} title="Clients" field="ip" rows=${data.clients} />
    </div>`;
}

const here = () => ({ range: param("range"), from: param("from"), to: param("to") });

/** A figure, and what it was in the period before; *bad* where more is worse. */
function Tile({ name, value, now, before, bad = false, href = null }) {
  const change = now !== null && before ? now / before - 1 : null;
  const worse = change !== null && Math.abs(change) >= 0.05 && (change > 0) === bad;
  const tone = change === null || Math.abs(change) < 0.05 || !bad ? "" : worse ? "bad" : "good";
  return html`<section class="card tile"><h3>${name}</h3><p class="tile-value">${href ? html`<a href=${href}>${value}</a>` : value}</p>
    <p class="tile-change" data-tone=${tone}>${change === null ? "nothing to compare with" : Math.abs(change) < 0.005 ? "as before" : `${change > 0 ? "▲" : "▼"} ${percent(Math.abs(change))} against before`}</p></section>`;
}

function Endpoints({ title, rows, measure: [name, read, format], empty = "" }) {
  const most = Math.max(1, ...rows.map((row) => read(row) ?? 0));
  return html`<section class="card"><header><h2>${title}</h2></header>
    ${rows.length === 0 ? html`<p class="card-body soft">${empty}</p>` : html`<table class="top-table"><thead><tr><th>Endpoint</th><th class="number">${name}</th></tr></thead><tbody>
      ${rows.map((row) => html`<tr><td><span class="top-bar" style=${{ width: `${(100 * (read(row) ?? 0)) / most}%` }} aria-hidden="true"></span>
        ${row.others ? html`<span class="soft">${OTHERS}</span>` : html`<button class="top-name" onClick=${() => goToTraffic(endpointTerms(row))} title=${`${row.service ? `${row.service}: ` : ""}${row.method} ${row.path}`}>
          <span class="method mono">${row.method}</span> <span class="mono">${row.path}</span> ${row.service && html`<span class="soft">${row.service}</span>`}</button>`}</td>
        <td class="number">${format(read(row))}</td></tr>`)}
    </tbody></table>`}
  </section>`;
}

function endpointTerms(row) {
  const terms = [{ field: "method", value: row.method }];
  if (row.service) terms.push({ field: "service", value: row.service });
  terms.push({ field: "endpoint", value: row.path });
  return terms;
}

function Parties({ title, field, rows, empty = "" }) {
  const named = rows.filter(({ name }) => name !== "");
  const most = Math.max(1, ...named.map((row) => row.count));
  return html`<section class="card"><header><h2>${title}</h2></header>
    ${named.length === 0 ? html`<p class="card-body soft">${empty}</p>` : html`<table class="top-table"><thead><tr><th>${title.slice(0, -1)}</th><th class="number">Requests</th><th class="number">Errors</th><th class="number">p95</th></tr></thead><tbody>
      ${named.map((row) => html`<tr><td><span class="top-bar" style=${{ width: `${(100 * row.count) / most}%` }} aria-hidden="true"></span>
        ${row.others ? html`<span class="soft">${OTHERS}</span>` : html`<button class="top-name" onClick=${() => goToTraffic([{ field, value: row.name }])}>${row.name}</button>`}</td>
        <td class="number">${count(row.count)}</td><td class="number">${percent(row.count ? row.errors / row.count : 0)}</td><td class="number">${duration(row.p95)}</td></tr>`)}
    </tbody></table>`}
  </section>`;
}
