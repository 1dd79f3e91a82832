// Differences side by side: what both have alike is folded, and a sign beside the colour says what happened.
import { html, useMemo, useState } from "../vendor.js";
import { lineDiff } from "../lib/diff.js";
import { count } from "../lib/format.js";
import { differences, diffRows, jsonDiff } from "../lib/json-diff.js";
import { jsonTree, looksLikeJson, stepsOf } from "../lib/json-tree.js";
import { visible } from "../lib/text-lines.js";
import { xmlLines, xmlTree } from "../lib/xml-lines.js";

export const SIGNS = { added: "+", removed: "−", changed: "≠", same: "" };
export const WORDS = { added: "only on the right", removed: "only on the left", changed: "different", same: "the same" };
// Drawn at once; lines longer than this are cut for the eye.
const AT_ONCE = 500;
const LONGEST = 4000;
const AROUND = 3;

/** 3 differences. */
export const told = (number) => (number === 0 ? "no difference" : `${count(number)} difference${number === 1 ? "" : "s"}`);

/** Names and values; *rows* as `pairDiff` tells them. */
export function PairTable({ rows, label }) {
  const [all, setAll] = useState(false);
  const different = rows.filter(({ state }) => state !== "same");
  const same = rows.filter(({ state }) => state === "same");
  if (rows.length === 0) return null;
  return html`<table class="pairs diff-pairs grid" aria-label=${label}><tbody>
    ${(all ? [...different, ...same] : different).map(({ name, one, other, state }) => html`<tr data-state=${state}>
      <td class="diff-sign" title=${WORDS[state]}>${SIGNS[state]}<span class="visually-hidden">${WORDS[state]}</span></td><th scope="row" class="mono">${name}</th>
      <td class="mono diff-one"><${Values} values=${one} /></td><td class="mono diff-other"><${Values} values=${other} /></td></tr>`)}
    ${same.length > 0 && html`<tr class="diff-fold"><td colspan="4"><button class="quiet" aria-expanded=${all} onClick=${() => setAll(!all)}>
      ${all ? "Hide" : "Show"} ${count(same.length)} that ${same.length === 1 ? "is" : "are"} the same</button></td></tr>`}
  </tbody></table>`;
}

const Values = ({ values }) => values.map((value) => html`<div>${visible(String(value))}</div>`);

/** Two bodies as the API tells them: JSON by paths, anything else by lines. */
export function BodyDiff({ one, other }) {
  const trees = useMemo(() => {
    if (one.language !== "json" || other.language !== "json") return null;
    const found = [jsonTree(one.text), jsonTree(other.text)];
    return found.every(looksLikeJson) ? found : null;
  }, [one, other]);
  if (one.text === other.text) return html`<p class="empty">Byte for byte the same.</p>`;
  return trees ? html`<${JsonDiff} one=${one.text} other=${other.text} trees=${trees} />` : html`<${LineDiff} one=${linesOf(one)} other=${linesOf(other)} />`;
}

function linesOf({ text, language }) {
  if (language !== "xml") return text.split(/\r?\n/);
  return xmlLines(xmlTree(text), text, new Set()).map(({ depth, parts }) => "  ".repeat(depth) + parts.map((part) => part.text ?? text.slice(part.from, part.to)).join(""));
}

function JsonDiff({ one, other, trees: [left, right] }) {
  const diff = useMemo(() => jsonDiff(left, one, right, other), [left, right]);
  const [opened, setOpened] = useState(new Set());
  const rows = useMemo(() => diffRows(diff, opened), [diff, opened]);
  const open = (folded) => setOpened(new Set([...opened, ...folded]));
  const number = differences(diff);
  if (number === 0) return html`<p class="empty">The same values; only white space or escapes differ.</p>`;
  const cell = (line, text, depth) => line && html`<span style=${{ paddingLeft: `${2 * Math.min(depth, 24)}ch` }}>${line.parts.map((part) => html`<span class=${`t-${part.kind}`}>${shortened(part.text ?? text.slice(part.from, part.to))}</span>`)}</span>`;
  return html`<${Rows} label="Difference of the JSON bodies" rows=${rows} draw=${(row) => (row.folded
    ? { state: "same", fold: html`<button class="quiet" style=${{ marginLeft: `${2 * Math.min(row.depth, 24)}ch` }} onClick=${() => open(row.folded)}>··· ${count(row.folded.length)} the same</button>` }
    : { state: row.state, title: pathOf(row, one, other), left: cell(row.left, one, row.depth), right: cell(row.right, other, row.depth) })} />`;
}

/** Where it is, `items[2].sku`, for who points at it. */
function pathOf({ left, right }, one, other) {
  const steps = left ? stepsOf(left.node, one) : stepsOf(right.node, other);
  return steps?.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("").replace(/^\./, "");
}

function LineDiff({ one, other }) {
  const [opened, setOpened] = useState(new Set());
  const rows = useMemo(() => lineDiff(one, other), [one, other]);
  const shown = useMemo(() => folded(rows, opened), [rows, opened]);
  return html`<${Rows} label="Difference of the bodies, line by line" rows=${shown} draw=${(row) => (row.hidden
    ? { state: "same", fold: html`<button class="quiet" onClick=${() => setOpened(new Set([...opened, row.from]))}>··· ${count(row.hidden)} lines the same</button>` }
    : { state: row.state, left: row.one !== null && shortened(row.one), right: row.other !== null && shortened(row.other) })} />`;
}

/** Long runs of the same but for the lines around a difference; *opened*: where runs begin that are shown whole. */
function folded(rows, opened) {
  const found = [];
  for (let at = 0; at < rows.length;) {
    let end = at;
    while (end < rows.length && rows[end].state === "same") end += 1;
    const before = at === 0 ? 0 : AROUND;
    const after = end === rows.length ? 0 : AROUND;
    const hidden = end - at - before - after;
    if (hidden > 1 && !opened.has(at)) found.push(...rows.slice(at, at + before), { hidden, from: at }, ...rows.slice(end - after, end));
    else found.push(...rows.slice(at, end));
    if (end < rows.length) found.push(rows[end]);
    at = end + 1;
  }
  return found;
}

const shortened = (text) => visible(text.length > LONGEST ? `${text.slice(0, LONGEST)} … ${count(text.length - LONGEST)} more` : text);

/** *draw*(row) gives {state, title, left, right}, or {fold} for what is folded. */
function Rows({ rows, draw, label }) {
  const [most, setMost] = useState(AT_ONCE);
  return html`<table class="diff mono" aria-label=${label}><tbody>
    ${rows.slice(0, most).map((row) => {
      const { state, title, left, right, fold } = draw(row);
      return fold ? html`<tr class="diff-fold"><td colspan="3">${fold}</td></tr>` : html`<tr data-state=${state} title=${title}>
        <td class="diff-sign" title=${WORDS[state]}>${SIGNS[state]}</td><td class="diff-one">${left}</td><td class="diff-other">${right}</td></tr>`;
    })}
    ${rows.length > most && html`<tr class="diff-fold"><td colspan="3"><button onClick=${() => setMost(most + 4 * AT_ONCE)}>Show more of ${count(rows.length)} rows</button></td></tr>`}
  </tbody></table>`;
}
