// The trace of an exchange inside the gateway: which plugin, which try, how long.
import { html, useState } from "../vendor.js";
import { duration } from "../lib/format.js";
import { spanRows, ticks, workOf } from "../lib/spans.js";
import { Tag } from "./parts.js";

const WORK = { plugin: "plugin", balancer: "try of the upstream", router: "routing", dns: "DNS", other: "gateway" };

export function Spans({ exchange }) {
  const { spans } = exchange;
  const [open, setOpen] = useState(null);
  if (spans.length === 0) {
    return html`<p class="empty">No spans of the gateway's own work reached the bridge.${" "}
      Kong sends them with <code>tracing_instrumentations = all</code> (or router, balancer, plugins …) in kong.conf.</p>`;
  }
  const whole = Math.max((exchange.duration ?? 0) / 1000, ...spans.map((span) => span.start + span.duration), 0.001);
  const marks = ticks(whole);
  return html`<div class="spans" role="table" aria-label="Spans">
    <div class="span-row span-head" role="row"><span role="columnheader">Span</span><span role="columnheader" class="number">Duration</span>
      <span role="columnheader" class="span-axis" aria-label="Time">${marks.filter((mark) => mark < 0.95 * whole).map((mark) => html`<i style=${{ left: `${(100 * mark) / whole}%` }}>${milliseconds(mark)}</i>`)}</span></div>
    ${exchange.duration !== null && html`<${Line} name=${`${exchange.method} ${exchange.path}`} work="whole" start=${0} length=${exchange.duration / 1000} whole=${whole} marks=${marks} depth=${0} />`}
    ${spanRows(spans, exchange.span_id).map(({ span, depth }, index) => html`
      <${Line} name=${span.name} work=${workOf(span.name)} start=${span.start} length=${span.duration} whole=${whole} marks=${marks} depth=${depth + 1}
        span=${span} open=${open === index} onToggle=${() => setOpen(open === index ? null : index)} />`)}
  </div>`;
}

const milliseconds = (value) => duration(Math.round(value * 1000));

function Line({ name, work, start, length, whole, marks, depth, span = null, open = false, onToggle }) {
  const label = name.replace(/^kong\./, "");
  return html`
    <div class="span-row" role="row" data-error=${span?.error ? "" : null}>
      <span role="cell" class="span-name" style=${{ paddingLeft: `${12 * Math.min(depth, 12)}px` }}>
        ${span ? html`<button class="value cut" aria-expanded=${open} onClick=${onToggle} title=${name}>${span.error && html`<b class="span-error">✕ </b>`}${label}</button>`
          : html`<strong class="cut">${label}</strong>`}
        ${WORK[work] && html`<span class="soft span-work">${WORK[work]}</span>`}
        ${span?.error && html` <${Tag} tone="bad">failed</${Tag}>`}</span>
      <span role="cell" class="number">${milliseconds(length)}</span>
      <span role="cell" class="span-time"><svg width="100%" height="14" role="img" aria-label=${`from ${milliseconds(start)} to ${milliseconds(start + length)}`}>
        ${marks.map((mark) => html`<line class="span-tick" x1=${`${(100 * mark) / whole}%`} x2=${`${(100 * mark) / whole}%`} y1="0" y2="14" />`)}
        <rect class=${span?.error ? "fill-error" : `fill-${work}`} x=${`${(100 * start) / whole}%`} width=${`${Math.max(0.3, (100 * length) / whole)}%`} y="2" height="10" rx="2" /></svg></span>
    </div>
    ${open && html`<div class="span-detail" role="row"><div role="cell"><${Details} span=${span} /></div></div>`}`;
}

function Details({ span }) {
  const facts = { ...span.attributes, "span id": span.spanId, kind: span.kind, start: milliseconds(span.start) };
  return html`<dl class="span-facts">${Object.entries(facts).map(([name, value]) => html`<dt>${name}</dt><dd class="mono">${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>`)}</dl>`;
}
