// Small pieces that every page uses.
import { html } from "../vendor.js";
import { STATUS_WORDS, statusClass, statusText } from "../lib/format.js";
import { say } from "./toast.js";

/** A status with its colour, and in words for whom colours tell nothing. */
export const StatusCode = ({ status, reason = "" }) => html`
  <span class="status" data-class=${statusClass(status)} title=${reason || STATUS_WORDS[statusClass(status)]}>${statusText(status)}</span>`;

export const Tag = ({ children, tone = "" , title = null}) => html`<span class="tag" data-tone=${tone} title=${title}>${children}</span>`;

/** Copies *text* (or what the function *text* returns, a promise too). */
export function Copy({ text, label = "Copy", what = "It" }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? await text() : text);
      say(`${what} is on the clipboard`);
    } catch {
      say("The browser did not allow copying");
    }
  };
  return html`<button class="copy" onClick=${copy}>${label}</button>`;
}

/** Tabs as ARIA knows them: arrow keys move, the chosen panel is in the URL's hands. *tabs*: [[key, label], ...]. */
export function Tabs({ tabs, active, onPick, label }) {
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const index = tabs.findIndex(([key]) => key === active);
    const [next] = tabs[(index + step + tabs.length) % tabs.length];
    onPick(next);
    event.currentTarget.querySelector(`[data-key="${next}"]`)?.focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} onKeyDown=${move}>
    ${tabs.map(([key, name]) => html`<button role="tab" id=${`tab-${key}`} data-key=${key} aria-selected=${key === active}
      aria-controls=${`panel-${key}`} tabindex=${key === active ? 0 : -1} onClick=${() => onPick(key)}>${name}</button>`)}
  </div>`;
}

export const Panel = ({ id, children }) => html`<div class="panel" role="tabpanel" id=${`panel-${id}`} aria-labelledby=${`tab-${id}`}>${children}</div>`;
