// Lines of code in colours, broken to the width of the page, foldable, with values that can be clicked and marked hits.
import { html, useLayoutEffect, useMemo, useRef, useState } from "../vendor.js";
import { pieces } from "../lib/marks.js";
import { layout, lengthOf, visible } from "../lib/text-lines.js";
import { Rows } from "./rows.js";
import { Value } from "./value.js";

const NUMBER_COLUMNS = 6;

/**
 * *lines* of *text* (json-lines.js says what they are); *marks* as `marksIn` finds them, *current* the one that is
 * looked at; *onFold*(node); *valueAt*(part) gives the properties of a `Value`, or null.
 */
export function Code({ text, lines, marks = [], current = null, onFold, valueAt = () => null, label }) {
  const ruler = useRef(null);
  const [columns, setColumns] = useState(100);
  const numbered = lines[0]?.number !== undefined;
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => {
      const letter = ruler.current.getBoundingClientRect().width / 10;
      const width = ruler.current.parentElement.clientWidth;
      setColumns(Math.max(20, Math.floor(width / letter) - (numbered ? NUMBER_COLUMNS : 2) - 1));
    });
    watch.observe(ruler.current.parentElement);
    return () => watch.disconnect();
  }, [numbered]);
  const laid = useMemo(() => layout(lines, columns), [lines, columns]);
  const target = useMemo(() => (current ? { row: laid.rowOf(current[0]) } : null), [current, laid]);
  const shown = { text, marks, current, onFold, valueAt, margin: numbered ? NUMBER_COLUMNS : 2 };
  return html`<div class="code" role="group" aria-label=${label}>
    <span class="code-ruler" ref=${ruler} aria-hidden="true">0000000000</span>
    <${Rows} count=${laid.total} target=${target} row=${(number) => html`<${CodeRow} ...${laid.row(number)} ...${shown} />`} />
  </div>`;
}

function CodeRow({ line, first, indent, from, to, text, marks, current, onFold, valueAt, margin }) {
  const parts = [];
  let column = 0;
  for (const part of line.parts) {
    const length = lengthOf(part);
    const [start, end] = [Math.max(from - column, 0), Math.min(to - column, length)];
    if (start < end) parts.push(html`<${Part} part=${part} start=${start} end=${end} text=${text} marks=${marks} current=${current} valueAt=${valueAt} />`);
    column += length;
  }
  return html`<div class="code-row" style=${{ paddingLeft: `${margin + indent}ch` }}>
    ${first && line.number !== undefined && html`<span class="code-number" aria-hidden="true">${line.number}</span>`}
    ${first && line.fold && html`<button class="code-fold" style=${{ left: `${margin + indent - 2}ch` }} aria-expanded=${line.fold === "open"}
      aria-label=${line.fold === "open" ? "Fold" : "Unfold"} onClick=${() => onFold(line.node)}>${line.fold === "open" ? "▾" : "▸"}</button>`}
    ${parts}</div>`;
}

function Part({ part, start, end, text, marks, current, valueAt }) {
  if (part.text !== undefined) return html`<span class=${`t-${part.kind}`}>${part.text.slice(start, end)}</span>`;
  const shown = pieces(marks, part.from + start, part.from + end).map(([from, to, marked]) => {
    const piece = visible(text.slice(from, to));
    return marked ? html`<mark data-current=${current && from >= current[0] && to <= current[1] ? "" : null}>${piece}</mark>` : piece;
  });
  const value = valueAt(part);
  return html`<span class=${`t-${part.kind}`}>${value ? html`<${Value} ...${value}>${shown}</${Value}>` : shown}</span>`;
}
