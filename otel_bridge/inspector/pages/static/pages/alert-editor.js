// A rule as a sentence with gaps to fill, and what it would have done with the traffic that is kept.
import { html, useEffect, useId, useState } from "../vendor.js";
import { send } from "../lib/api.js";
import { documentOf, draftOf, faultText, GROUPS, KINDS, nameOf, SEVERITIES, WINDOWS } from "../lib/alerts.js";
import { count, instant, percent, timeOfDay } from "../lib/format.js";
import { useLoad, useSettled } from "../lib/load.js";
import { address, go, param } from "../lib/url.js";
import { ChannelChoice, known, PauseChoice } from "../ui/alert-parts.js";
import { StatusCode, Tag } from "../ui/parts.js";
import { QueryBox } from "../ui/query-box.js";
import { Notice } from "../ui/states.js";
import { say } from "../ui/toast.js";

const PAUSE_MS = 350;
const HOURS = 24;
const SHOWN = 8;

/** *rule* as the list has it; undefined for a new one. */
export function AlertEditor({ rule, channels, admin, onSaved }) {
  const [draft, setDraft] = useState(() => draftOf(rule?.document, param("q")));
  const [fault, setFault] = useState("");
  const change = (part) => setDraft((old) => ({ ...old, ...part }));
  const preview = usePreview(draft);
  if (param("edit") && !rule?.document) return html`<${Notice} title="There is no such rule"><a href="/alerts">Go to the alerts</a></${Notice}>`;
  const save = async (event) => {
    event.preventDefault();
    try {
      const saved = await (rule ? send("PUT", `/api/alerts/rules/${rule.id}`, documentOf(draft)) : send("POST", "/api/alerts/rules", documentOf(draft)));
      say(`${saved.name} is ${rule ? "changed" : "on"}`);
      onSaved();
      go(address("/alerts", { rule: saved.id }));
    } catch (error) {
      setFault(faultText(error.message));
    }
  };
  return html`<div class="page alerts editor">
    <section class="card"><header><a href="/alerts">Alerts</a> <span class="soft">›</span> <h1>${rule ? rule.name : "New alert"}</h1></header>
      <form class="card-body" onSubmit=${save}>
        <${Sentence} draft=${draft} change=${change} channels=${channels} />
        <${More} draft=${draft} change=${change} />
        ${fault && html`<p class="editor-fault" role="alert">${fault}</p>`}
        <div class="actions"><button class="primary" type="submit" disabled=${!admin}>${rule ? "Save" : "Create"}</button>${!admin && html` <span class="soft">Alerts are an admin's to make and change.</span>`}
          <a class="button" href=${rule ? address("/alerts", { rule: rule.id }) : "/alerts"}>Cancel</a></div>
      </form></section>
    <${Preview} preview=${preview} draft=${draft} />
    <${Matching} query=${draft.when} />
  </div>`;
}

function Sentence({ draft, change, channels }) {
  const groups = useId();
  return html`<div class="sentence">
    <div class="sentence-row"><span>When</span>
      <${QueryBox} query=${draft.when} onQuery=${(when) => change({ when })} onText=${(when) => change({ when })} label="Which exchanges" placeholder="all traffic, or status:5xx service:orders" /></div>
    <div class="sentence-row"><span>matches</span>
      <select aria-label="How it is counted" value=${draft.kind} onChange=${(event) => change({ kind: event.target.value })}>${KINDS.map(([name, label]) => html`<option value=${name}>${label}</option>`)}</select>
      <input class="short" aria-label="How many" inputmode="decimal" value=${draft.number} onInput=${(event) => change({ number: event.target.value })} />
      ${draft.kind === "share" ? html`<span>% of at least</span><input class="short" aria-label="Of at least how many exchanges" inputmode="numeric" value=${draft.of_at_least} onInput=${(event) => change({ of_at_least: event.target.value })} /><span>exchanges</span>` : html`<span>times</span>`}
      <span>in</span><select aria-label="Within" value=${draft.within} onChange=${(event) => change({ within: event.target.value })}>${known(WINDOWS, draft.within).map(([value, label]) => html`<option value=${value}>${label}</option>`)}</select>
      <span>per</span><input class="group" aria-label="Per what" list=${groups} placeholder="all together" value=${draft.per} onInput=${(event) => change({ per: event.target.value.trim() })} />
      <datalist id=${groups}>${GROUPS.map((name) => html`<option value=${name} />`)}<option value="req.header.x-tenant" /><option value="resp.json.error.code" /></datalist></div>
    <div class="sentence-row"><span>notify</span>
      <${ChannelChoice} channels=${channels} chosen=${draft.notify} onChange=${(notify) => change({ notify })} />
      <span>as</span><select aria-label="Severity" value=${draft.severity} onChange=${(event) => change({ severity: event.target.value })}>${SEVERITIES.map((name) => html`<option>${name}</option>`)}</select>
      <span>, then pause for</span><${PauseChoice} value=${draft.cooldown} onChange=${(cooldown) => change({ cooldown })} /></div>
  </div>`;
}

function More({ draft, change }) {
  const field = (name, label, placeholder) => html`<label><span>${label}</span><input value=${draft[name]} placeholder=${placeholder} onInput=${(event) => change({ [name]: event.target.value })} /></label>`;
  return html`<div class="editor-more">
    ${field("name", "Name", nameOf(draft))}
    ${field("runbook", "Runbook", "https://wiki.example.com/orders-fail")}
    <label><span>Note</span><textarea rows="2" value=${draft.note} placeholder="What whoever is told should know" onInput=${(event) => change({ note: event.target.value })}></textarea></label>
  </div>`;
}

/** {data, error} of what the rule would have done, a moment after the last change; the one before is not waited for. */
function usePreview(draft) {
  const [state, setState] = useState({ data: null, error: null });
  const { kind, number, of_at_least: least, when, within, per } = draft;
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const data = await send("POST", "/api/alerts/preview", { rule: documentOf({ ...draft, notify: [] }), hours: HOURS }, { signal: stop.signal });
        setState({ data, error: null });
      } catch (error) {
        if (error.name !== "AbortError") setState({ data: null, error });
      }
    }, PAUSE_MS);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [kind, number, least, when, within, per]);
  return state;
}

function Preview({ preview, draft }) {
  const { data, error } = preview;
  if (error) return html`<section class="card" aria-live="polite"><p class="card-body editor-fault">${faultText(error.message)}</p></section>`;
  if (!data) return html`<section class="card" aria-live="polite"><p class="card-body soft">Looking at the last ${HOURS} hours …</p></section>`;
  const times = data.firings.length;
  const value = (each) => (draft.kind === "share" ? percent(each.value) : count(each.value));
  return html`<section class="card preview" aria-live="polite"><header><h2>Would have fired <strong>${count(times)} ${times === 1 ? "time" : "times"}</strong> in the last ${HOURS} h</h2>
      <span class="soft">${count(data.matched)} ${data.matched === 1 ? "exchange" : "exchanges"} matched${data.complete ? "" : "; there was more traffic than could be looked through, so this is the newest part"}</span></header>
    <${Timeline} firings=${data.firings} />
    ${times > 0 && html`<ul class="preview-list">${data.firings.slice(-SHOWN).reverse().map((each) => html`<li>
      <time>${instant(each.start)}</time> ${each.group && html`<span class="mono">${each.group}</span>`} <span class="soft">${value(each)}${each.end === null ? " · still" : ""}</span></li>`)}
      ${times > SHOWN && html`<li class="soft">and ${count(times - SHOWN)} before</li>`}</ul>`}
  </section>`;
}

/** A day as a line, with a mark for each firing. */
function Timeline({ firings }) {
  const end = Date.now() * 1000;
  const start = end - HOURS * 3600e6;
  const at = (us) => Math.max(0, Math.min(1000, (1000 * (us - start)) / (end - start)));
  return html`<svg class="timeline" viewBox="0 0 1000 26" preserveAspectRatio="none" role="img" aria-label=${`${firings.length} firings over the last ${HOURS} hours`}>
    ${[0, 250, 500, 750].map((x) => html`<line x1=${x} x2=${x} y1="0" y2="26" />`)}
    ${firings.map((each) => html`<rect x=${Math.min(994, at(each.start))} width=${Math.max(6, at(each.end ?? end) - at(each.start))} y="4" height="18"><title>${instant(each.start)} ${each.group}</title></rect>`)}
  </svg><p class="timeline-hours soft">${[24, 18, 12, 6].map((hours) => html`<span>${hours} h ago</span>`)}</p>`;
}

/** The newest exchanges that the query matches. */
function Matching({ query }) {
  const { data } = useLoad("/api/search", { q: useSettled(query, PAUSE_MS), limit: SHOWN });
  const rows = data?.rows ?? [];
  return html`<section class="card"><header><h2>Newest matches</h2><span class="spacer"></span><a href=${address("/", { q: query })}>All of them</a></header>
    ${rows.length === 0 ? html`<p class="card-body soft">Nothing that is kept matches.</p>` : html`<ul class="matching">${rows.map((row) => html`<li key=${row.id}>
      <a href=${`/x/${row.id}`}><time class="soft">${timeOfDay(row.started)}</time> <${StatusCode} status=${row.status} /> <span class="mono">${row.method} ${row.host}${row.path}</span></a>
      ${row.consumer && html` <${Tag}>${row.consumer}</${Tag}>`}</li>`)}</ul>`}</section>`;
}
