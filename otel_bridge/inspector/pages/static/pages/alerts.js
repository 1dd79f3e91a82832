// The alerts: the rules with their state, what fires, who is told. One rule and the editor are in the URL, too.
import { html, useEffect, useRef } from "../vendor.js";
import { send } from "../lib/api.js";
import { firings, firingTotal, refreshFirings } from "../lib/alerts.js";
import { count, instant } from "../lib/format.js";
import { useKeys } from "../lib/keys.js";
import { useEvery, useLoad } from "../lib/load.js";
import { address, go, param } from "../lib/url.js";
import { Firing, Severity, Spark, State, Why } from "../ui/alert-parts.js";
import { Tag } from "../ui/parts.js";
import { Failed, Loading } from "../ui/states.js";
import { say } from "../ui/toast.js";
import { AlertEditor } from "./alert-editor.js";
import { AlertRule } from "./alert-rule.js";

const REFRESH_MS = 5000;

export function Alerts() {
  const alerts = useLoad("/api/alerts");
  const me = useLoad("/api/me");
  const editing = param("new") || param("edit");
  useEvery(REFRESH_MS, alerts.reload);
  const { data, error, reload } = alerts;
  const admin = me.data?.role === "admin";
  useKeys({ n: ["A new alert", () => admin && go(address("/alerts", { new: 1 }))] });
  if (error && !data) return html`<div class="page"><${Failed} error=${error} retry=${reload} /></div>`;
  if (!data || !me.data) return html`<div class="page"><${Loading} /></div>`;
  const changed = () => { reload(); refreshFirings(); };
  if (editing) return html`<${AlertEditor} key=${param("edit") || "new"} rule=${data.rules.find(({ id }) => id === param("edit"))} channels=${data.channels} admin=${admin} onSaved=${changed} />`;
  if (param("rule")) return html`<${AlertRule} key=${param("rule")} id=${param("rule")} channels=${data.channels} admin=${admin} onChanged=${changed} />`;
  return html`<div class="page alerts">
    ${error && html`<${Failed} error=${error} retry=${reload} />`}
    ${data.warnings.length > 0 && html`<section class="card warnings">${data.warnings.map(({ text, fix }) => html`
      <div class="warning card-body"><${Tag} tone="warn">warning</${Tag}> <strong>${text}</strong><p class="soft">${fix}</p></div>`)}</section>`}
    <${FiringNow} />
    <${Rules} rules=${data.rules} admin=${admin} onChanged=${changed} />
    <${Channels} channels=${data.channels} admin=${admin} />
    <${History} />
  </div>`;
}

function FiringNow() {
  const now = firings.value ?? [];
  return html`<section class="card"><header><h1>${now.length === 0 ? "Nothing fires" : `${count(firingTotal.value)} firing`}</h1></header>
    ${now.length === 0 ? html`<p class="card-body soft">When something does, every page says so.</p>`
      : html`<div class="card-body">${now.map((firing) => html`<${Firing} key=${firing.id} firing=${firing} named />`)}
        ${firingTotal.value > now.length && html`<p class="soft">and ${count(firingTotal.value - now.length)} more, which the rules have</p>`}</div>`}
  </section>`;
}

function Rules({ rules, admin, onChanged }) {
  return html`<section class="card"><header><h2>Rules</h2><span class="spacer"></span>
      ${admin && html`<a class="button" href=${address("/alerts", { new: 1 })}>New alert</a>`}</header>
    <div class="alert-rules"><table class="grid"><thead><tr>
      <th scope="col">State</th><th scope="col">Rule</th><th scope="col">Last hour</th><th scope="col">Last fired</th><th scope="col">Tells</th><th scope="col"><span class="visually-hidden">On or off</span></th>
    </tr></thead><tbody>${rules.map((rule) => html`<${Rule} key=${rule.id} rule=${rule} admin=${admin} onChanged=${onChanged} />`)}</tbody></table></div>
  </section>`;
}

function Rule({ rule, admin, onChanged }) {
  const turn = async () => {
    try {
      await send("PATCH", `/api/alerts/rules/${rule.id}`, { enabled: !rule.enabled });
      onChanged();
    } catch (error) {
      say(error.message);
    }
  };
  return html`<tr data-off=${rule.enabled ? null : ""}>
    <td><${State} rule=${rule} /></td>
    <td><a class="rule-name" href=${address("/alerts", { rule: rule.id })}>${rule.name}</a> <${Severity} severity=${rule.severity} />
      ${rule.origin !== "page" && html` <${Tag}>${rule.origin}</${Tag}>`}${rule.snooze && html` <${Tag} tone="warn">${rule.snooze.until === null ? "muted" : "snoozed"}</${Tag}>`}
      <div class="soft">${rule.sentence}</div>${rule.why && html`<${Why} rule=${rule} />`}</td>
    <td>${rule.document && html`<${Spark} values=${rule.spark} />`}</td>
    <td class="soft">${rule.last_fired ? instant(rule.last_fired) : "never"}</td>
    <td class="rule-told">${rule.channels.length ? rule.channels.join(", ") : html`<span class="soft">these pages</span>`}</td>
    <td class="number"><button role="switch" class="switch" aria-checked=${rule.enabled} aria-label=${`${rule.name} is on`} disabled=${!admin} onClick=${turn}>${rule.enabled ? "On" : "Off"}</button></td>
  </tr>`;
}

function Channels({ channels, admin }) {
  const test = (name) => async () => {
    say(`A message goes to ${name} …`);
    try {
      const { result, detail } = await send("POST", "/api/alerts/test", { channel: name });
      say(result === "delivered" ? `${name} took the message` : `${name}: ${detail}`);
    } catch (error) {
      say(error.message);
    }
  };
  if (channels.length === 0) {
    return html`<section class="card"><header><h2>Channels</h2></header>
      <p class="card-body soft">Nobody is told yet but these pages. Slack, PagerDuty, email, webhooks and Alertmanager are set up in the configuration: <code>inspector.alerts.channels</code>.</p></section>`;
  }
  return html`<section class="card"><header><h2>Channels</h2></header><div class="alert-rules"><table class="grid"><thead><tr>
      <th scope="col">Channel</th><th scope="col">State</th><th scope="col" class="number">Delivered</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Waiting</th><th scope="col"><span class="visually-hidden">Test</span></th>
    </tr></thead><tbody>${channels.map((each) => html`<tr key=${each.name}>
      <th scope="row">${each.name}</th>
      <td>${each.failing_since ? html`<${Tag} tone="bad">takes nothing</${Tag}> since ${instant(each.failing_since)} <span class="soft">${each.detail}</span>` : each.delivered > 0 ? html`<${Tag} tone="good">works</${Tag}>` : html`<span class="soft">not used yet</span>`}</td>
      <td class="number">${count(each.delivered)}</td><td class="number">${count(each.failed)}</td><td class="number">${count(each.waiting)}</td>
      <td class="number">${admin && html`<button onClick=${test(each.name)}>Send a test</button>`}</td></tr>`)}</tbody></table></div></section>`;
}

function History() {
  const { data, error, reload } = useLoad("/api/alerts/history", { before: param("before"), limit: 20 });
  const firing = firings.value?.map(({ id }) => id).join();
  const shown = useRef(firing);
  // What has begun or ended since it was loaded.
  useEffect(() => { if (shown.current !== firing) reload(); shown.current = firing; }, [firing]);
  const over = (data?.firings ?? []).filter(({ ended }) => ended !== null);
  return html`<section class="card"><header><h2>History</h2></header>
    ${error && html`<${Failed} error=${error} retry=${reload} />`}
    ${data && (over.length === 0 ? html`<p class="card-body soft">Nothing has fired and ended yet.</p>`
      : html`<div class="card-body">${over.map((firing) => html`<${Firing} key=${firing.id} firing=${firing} named />`)}</div>`)}
    ${data?.next != null && html`<p class="card-body"><a href=${address("/alerts", { before: data.next })}>Older</a></p>`}
  </section>`;
}
