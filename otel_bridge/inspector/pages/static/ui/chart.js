// A chart over time, drawn by uPlot, with its numbers in a table for whom lines say nothing.
import { html, uPlot, useEffect, useRef, useState } from "../vendor.js";
import { axisTime, instant } from "../lib/format.js";

const MINUTE = 60;
const HOUR = 3600;
const NONE = [];
const ROUND_SECONDS = [1, 5, 15, 30, ...[1, 5, 15, 30].map((n) => n * MINUTE), ...[1, 3, 6, 12, 24, 48, 168].map((n) => n * HOUR)];

/**
 * *times* in Unix microseconds; *series*: [{name, values, colour, fill, bars}]; *format*(value) for axis and table;
 * *onZoom*(from, to) when a part is dragged over. *marks*: [{from, to}], spans of time that are drawn behind the lines.
 */
export function Chart({ title, times, series, format, onZoom, note = "", marks = NONE }) {
  const box = useRef(null);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const plot = new uPlot(options(box.current, { times, series, format, onZoom, marks }), [times.map((us) => us / 1e6), ...series.map(({ values }) => values)], box.current);
    const watch = new ResizeObserver(() => plot.setSize({ width: box.current.clientWidth, height: 180 }));
    watch.observe(box.current);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => plot.redraw();
    scheme.addEventListener("change", repaint);
    return () => { watch.disconnect(); scheme.removeEventListener("change", repaint); plot.destroy(); };
  }, [times, series, marks]);
  return html`<section class="card chart">
    <header><h2>${title}</h2>${note && html`<span class="soft">${note}</span>`}<span class="spacer"></span>
      ${series.map(({ name, colour }) => html`<span class="legend"><i style=${{ background: `var(${colour})` }}></i>${name}</span>`)}
      <button class="quiet" aria-expanded=${shown} onClick=${() => setShown(!shown)}>${shown ? "Chart" : "Table"}</button></header>
    <div class="chart-box" ref=${box} hidden=${shown} role="img" aria-label=${`${title}: ${series.map(({ name }) => name).join(", ")} over time; the table has the numbers`}></div>
    ${shown && html`<div class="chart-table"><table class="grid"><thead><tr><th>From</th>${series.map(({ name }) => html`<th class="number">${name}</th>`)}</tr></thead>
      <tbody>${times.map((time, index) => html`<tr><td>${instant(time)}</td>${series.map(({ values }) => html`<td class="number">${format(values[index])}</td>`)}</tr>`)}</tbody></table></div>`}
  </section>`;
}

function options(element, { times, series, format, onZoom, marks }) {
  const colour = (name) => () => resolved(element, name);
  const span = times.length > 1 ? times.at(-1) - times[0] : 0;
  const axis = { stroke: colour("--text-soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  return {
    width: element.clientWidth, height: 180, padding: [10, 8, 0, 0], legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false } },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, size: 24, incrs: ROUND_SECONDS, values: (_, ticks) => ticks.map((second) => axisTime(second * 1e6, span)) },
      { ...axis, size: 62, values: (_, ticks) => ticks.map((value) => (value === 0 ? "0" : format(value))) },
    ],
    series: [{}, ...series.map((each) => ({
      label: each.name, stroke: colour(each.colour), width: 1.5, points: { show: times.length < 3 }, spanGaps: false,
      fill: each.fill ? () => `color-mix(in srgb, ${resolved(element, each.colour)} 22%, transparent)` : undefined,
      paths: each.bars ? uPlot.paths.bars({ size: [0.85] }) : undefined,
    }))],
    hooks: {
      drawAxes: [(plot) => drawMarks(plot, marks, resolved(element, "--bad"))],
      setSelect: [(plot) => {
        if (plot.select.width < 4) return;
        const at = (pixels) => plot.posToVal(pixels, "x") * 1e6;
        onZoom(at(plot.select.left), at(plot.select.left + plot.select.width));
      }],
    },
  };
}

/** A line where each mark begins, and a shade as long as it lasts. */
function drawMarks(plot, marks, colour) {
  const { ctx, bbox } = plot;
  const at = (us) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(us / 1e6, "x", true)));
  ctx.save();
  ctx.fillStyle = colour;
  for (const { from, to } of marks) {
    ctx.globalAlpha = 0.12;
    ctx.fillRect(at(from), bbox.top, at(to) - at(from), bbox.height);
    ctx.globalAlpha = 0.9;
    ctx.fillRect(at(from), bbox.top, 2 * devicePixelRatio, bbox.height);
  }
  ctx.restore();
}

/** The colour that a custom property means right now, light or dark. */
function resolved(element, name) {
  const probe = element.ownerDocument.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
