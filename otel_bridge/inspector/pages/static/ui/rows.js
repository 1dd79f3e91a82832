// Many rows of one height in the page's own scroll: only those in sight are in the document.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor.js";

export const ROW = 20;
const BEYOND = 30;
// So many are all there, and the browser's own search finds what is in them.
const FEW = 400;

/** *row*(number) draws one of *count*; *target* is a row to bring into sight whenever the object changes: {row}. */
export function Rows({ count, row, target = null, ...more }) {
  const box = useRef(null);
  const [[start, end], setRange] = useState([0, FEW]);
  useLayoutEffect(() => {
    const scroller = scrollerOf(box.current);
    const update = () => {
      if (!box.current) return;
      const above = scroller.getBoundingClientRect().top - box.current.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(above / ROW) - BEYOND);
      const last = Math.ceil((above + scroller.clientHeight) / ROW) + BEYOND;
      setRange((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    const watch = new ResizeObserver(update);
    watch.observe(scroller);
    if (scroller.firstElementChild) watch.observe(scroller.firstElementChild);
    scroller.addEventListener("scroll", update, { passive: true });
    update();
    return () => { watch.disconnect(); scroller.removeEventListener("scroll", update); };
  }, [count]);
  useEffect(() => {
    if (!target || target.row < 0) return;
    const scroller = scrollerOf(box.current);
    const top = box.current.getBoundingClientRect().top + target.row * ROW - scroller.getBoundingClientRect().top;
    if (top < 2 * ROW || top > scroller.clientHeight - 3 * ROW) scroller.scrollTop += top - scroller.clientHeight / 3;
  }, [target]);
  const [from, to] = count <= FEW ? [0, count] : [Math.min(start, count), Math.min(end, count)];
  return html`<div class="rows" ref=${box} style=${{ height: `${count * ROW}px` }} ...${more}>
    ${Array.from({ length: to - from }, (_, index) => html`
      <div key=${from + index} class="rows-row" style=${{ top: `${(from + index) * ROW}px` }}>${row(from + index)}</div>`)}
  </div>`;
}

function scrollerOf(element) {
  let at = element.parentElement;
  while (at.parentElement && !/auto|scroll/.test(getComputedStyle(at).overflowY)) at = at.parentElement;
  return at;
}
