// XML and HTML by their tokens, as lines to be shown. White space that lays out is laid out anew; nothing else changes.
// Whatever the text is, cut off, wrongly nested or no XML at all: each of its other characters is in one of the lines.
import { isOpen } from "./folding.js";
import { count } from "./format.js";

const TOKEN = /<!--[^]*?(?:-->|$)|<!\[CDATA\[[^]*?(?:\]\]>|$)|<\?[^]*?(?:\?>|$)|<![^>]*>?|<\/[^>]*>?|<[\p{L}_:](?:"[^"]*"|'[^']*'|[^"'>])*>?|(?:[^<]+|<(?![\p{L}_:!?/])){1,9999}/gu;
const ATTRIBUTE = /([^\s=/>"']+)(\s*=\s*)("[^"]*"?|'[^']*'?|[^\s>]+)|[^\s]/g;
const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));

/** The tree of *text*: nodes {kind, start, end, name, parent, children, close}; kind "element", "text" or "other". */
export function xmlTree(text, { html = false } = {}) {
  const root = { kind: "root", children: [], parent: null, close: null };
  let open = root;
  const names = new Map();
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    const start = match.index;
    const end = start + token.length;
    if (token.startsWith("</")) {
      const name = nameOf(token, 2);
      if (names.get(name) > 0) {
        for (; open.name !== name; open = open.parent) leave(names, open);
        leave(names, open);
        open.close = { start, end };
        open = open.parent;
      } else {
        open.children.push({ kind: "other", start, end, parent: open });
      }
    } else if (/^<[\p{L}_:]/u.test(token)) {
      const node = { kind: "element", start, end, name: nameOf(token, 1), parent: open, children: [], close: null };
      open.children.push(node);
      if (!token.endsWith("/>") && !(html && VOID.has(node.name.toLowerCase()))) {
        names.set(node.name, (names.get(node.name) ?? 0) + 1);
        open = node;
      }
    } else if (token.trim() !== "") {
      const lead = token.length - token.trimStart().length;
      const kind = isText(token) ? "text" : "other";
      open.children.push({ kind, start: start + lead, end: start + token.trimEnd().length, parent: open });
    }
  }
  return root;
}

/** Lines as json-lines.js describes them; *turned*: elements that a reader folded or opened (folding.js). */
export function xmlLines(root, text, turned) {
  const lines = [];
  const stack = [[root, -1, 0]];
  while (stack.length > 0) {
    const level = stack.at(-1);
    const [holder, depth, next] = level;
    if (next === holder.children.length) {
      stack.pop();
      if (holder.close) lines.push({ depth, parts: [whole(holder.close, "tag")], fold: null, node: holder });
      continue;
    }
    level[2] += 1;
    const node = holder.children[next];
    if (node.kind !== "element") {
      lines.push(...ownLines(node, depth + 1, text));
    } else if (node.children.length === 0 || isShort(node, text)) {
      const inside = node.children.map((child) => ({ ...whole(child, "text"), node: child }));
      lines.push({ depth: depth + 1, parts: [...tag(node, text), ...inside, ...closing(node)], fold: null, node });
    } else if (!isOpen(node, depth + 1, turned)) {
      const note = { text: ` ${count(node.children.length)} inside `, kind: "note" };
      lines.push({ depth: depth + 1, parts: [...tag(node, text), note, ...closing(node)], fold: "closed", node });
    } else {
      lines.push({ depth: depth + 1, parts: tag(node, text), fold: "open", node });
      stack.push([node, depth + 1, 0]);
    }
  }
  return lines;
}

/** The path of an element, as the query language takes it: names without prefixes, `[2]` where there are several. */
export function xmlPath(element) {
  const steps = [];
  for (let at = element; at.kind !== "root"; at = at.parent) steps.unshift(stepsBelow(at.parent).get(at));
  return `/${steps.join("/")}`;
}

// Each row in sight asks for its path, and a parent may have very many children.
const known = new WeakMap();

function stepsBelow(parent) {
  if (!known.has(parent)) {
    const elements = parent.children.filter(({ kind }) => kind === "element");
    const counts = new Map();
    for (const { name } of elements) counts.set(local(name), (counts.get(local(name)) ?? 0) + 1);
    const seen = new Map();
    known.set(parent, new Map(elements.map((element) => {
      const name = local(element.name);
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return [element, counts.get(name) > 1 ? `${name}[${seen.get(name)}]` : name];
    })));
  }
  return known.get(parent);
}

export const local = (name) => name.slice(name.indexOf(":") + 1);

// A "<" that begins no tag is text.
const isText = (token) => !/^<[\p{L}_:!?/]/u.test(token);
const whole = ({ start, end }, kind) => ({ from: start, to: end, kind });
const closing = (node) => (node.close ? [whole(node.close, "tag")] : []);
const nameOf = (token, from) => token.slice(from).match(/^[^\s/>]*/)[0];

const leave = (names, node) => names.set(node.name, names.get(node.name) - 1);

/** Nothing but one line of text inside. */
function isShort(node, text) {
  const [only, more] = node.children;
  return !more && only.kind === "text" && !text.slice(only.start, only.end).includes("\n");
}

/** Text and comments keep their own lines. */
function ownLines(node, depth, text) {
  const lines = [];
  const kind = node.kind === "text" ? "text" : "note";
  for (let from = node.start; from < node.end;) {
    const newline = text.indexOf("\n", from);
    const to = newline < 0 || newline > node.end ? node.end : newline;
    const lead = text.slice(from, to).length - text.slice(from, to).trimStart().length;
    if (from + lead < to) lines.push({ depth, parts: [{ from: from + lead, to, kind, node: kind === "text" ? node : null }], fold: null, node });
    from = to + 1;
  }
  return lines;
}

function tag(node, text) {
  const parts = [];
  const head = node.start + 1 + node.name.length;
  let at = node.start;
  const upTo = (to, kind, more = {}) => { if (to > at) parts.push({ from: at, to, kind, ...more }); at = to; };
  upTo(head, "tag");
  for (const match of text.slice(head, node.end).matchAll(ATTRIBUTE)) {
    if (!match[1]) continue;
    const start = head + match.index;
    upTo(start, "tag");
    upTo(start + match[1].length, "attribute");
    upTo(start + match[1].length + match[2].length, "sign");
    upTo(start + match[0].length, "string", { node, attribute: match[1] });
  }
  upTo(node.end, "tag");
  return parts;
}
