// The time range picker.
import { html } from "../vendor.js";
import { instant } from "../lib/format.js";
import { RANGES, rangeName, rangeOf, setRange } from "../lib/range.js";

export function RangePicker() {
  const name = rangeName();
  const { from, to } = rangeOf();
  return html`
    <label class="range"><span class="visually-hidden">Time range</span>
      <select value=${name} onChange=${(event) => setRange(event.target.value)}>
        ${name === "" && html`<option value="">${from ? instant(from) : "…"} – ${to ? instant(to) : "now"}</option>`}
        ${RANGES.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
      </select>
    </label>`;
}
