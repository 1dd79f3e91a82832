// One rule: what of it fires, who was told, and how to quiet it.
import { html, useEffect } from "../vendor.js";
import { send } from "../lib/api.js";
import { spanText } from "../lib/alerts.js";
import { count, instant } from "../lib/format.js";
import { useEvery, useLoad } from "../lib/load.js";
import { address, go, param } from "../lib/url.js";
import { ChannelChoice, Firing, PauseChoice, Severity, Spark, State, Why } from "../ui/alert-parts.js";
import { Tag } from "../ui/parts.js";
import { Failed, Loading, Notice } from "../ui/states.js";
import { say } from "../ui/toast.js";

const REFRESH_MS = 5000;
const PAUSES = [["Snooze …", ""], ["for 1 hour", 3600], ["for 8 hours", 28_800], ["for 7 days", 604_800], ["until I wake it", "mute"]];
const ELSEWHERE = {
  file: "It comes from a file: change it there, and run otel-bridge alerts apply.",
  "built-in": "It is built in: who is told, and whether it is on, can be changed.",
};

export function AlertRule({ id, channels, admin, onChanged }) {
  const path = `/api/alerts/rules/${id}`;
  const { data, error, reload } = useLoad(path);
  const history = useLoad("/api/alerts/history", { rule: id, before: param("before"), limit: 50 });
  useEvery(REFRESH_MS, () => { reload(); history.reload(); });
  if (error?.status === 404) return html`<${Notice} title="There is no such rule"><a href="/alerts">Go to the alerts</a></${Notice}>`;
  if (error && !data) return html`<div class="page"><${Failed} error=${error} retry=${reload} /></div>`;
  if (!data) return html`<div class="page"><${Loading} /></div>`;
  const { rule, firing, snoozes } = data;
  const act = (work) => async () => {
    try {
      await work();
      reload();
      onChanged();
    } catch (failure) {
      say(failure.message);
    }
  };
  const remove = async () => { await send("DELETE", path); go("/alerts"); };
  const over = (history.data?.firings ?? []).filter(({ ended }) => ended !== null);
  return html`<div class="page alerts">
    <section class="card"><header><a href="/alerts">Alerts</a> <span class="soft">›</span> <h1>${rule.name}</h1> <${State} rule=${rule} /> <${Severity} severity=${rule.severity} />
        <span class="spacer"></span>
        ${admin && html`<div class="actions">
          ${rule.origin === "page" && html`<a class="button" href=${address("/alerts", { edit: id })}>Edit</a>`}
          <button onClick=${act(() => send("PATCH", path, { enabled: !rule.enabled }))}>${rule.enabled ? "Switch off" : "Switch on"}</button>
          <${Quiet} snooze=${rule.snooze} path=${path} group=${null} act=${act} name=${rule.name} />
          ${rule.origin === "page" && html`<button class="danger" onClick=${() => confirm(`Delete ${rule.name}? Its history stays.`) && act(remove)()}>Delete</button>`}</div>`}</header>
      <div class="card-body"><p class="rule-sentence">${rule.sentence}</p>
        ${ELSEWHERE[rule.origin] && html`<p class="soft">${ELSEWHERE[rule.origin]}</p>`}
        ${admin && rule.origin === "built-in" && html`<div class="rule-telling sentence-row"><span>Notify</span>
          <${ChannelChoice} channels=${channels} chosen=${rule.channels} onChange=${(notify) => act(() => send("PATCH", path, { notify }))()} />
          <span>, then pause for</span><${PauseChoice} value=${spanText(rule.cooldown)} onChange=${(cooldown) => act(() => send("PATCH", path, { cooldown }))()} /></div>`}
        ${rule.why && html`<${Why} rule=${rule} />`}
        ${rule.snooze && html`<p><${Tag} tone="warn">${rule.snooze.until === null ? "muted" : "snoozed"}</${Tag}> ${rule.snooze.until === null ? "Nobody is told until somebody wakes it." : `Nobody is told until ${instant(rule.snooze.until)}.`}</p>`}
        ${rule.document?.note && html`<p class="rule-note">${rule.document.note}</p>`}
        ${rule.document?.runbook && html`<p><a href=${rule.document.runbook} target="_blank" rel="noreferrer">Runbook</a></p>`}
        ${rule.document && html`<div class="rule-facts"><${Spark} values=${rule.spark} /><span class="soft">${plural(rule.spark.reduce((one, other) => one + other, 0), "match", "matches")} in the last hour · ${count(rule.matched)} since it began${rule.cost_us === null ? "" : ` · ${rule.cost_us.toFixed(1)} µs an exchange`}${rule.groups_left_out ? ` · ${plural(rule.groups_left_out, "exchange", "exchanges")} of one group too many` : ""}${rule.late ? ` · ${count(rule.late)} came too late` : ""}</span>
          <a href=${address("/", { q: rule.query })}>Matching exchanges</a></div>`}</div>
    </section>
    <section class="card"><header><h2>${firing.length ? "Firing" : "Nothing of it fires"}</h2>${rule.firing > firing.length && html`<span class="soft">the newest ${count(firing.length)} of ${count(rule.firing)}</span>`}</header>
      ${firing.length > 0 && html`<div class="card-body">${firing.map((each) => html`<${Firing} key=${each.id} firing=${each}>
        ${admin && rule.per && html`<${Quiet} snooze=${snoozes.find(({ group }) => group === each.group)} path=${path} group=${each.group} act=${act} name=${each.group || "(none)"} />`}</${Firing}>`)}</div>`}
    </section>
    <section class="card"><header><h2>History</h2></header>
      ${over.length === 0 ? html`<p class="card-body soft">Nothing of it has fired and ended yet.</p>`
        : html`<div class="card-body">${over.map((each) => html`<${Firing} key=${each.id} firing=${each} />`)}</div>`}
      ${history.data?.next != null && html`<p class="card-body"><a href=${address("/alerts", { rule: id, before: history.data.next })}>Older</a></p>`}
    </section></div>`;
}

const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/** Quiet a rule (*group* null) or one group of it, or wake it. */
function Quiet({ snooze, path, group, act, name }) {
  if (snooze) return html`<button onClick=${act(() => send("POST", `${path}/wake`, { group }))} aria-label=${`Wake ${name}`}>Wake</button>`;
  const pick = (event) => {
    const { value } = event.target;
    event.target.value = "";
    if (value !== "") act(() => send("POST", `${path}/snooze`, { group, seconds: value === "mute" ? null : Number(value) }))();
  };
  return html`<select aria-label=${`Snooze ${name}`} value="" onChange=${pick}>${PAUSES.map(([label, value]) => html`<option value=${value}>${label}</option>`)}</select>`;
}
