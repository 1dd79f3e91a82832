// The pieces that alerts are shown with.
import { html } from "../vendor.js";
import { count, duration, instant } from "../lib/format.js";
import { COOLDOWNS } from "../lib/alerts.js";
import { address } from "../lib/url.js";
import { Tag } from "./parts.js";

const STATES = {
  firing: ["bad", "firing"], suspended: ["warn", "suspended"], ok: ["good", "quiet"], off: ["", "off"],
};
const TONES = { critical: "bad", warning: "warn", info: "" };
const RESULTS = { delivered: ["good", "delivered"], pending: ["", "waiting"], refused: ["bad", "refused"], "given up": ["bad", "given up"] };
const HELD = { snoozed: "snoozed: nobody is told", muted: "muted: nobody is told", cooldown: "told shortly before: nobody is told again yet" };

/** Where a rule stands, in a word and a colour. */
export const State = ({ rule }) => html`<${Tag} tone=${STATES[rule.state][0]} title=${rule.why || null}>${STATES[rule.state][1]}${rule.firing > 1 ? ` · ${count(rule.firing)}` : ""}</${Tag}>`;

/** Why a rule is suspended, and for how long. */
export const Why = ({ rule }) => html`<div class="rule-why">${rule.why}${rule.suspended_until === null ? "" : `. It counts again at ${instant(rule.suspended_until)}`}</div>`;

export const Severity = ({ severity }) => html`<${Tag} tone=${TONES[severity]}>${severity}</${Tag}>`;

/** Matches a minute, as small bars; their sum is said in words. */
export function Spark({ values }) {
  const most = Math.max(1, ...values);
  const sum = values.reduce((one, other) => one + other, 0);
  return html`<svg class="spark" viewBox="0 0 120 24" preserveAspectRatio="none" role="img" aria-label=${`${count(sum)} matches in the last hour`}>
    <title>${`${count(sum)} matches in the last hour`}</title>
    ${values.map((value, index) => value > 0 && html`<rect x=${index * 2} y=${24 - Math.max(2, (24 * value) / most)} width="1.6" height=${Math.max(2, (24 * value) / most)} />`)}
  </svg>`;
}

/** Which of the *channels* are told: *chosen* are names, also of some that are gone from the configuration. */
export function ChannelChoice({ channels, chosen, onChange }) {
  const known = channels.map(({ name }) => name);
  const names = [...known, ...chosen.filter((name) => !known.includes(name))];
  if (names.length === 0) return html`<span class="soft">these pages only: no channel is set up</span>`;
  return names.map((name) => html`<label class="check" key=${name}><input type="checkbox" checked=${chosen.includes(name)}
    onChange=${(event) => onChange(event.target.checked ? [...chosen, name] : chosen.filter((each) => each !== name))} />${name}${known.includes(name) ? "" : " (not set up any more)"}</label>`);
}

/** How long nobody is told again: *value* as `spanText` has it. */
export const PauseChoice = ({ value, onChange }) => html`<select aria-label="Pause" value=${value} onChange=${(event) => onChange(event.target.value)}>
  ${known(COOLDOWNS, value).map(([each, label]) => html`<option value=${each}>${label}</option>`)}</select>`;

/** Choices [value, label], and *value* among them. */
export const known = (list, value) => (list.some(([each]) => each === value) ? list : [...list, [value, value]]);

/** The traffic behind a firing: what matched, from a window before it began. */
export function trafficOf(firing, rule) {
  const before = (rule?.window ?? 3600) * 1e6;
  return address("/", { q: firing.query, from: Math.round(firing.started - before), to: Math.round((firing.ended ?? Date.now() * 1000) + 1e6) });
}

/** One firing: what, since when, who was told, and the exchanges that made it. */
export function Firing({ firing, window, named = false, children }) {
  const { ended } = firing;
  return html`<article class="firing" data-over=${ended ? "" : null}>
    <p class="firing-line">
      ${ended ? html`<${Tag}>over</${Tag}>` : html`<${Tag} tone=${TONES[firing.severity] || "warn"}>firing</${Tag}>`}
      ${named && html`<a href=${address("/alerts", { rule: firing.rule_id })}><strong>${firing.rule_name}</strong></a>`}
      ${firing.per && html`<span><span class="soft">${firing.per}</span> <span class="mono">${firing.group || "(none)"}</span></span>`}
      <span>${firing.sentence}</span>
      <span class="spacer"></span>${children}</p>
    <p class="firing-facts soft">
      <time>${instant(firing.started)}</time>${ended ? html` · for ${duration(ended - firing.started)}` : html` · for ${duration(Math.max(0, Date.now() * 1000 - firing.started))} so far`}
      ${firing.held_back && html` · ${HELD[firing.held_back]}`}
      ${firing.query !== "" && html` · <a href=${trafficOf(firing, { window })}>its traffic</a>`}
      ${firing.samples.map((id, index) => html` · <a href=${`/x/${id}`}>exchange ${index + 1}</a>`)}</p>
    ${firing.notifications.length > 0 && html`<ul class="told">${firing.notifications.map((each) => html`<li>
      <${Tag} tone=${RESULTS[each.result][0]}>${RESULTS[each.result][1]}</${Tag}> ${each.kind === "resolve" ? "end to" : "to"} <strong>${each.channel}</strong> <span class="soft">${instant(each.at)}${each.tries > 1 ? ` · ${each.tries} tries` : ""}${each.detail ? ` · ${each.detail}` : ""}</span></li>`)}</ul>`}
  </article>`;
}
