// What fires now, on top of every page.
import { html } from "../vendor.js";
import { firings, firingTotal, useFirings } from "../lib/alerts.js";
import { duration } from "../lib/format.js";
import { address, place } from "../lib/url.js";

const SHOWN = 2;

/** What people want to hear of: they silenced the rest themselves. */
const loud = () => (firings.value ?? []).filter(({ held_back: held }) => held !== "snoozed" && held !== "muted");

/** "+" where more fire than are listed. */
const orMore = () => (firingTotal.value > (firings.value ?? []).length ? "+" : "");

/** The number beside the link to the alerts. */
export function FiringCount() {
  useFirings();
  const { length } = loud();
  const told = `${length}${orMore()}`;
  return length > 0 && html` <span class="badge" aria-label=${`${told} firing`}>${told}</span>`;
}

export function FiringStrip() {
  const shown = place.value.path === "/alerts" ? [] : loud();
  return html`<div class="strip-place" role="status">${shown.length > 0 && html`<div class="strip">
    <span class="strip-mark" aria-hidden="true">▲</span>
    ${shown.slice(0, SHOWN).map((firing) => html`<a href=${address("/alerts", { rule: firing.rule_id })}><strong>${firing.rule_name}</strong>${firing.per ? ` · ${firing.group || "(none)"}` : ""}${" "}
      <span class="strip-told">${firing.sentence}, for ${duration(Math.max(0, Date.now() * 1000 - firing.started))}</span></a>`)}
    ${shown.length > SHOWN && html`<a href="/alerts">and ${shown.length - SHOWN}${orMore()} more</a>`}</div>`}</div>`;
}
