// The traffic table. Only the rows in sight are in the document, all of one height, so that thousands cost nothing.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor.js";
import { duration, size, statusClass, STATUS_WORDS, timeOfDay, instant } from "../lib/format.js";
import { StatusCode } from "./parts.js";

const ROW = 30;
const BEYOND = 8;
const COLUMNS = ["Time", "Method", "Status", "Host and path", "Service", "Consumer", "Duration", "Size"];

/**
 * *rows* newest first; *selected* an id; *onPick*(row) when one is opened; *onEnd* near the last row; *onAway*(true)
 * when the reader scrolls away from the newest. What the reader looks at stays in place while rows arrive above.
 */
export function Table({ rows, selected, busy, onPick, onEnd, onAway }) {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const first = useRef(null);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setView((old) => ({ ...old, height: entry.contentRect.height })));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => {
    const above = first.current === null || view.top < ROW ? 0 : rows.findIndex((row) => row.id === first.current);
    if (above > 0) box.current.scrollTop += above * ROW;
    first.current = rows[0]?.id ?? null;
  }, [rows]);
  useLayoutEffect(() => {
    const index = rows.findIndex((row) => row.id === selected);
    if (index >= 0) keepInSight(box.current, index);
  }, [selected]);
  const onScroll = (event) => {
    const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
    setView({ top: scrollTop, height: clientHeight });
    onAway(scrollTop > ROW);
    if (scrollHeight - scrollTop - clientHeight < 20 * ROW) onEnd();
  };
  const start = Math.max(0, Math.floor(view.top / ROW) - BEYOND);
  const end = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW) + BEYOND);
  const slowest = rows.slice(start, end).reduce((most, row) => Math.max(most, row.duration ?? 0), 1000);
  return html`
    <div class="table" role="grid" aria-label="Exchanges" aria-rowcount=${rows.length + 1} aria-busy=${busy}>
      <div role="rowgroup"><div class="table-head" role="row" aria-rowindex="1">
        ${COLUMNS.map((name) => html`<span role="columnheader">${name}</span>`)}
      </div></div>
      <div class="table-body" role="rowgroup" ref=${box} onScroll=${onScroll} tabindex="0">
        <div class="table-room" role="presentation" style=${{ height: `${rows.length * ROW}px` }}>
          ${rows.slice(start, end).map((row, index) => html`
            <${Line} key=${row.id} row=${row} top=${(start + index) * ROW} number=${start + index + 2}
              selected=${row.id === selected} slowest=${slowest} onPick=${onPick} />`)}
        </div>
      </div>
    </div>`;
}

function Line({ row, top, number, selected, slowest, onPick }) {
  // Logarithmic: a millisecond and a minute are both to be seen.
  const share = row.duration ? (100 * Math.log1p(row.duration / 100)) / Math.log1p(slowest / 100) : 0;
  const upstream = row.duration && row.upstream ? Math.min(100, (100 * row.upstream) / row.duration) : 0;
  return html`
    <div class="line" role="row" aria-rowindex=${number} aria-selected=${selected} data-class=${statusClass(row.status)}
      data-id=${row.id} style=${{ transform: `translateY(${top}px)` }} onClick=${() => onPick(row)}>
      <span role="gridcell" class="mono soft" title=${instant(row.started)}>${timeOfDay(row.started)}</span>
      <span role="gridcell" class="mono method">${row.method}</span>
      <span role="gridcell" title=${STATUS_WORDS[statusClass(row.status)]}><${StatusCode} status=${row.status} /></span>
      <span role="gridcell" class="cut" title=${`${row.host}${row.path}${row.query ? `?${row.query}` : ""}`}>
        <span class="soft">${row.host}</span><span class="mono">${row.path}</span>${row.query && html`<span class="mono soft">?${row.query}</span>`}
        ${row.marks.map((mark) => html` <span class="tag">${mark}</span>`)}</span>
      <span role="gridcell" class="cut">${row.service}</span>
      <span role="gridcell" class="cut">${row.consumer}</span>
      <span role="gridcell" class="took"><span class="took-number">${duration(row.duration)}</span>
        <span class="took-bar" aria-hidden="true"><span style=${{ width: `${share}%` }}><span style=${{ width: `${upstream}%` }}></span></span></span></span>
      <span role="gridcell" class="number">${size(row.response_size)}</span>
    </div>`;
}

function keepInSight(box, index) {
  const top = index * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
}
