// How the inspector is: what it holds and for how long, what arrives, how it is set, and what is wrong with that.
import { html } from "../vendor.js";
import { loginNeeded, send } from "../lib/api.js";
import { count, duration, instant, percent, size } from "../lib/format.js";
import { useEvery, useLoad } from "../lib/load.js";
import { Copy, Tag } from "../ui/parts.js";
import { Failed, Loading } from "../ui/states.js";

const REFRESH_MS = 5000;
const DAY = 86_400;
const WORDS = { all: "of all exchanges", errors: "of failed exchanges only", none: "of no exchange" };

export function Status() {
  const { data, error, reload } = useLoad("/api/status");
  const me = useLoad("/api/me");
  useEvery(REFRESH_MS, reload);
  return html`<div class="page status-page">
    ${error && html`<${Failed} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Loading} />`}
    ${data && html`<${Facts} data=${data} me=${me.data} />`}
  </div>`;
}

function Facts({ data, me }) {
  const { held, settings } = data;
  const full = settings.size ? held.bytes / settings.size : 0;
  return html`
    <section class="card warnings"><header><h1>${data.warnings.length === 0 ? "All is well" : `${data.warnings.length} to look at`}</h1></header>
      ${data.warnings.map(({ text, fix }) => html`<div class="warning card-body"><${Tag} tone="warn">warning</${Tag}> <strong>${text}</strong><p class="soft">${fix}</p></div>`)}
      ${data.warnings.length === 0 && html`<p class="card-body soft">Nothing needs your attention.</p>`}
    </section>
    <section class="card"><header><h2>Arriving</h2></header><dl class="facts">
      ${Object.entries(data.rates).map(([period, rate]) => html`<dt>Last ${period}</dt><dd>${Number(rate.toPrecision(3))} exchanges/s</dd>`)}
      <dt>Not captured</dt><dd>${unseen(data.not_captured)}</dd>
    </dl></section>
    ${data.bridge && html`<${Bridge} state=${data.bridge} />`}
    <section class="card"><header><h2>Kept</h2></header><dl class="facts">
      <dt>Exchanges</dt><dd>${count(held.count)}</dd>
      <dt>Oldest</dt><dd>${held.oldest ? instant(held.oldest) : "–"}</dd>
      <dt>Newest</dt><dd>${held.newest ? instant(held.newest) : "–"}</dd>
      <dt>On disk</dt><dd>${size(held.bytes)} of ${size(settings.size)} <meter min="0" max="1" high="0.8" value=${full} aria-label="Room used">${Math.round(full * 100)} %</meter></dd>
      <dt>Free on the disk</dt><dd>${size(data.disk_free)} of ${size(data.disk_total)}; at least ${size(settings.min_free)} stay free</dd>
      <dt>At today's rate</dt><dd>${held.hours_left === null ? `everything is kept for ${days(settings.age_seconds)}` : `the oldest goes in ${count(Math.round(held.hours_left))} hours`}</dd>
      <dt>Bodies</dt><dd>${WORDS[settings.log_bodies]}, for ${days(settings.bodies_seconds)}${held.bodies_since ? `; those before ${instant(held.bodies_since)} are gone` : ""}</dd>
      <dt>Left out</dt><dd>${settings.exclude.length ? settings.exclude.map((query) => html`<code class="item">${query}</code>`) : "nothing"}</dd>
      <dt>Directory</dt><dd class="mono">${settings.directory}</dd>
    </dl></section>
    <section class="card"><header><h2>Access</h2></header><dl class="facts">
      <dt>You are</dt><dd>${me ? me.role : "…"} <button class="quiet" onClick=${logOut}>Log out</button></dd>
      <dt>People</dt><dd>${settings.people.map(({ name, role }) => html`<span class="item">${role} <code>${name}</code></span>`)}</dd>
      <dt>Senders</dt><dd>${settings.senders_need_tokens ? "need a token" : "need no token"}</dd>
      <dt>Answers to</dt><dd>${settings.allowed_hosts.map((host) => html`<code class="item">${host}</code>`)}</dd>
      <dt>Version</dt><dd>${me?.version}</dd>
    </dl></section>
    <section class="card"><header><h2>For Kong</h2><span class="spacer"></span><${Copy} text=${data.kong_snippet} what="The snippet" /></header>
      <pre class="card-body">${data.kong_snippet}</pre></section>`;
}

/** The bridge that this inspector belongs to: its journal, and what it still owes to whom. */
function Bridge({ state }) {
  const full = state.journal_limit ? state.journal_bytes / state.journal_limit : 0;
  return html`
    <section class="card bridge"><header><h2>The bridge</h2></header><dl class="facts">
      <dt>Journal</dt><dd>${size(state.journal_bytes)} of ${size(state.journal_limit)} <meter min="0" max="1" high="0.7" value=${full} aria-label="Journal used">${percent(full)}</meter>${state.journal_seconds_to_full === null ? "" : ` full in ${duration(state.journal_seconds_to_full * 1e6)} at this rate`}</dd>
      <dt>Dead letters</dt><dd>${size(state.dead_letter_bytes)} of ${size(state.dead_letter_limit)}</dd>
      <dt>Receivers</dt><dd>${state.unprotected.length ? `open to anybody: OTLP/${state.unprotected.join(", OTLP/")}` : "for this machine, or for senders that show who they are"}</dd>
    </dl>
    <div class="pipelines"><table class="grid"><thead><tr>
      <th scope="col">Pipeline</th><th scope="col">State</th><th scope="col" class="number">Not delivered</th><th scope="col" class="number">Oldest</th><th scope="col" class="number">Dead letters</th>
    </tr></thead><tbody>${state.pipelines.map((each) => html`<${Pipeline} key=${each.name} state=${each} />`)}</tbody></table></div></section>`;
}

const Pipeline = ({ state }) => html`<tr>
  <th scope="row">${state.name}</th>
  <td>${state.holding ? html`<${Tag} tone="warn">on hold</${Tag}> for ${duration(state.hold_seconds * 1e6)}` : "delivering"}</td>
  <td class="number">${size(state.backlog_bytes)}</td>
  <td class="number">${state.oldest_seconds > 0 ? duration(state.oldest_seconds * 1e6) : "–"}</td>
  <td class="number">${count(state.dead_letters)}</td></tr>`;

function unseen(share) {
  if (share === null) return "–";
  return share === 0 ? "none in the last 10 min" : html`${percent(share)} in the last 10 min <span class="soft">came without headers and bodies; see otel-bridge kong capture</span>`;
}

const days = (seconds) => (seconds % DAY === 0 ? `${seconds / DAY} days` : `${Math.round(seconds / 3600)} hours`);

async function logOut() {
  await send("POST", "/logout");
  loginNeeded.value = true;
}
