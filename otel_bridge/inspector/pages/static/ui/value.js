// Any value on the pages can be clicked, to show only what has it or all but that.
import { html, signal, useEffect, useRef } from "../vendor.js";
import { get } from "../lib/api.js";
import { newAlert } from "../lib/alerts.js";
import { address, go, param, place } from "../lib/url.js";
import { say } from "./toast.js";

const open = signal(null);

/**
 * *children* as a button; its menu filters by *field* (of the query language) and *value*. *argument*: the name of a
 * header or parameter; *steps*: the path in a JSON body, whose *value* is then JSON text.
 */
export function Value({ field, value, argument = "", steps = null, children }) {
  const show = (event) => {
    event.stopPropagation();
    const box = event.currentTarget.getBoundingClientRect();
    open.value = { field, value: String(value), argument, steps, left: box.left, top: box.bottom, opener: event.currentTarget };
  };
  return html`<button class="value" onClick=${show} aria-haspopup="menu" title=${`${field}: filter or exclude`}>${children ?? String(value)}</button>`;
}

/** Put a condition into the query of the page that shows traffic, or its opposite. */
export async function pick(chosen, { exclude = false } = {}) {
  const q = await queryWith(chosen, exclude);
  const path = ["/", "/stats"].includes(place.value.path) ? place.value.path : "/";
  go(address(path, { ...Object.fromEntries(place.value.params), q, a: "", b: "", tab: "" }));
}

/** The present query with one more condition. */
async function queryWith({ field, value, argument = "", steps = null }, exclude) {
  const where = steps ? { steps: JSON.stringify(steps), literal: true } : { argument };
  return (await get("/api/edit", { q: param("q"), field, value, exclude, ...where })).q;
}

/** The one menu of all values; the shell shows it. */
export function ValueMenu() {
  const menu = useRef(null);
  const shown = open.value;
  useEffect(() => {
    if (!shown) return undefined;
    menu.current.querySelector("button").focus();
    const close = (event) => { if (!menu.current?.contains(event.target)) open.value = null; };
    addEventListener("pointerdown", close);
    return () => removeEventListener("pointerdown", close);
  }, [shown]);
  if (!shown) return null;
  const leave = () => { open.value = null; shown.opener.focus(); };
  const choose = (how) => { open.value = null; pick(shown, how).catch((error) => say(error.message)); };
  const alert = () => { open.value = null; queryWith(shown, false).then((q) => go(newAlert(q)), (error) => say(error.message)); };
  const copy = () => { leave(); navigator.clipboard.writeText(shown.value).then(() => say("The value is on the clipboard"), () => say("The browser did not allow copying")); };
  const move = (event) => {
    if (event.key === "Escape") { event.stopPropagation(); leave(); return; }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.current.querySelectorAll("button")];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  };
  const style = { left: `${Math.min(shown.left, innerWidth - 260)}px`, top: `${Math.min(shown.top + 2, innerHeight - 180)}px` };
  return html`<div class="menu" role="menu" ref=${menu} style=${style} onKeyDown=${move}>
    <p class="menu-title mono">${shown.field}: ${shown.value.slice(0, 60)}</p>
    <button role="menuitem" onClick=${() => choose()}>Show only these</button>
    <button role="menuitem" onClick=${() => choose({ exclude: true })}>Leave these out</button>
    <button role="menuitem" onClick=${alert}>Alert on this</button>
    <button role="menuitem" onClick=${copy}>Copy the value</button>
  </div>`;
}

/** The traffic, filtered by several conditions besides the present query. */
export async function goToTraffic(terms) {
  try {
    let q = param("q");
    for (const term of terms) ({ q } = await get("/api/edit", { ...term, q }));
    go(address("/", { q, range: param("range"), from: param("from"), to: param("to") }));
  } catch (error) {
    say(error.message);
  }
}
