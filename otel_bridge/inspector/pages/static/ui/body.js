// A body: pretty by its tokens, raw, or its bytes; and if it is not there, or not as it was, why.
import { html, useMemo, useState } from "../vendor.js";
import { size } from "../lib/format.js";
import { pairs } from "../lib/form.js";
import { jsonLines } from "../lib/json-lines.js";
import { jsonTree, looksLikeJson, stepsOf } from "../lib/json-tree.js";
import { marksIn, pieces } from "../lib/marks.js";
import { textLines } from "../lib/text-lines.js";
import { param, setParams } from "../lib/url.js";
import { local, xmlLines, xmlPath, xmlTree } from "../lib/xml-lines.js";
import { Code } from "./code.js";
import { Hex } from "./hex.js";
import { NotCaptured } from "./headers.js";
import { Copy, Tag } from "./parts.js";

const VIEWS = [["", "Pretty"], ["raw", "Raw"], ["hex", "Hex"]];
// What is no text has no raw form but its bytes.
const viewsOf = (body) => (body.text !== null ? VIEWS : body.language === "image" ? [["", "Picture"], ["hex", "Hex"]] : []);
const LANGUAGES = { json: "JSON", xml: "XML", html: "HTML", form: "Form", text: "Text", binary: "Binary", image: "Picture" };
// The query language reads values of JSON and XML bodies only when all of the body is there.
const SCALARS = ["string", "number", "literal"];

/** *side*: "request" or "response" of *exchange*; *highlights* as /api/highlights tells them. */
export function Body({ exchange, side, highlights = [] }) {
  const { body } = exchange[side];
  const views = viewsOf(body);
  const view = views.some(([name]) => name === param("body")) ? param("body") : "";
  const path = `/api/exchanges/${exchange.id}/body/${side}`;
  const marks = useMemo(() => marksIn(body.text ?? "", highlights), [body, highlights]);
  const [hit, setHit] = useState(-1);
  const current = marks[hit] ?? null;
  return html`<section class="body">
    <header class="part-head"><h2>Body</h2>
      ${body.language !== "none" && html`<${Tag} title=${body.media_type || "no Content-Type"}>${LANGUAGES[body.language]}</${Tag}>`}
      <span class="soft">${sizes(body)}</span>
      <span class="spacer"></span>
      ${marks.length > 0 && view !== "hex" && (view || body.language !== "form") && html`<${Hits} number=${marks.length} at=${hit} go=${setHit} />`}
      ${body.held > 0 && html`
        ${views.length > 0 && html`<div class="choice" role="group" aria-label="How the body is shown">${views.map(([name, label]) => html`
          <button aria-pressed=${name === view} onClick=${() => setParams({ body: name }, { replace: true })}>${label}</button>`)}</div>`}
        ${body.text !== null && html`<${Copy} text=${body.text} what="The body" />`}
        <a class="button" href=${path} download="">Download</a>`}
    </header>
    ${body.notes.map((note) => html`<p class="note">${note}</p>`)}
    ${body.cut && html`<p class="note">It is long: this is its beginning. Download it to see the rest.</p>`}
    ${body.held === 0 ? html`<${NoBody} exchange=${exchange} body=${body} side=${side} />`
      : view === "hex" || views.length === 0 ? html`<${Hex} path=${`${path}/bytes`} />`
      : view === "raw" ? html`<${Plain} text=${body.text} marks=${marks} current=${current} />`
      : html`<${Pretty} body=${body} path=${path} highlights=${highlights} marks=${marks} current=${current} prefix=${side === "request" ? "req" : "resp"} />`}
  </section>`;
}

function sizes(body) {
  if (!body.size && body.held === 0) return "";
  const all = `${size(body.size ?? body.held)}${body.encoding ? ` ${body.encoding}` : ""}`;
  return body.held > 0 && body.size !== null && body.held < body.size ? `${size(body.held)} of ${all}` : all;
}

function NoBody({ exchange, body, side }) {
  if (body.omitted) return null;
  if (!exchange.captured) return html`<${NotCaptured} exchange=${exchange} />`;
  return html`<p class="empty">${body.size ? `The body of ${size(body.size)} did not come along.` : `The ${side} has no body.`}</p>`;
}

function Hits({ number, at, go }) {
  return html`<span class="hits" role="group" aria-label="Hits of the query">
    <span role="status">${at < 0 ? "" : `${at + 1} of `}${number === 1 ? "1 hit" : `${number} hits`}</span>
    <button aria-label="Hit before" onClick=${() => go((Math.max(at, 0) - 1 + number) % number)}>↑</button>
    <button aria-label="Next hit" onClick=${() => go((at + 1) % number)}>↓</button></span>`;
}

function Pretty({ body, path, highlights, ...more }) {
  const { text, language } = body;
  if (language === "image") return html`<p class="picture"><img src=${`${path}?preview=true`} alt="The body as a picture" /></p>`;
  if (language === "form") return html`<${Form} text=${text} highlights=${highlights} />`;
  if (language === "json") return html`<${Json} text=${text} ...${more} />`;
  if (language === "xml" || language === "html") return html`<${Xml} text=${text} isHtml=${language === "html"} ...${more} />`;
  return html`<${Plain} text=${text} ...${more} />`;
}

function Plain({ text, marks, current }) {
  const lines = useMemo(() => textLines(text), [text]);
  return html`<${Code} text=${text} lines=${lines} marks=${marks} current=${current} label="Body as text" />`;
}

function Json({ text, prefix, marks, current }) {
  const root = useMemo(() => jsonTree(text), [text]);
  const [lines, fold] = useFolding(root, (turned) => jsonLines(root, turned));
  if (!looksLikeJson(root)) {
    return html`<p class="note">This is not JSON, whatever its Content-Type says.</p><${Plain} text=${text} marks=${marks} current=${current} />`;
  }
  const valueAt = ({ node, from, to }) => {
    const steps = node && SCALARS.includes(node.kind) && whole(node) ? stepsOf(node, text) : null;
    return steps?.length ? { field: `${prefix}.json`, value: text.slice(from, to), steps } : null;
  };
  return html`<${Code} text=${text} lines=${lines} marks=${marks} current=${current} onFold=${fold} valueAt=${valueAt} label="Body as JSON" />`;
}

/** Whether the document that *node* is in is there to its end. */
function whole(node) {
  let at = node;
  while (at.parent.kind !== "root") at = at.parent;
  return at.closed || at === node;
}

function Xml({ text, isHtml, prefix, marks, current }) {
  const root = useMemo(() => xmlTree(text, { html: isHtml }), [text, isHtml]);
  const [lines, fold] = useFolding(root, (turned) => xmlLines(root, text, turned));
  const valueAt = ({ kind, node, attribute, from, to }) => {
    if (isHtml || !node || !(attribute || kind === "text")) return null;
    const argument = attribute ? `${xmlPath(node)}/@${local(attribute)}` : xmlPath(node.parent);
    const value = attribute ? text.slice(from, to).replace(/^.*?=\s*["']?|["']$/g, "") : text.slice(from, to);
    return { field: `${prefix}.xml`, argument, value: plain(value) };
  };
  return html`<${Code} text=${text} lines=${lines} marks=${marks} current=${current} onFold=${fold} valueAt=${valueAt} label=${isHtml ? "Body as HTML" : "Body as XML"} />`;
}

const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
const plain = (text) => text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ENTITIES[name]);

/** The lines of a document, and a function that folds or unfolds one of its nodes. */
function useFolding(root, linesOf) {
  const [turned, setTurned] = useState({ root, nodes: new Set() });
  const nodes = turned.root === root ? turned.nodes : new Set();
  const lines = useMemo(() => linesOf(nodes), [root, turned]);
  const fold = (node) => {
    const changed = new Set(nodes);
    if (!changed.delete(node)) changed.add(node);
    setTurned({ root, nodes: changed });
  };
  return [lines, fold];
}

function Form({ text, highlights }) {
  return html`<table class="grid pairs"><thead><tr><th>Name</th><th>Value</th></tr></thead><tbody>
    ${pairs(text).map(({ name, value }) => html`<tr><td><${Marked} text=${name} highlights=${highlights} /></td><td><${Marked} text=${value} highlights=${highlights} /></td></tr>`)}
  </tbody></table>`;
}

const Marked = ({ text, highlights }) => html`<span class="mono">${pieces(marksIn(text, highlights), 0, text.length).map(
  ([from, to, marked]) => (marked ? html`<mark>${text.slice(from, to)}</mark>` : text.slice(from, to)))}</span>`;
