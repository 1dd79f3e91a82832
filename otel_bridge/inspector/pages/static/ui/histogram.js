// Volume over time, stacked by status class. Drag over it to zoom; the numbers are in a table for whom bars say nothing.
import { html, useRef, useState } from "../vendor.js";
import { axisTime, count, instant, STATUS_CLASSES, STATUS_WORDS } from "../lib/format.js";

const WIDTH = 1000;
const HEIGHT = 64;
// Failures stand on the ground, where a small number is seen.
const STACK = ["5xx", "4xx", "none", "3xx", "1xx", "2xx"];

/** *data* as /api/histogram tells it; *onZoom*(from, to) in Unix microseconds. */
export function Histogram({ data, onZoom }) {
  const box = useRef(null);
  const [hover, setHover] = useState(null);
  const [drag, setDrag] = useState(null);
  const bars = data.bars;
  if (bars.length === 0) return html`<div class="histogram" data-empty></div>`;
  const most = Math.max(1, ...bars.map(total));
  const width = WIDTH / bars.length;
  const at = (event) => {
    const area = box.current.getBoundingClientRect();
    return Math.max(0, Math.min(bars.length - 1, Math.floor(((event.clientX - area.left) / area.width) * bars.length)));
  };
  const down = (event) => { box.current.setPointerCapture(event.pointerId); setDrag([at(event), at(event)]); };
  const move = (event) => { setHover(at(event)); if (drag) setDrag([drag[0], at(event)]); };
  const up = () => {
    if (!drag) return;
    const [from, to] = [Math.min(...drag), Math.max(...drag)];
    setDrag(null);
    onZoom(bars[from].start, bars[to].start + data.step);
  };
  const span = bars.at(-1).start + data.step - bars[0].start;
  const ticks = [0, 0.25, 0.5, 0.75].map((share) => Math.floor(share * bars.length));
  return html`
    <figure class="histogram">
      <svg ref=${box} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img"
        aria-label=${`${count(data.total)} exchanges over time, by status class`}
        onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${() => setDrag(null)} onPointerLeave=${() => setHover(null)}>
        ${bars.map((bar, index) => html`<${Bar} bar=${bar} x=${index * width} width=${width} scale=${HEIGHT / most} />`)}
        ${drag && html`<rect class="zoom" x=${Math.min(...drag) * width} width=${(Math.abs(drag[1] - drag[0]) + 1) * width} y="0" height=${HEIGHT} />`}
      </svg>
      <div class="ticks" aria-hidden="true">${ticks.map((index) => html`<span style=${{ left: `${(100 * index) / bars.length}%` }}>${axisTime(bars[index].start, span)}</span>`)}</div>
      ${hover !== null && bars[hover] && html`<${Tip} bar=${bars[hover]} left=${(100 * (hover + 0.5)) / bars.length} />`}
      <table class="visually-hidden"><caption>Exchanges by status class</caption>
        <thead><tr><th>From</th>${STATUS_CLASSES.map((name) => html`<th>${name}</th>`)}</tr></thead>
        <tbody>${bars.filter(total).map((bar) => html`<tr><td>${instant(bar.start)}</td>${STATUS_CLASSES.map((name) => html`<td>${bar.counts[name]}</td>`)}</tr>`)}</tbody>
      </table>
    </figure>`;
}

const total = (bar) => STATUS_CLASSES.reduce((sum, name) => sum + bar.counts[name], 0);

function Bar({ bar, x, width, scale }) {
  let y = HEIGHT;
  return STACK.filter((name) => bar.counts[name] > 0).map((name) => {
    const height = Math.max(1.5, bar.counts[name] * scale);
    y -= height;
    return html`<rect x=${x + width * 0.08} y=${Math.max(0, y)} width=${width * 0.84} height=${height} fill=${`var(--fill${name})`} />`;
  });
}

function Tip({ bar, left }) {
  return html`<div class="tip" style=${{ left: `${Math.min(88, Math.max(12, left))}%` }}>
    <strong>${instant(bar.start)}</strong>
    ${STATUS_CLASSES.filter((name) => bar.counts[name]).map((name) => html`<span><i style=${{ background: `var(--fill${name})` }}></i>${name} ${STATUS_WORDS[name]} <b>${count(bar.counts[name])}</b></span>`)}
    ${total(bar) === 0 && html`<span>nothing</span>`}
  </div>`;
}
