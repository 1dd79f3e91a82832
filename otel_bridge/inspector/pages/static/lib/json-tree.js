// JSON by its tokens. What JSON.parse would change or refuse stays as it was sent: big integers, escapes, duplicate
// keys, a document that was cut off, several documents in one body.
//
// A node is {kind, start, end, key, step, parent, children, closed, comma}:
//   kind      "object" | "array" | "string" | "number" | "literal", "bad" for what is no JSON, "missing" after a key
//             without a value; the one node above all others is "root"
//   start,end where in the text it is; of an object or array with its brackets, as far as they are there
//   key       {start, end} of its name in an object, quotes included; null elsewhere
//   step      its index in an array; in an object `stepOf` tells its name
//   closed    false: the text ended inside of it
//   comma     one follows

const SPACE = /[\s\ufeff]*/y;
const STRING = /"(?:[^"\\]+|\\[^]?)*"?/y;
const NUMBER = /-?\d[\d.eE+-]*/y;
const OTHER = /[^\s"{}[\],:]+/y;
const CLOSES = { object: "}", array: "]" };

/** The tree of *text*; never throws, whatever *text* is and however deep. */
export function jsonTree(text) {
  const root = made("root", 0, null);
  let open = root;
  let at = spaceEnd(text, 0);
  let key = null;
  const add = (kind, end) => {
    const node = made(kind, at, open);
    node.end = end;
    node.key = key;
    node.step = open.children.length;
    key = null;
    open.children.push(node);
    return node;
  };
  while (at < text.length) {
    const sign = text[at];
    let end = at + 1;
    if (sign === "{" || sign === "[") {
      open = add(sign === "{" ? "object" : "array", end);
    } else if (sign === CLOSES[open.kind]) {
      if (key) add("missing", at);
      open.closed = true;
      open.end = end;
      open = open.parent;
    } else if (sign === ",") {
      const last = key ? add("missing", at) : open.children.at(-1);
      if (last && !last.comma) last.comma = true;
      else add("bad", end);
    } else {
      const [kind, last] = scalar(text, at);
      end = last;
      const colon = spaceEnd(text, end);
      if (kind === "string" && open.kind === "object" && key === null && text[colon] === ":") {
        key = { start: at, end };
        end = colon + 1;
      } else {
        add(kind, end);
      }
    }
    at = spaceEnd(text, end);
  }
  if (key) add("missing", text.length);
  for (; open !== root; open = open.parent) open.end = text.length;
  root.end = text.length;
  return root;
}

/** Whether *root* is of a text that can be read as JSON, cut off or not. */
export function looksLikeJson(root) {
  const [first] = root.children;
  return first !== undefined && first.kind !== "bad";
}

/** The name or index of *node* in what it is in. */
export const stepOf = (node, text) => (node.key ? unquoted(text.slice(node.key.start, node.key.end)) : node.step);

/** The way from the top to *node*, as the query language takes it; null where it has none (several documents). */
export function stepsOf(node, text) {
  const steps = [];
  let at = node;
  for (; at.parent.kind !== "root"; at = at.parent) steps.unshift(stepOf(at, text));
  return at.parent.children.length === 1 ? steps : null;
}

/** The text of a string token. A string alone loses nothing by JSON.parse; one that is cut off is as it is. */
export function unquoted(token) {
  try {
    return JSON.parse(token);
  } catch {
    return token.replace(/^"|"$/g, "");
  }
}

const made = (kind, start, parent) => {
  const holds = kind === "root" || kind in CLOSES;
  return { kind, start, end: start, key: null, step: 0, parent, children: holds ? [] : null, closed: false, comma: false };
};

function scalar(text, at) {
  if (text[at] === '"') return ["string", endOf(STRING, text, at)];
  const number = endOf(NUMBER, text, at);
  const other = endOf(OTHER, text, at);
  if (number === other && number > at) return ["number", number];
  const known = other - at < 6 && ["true", "false", "null"].includes(text.slice(at, other));
  return [known ? "literal" : "bad", Math.max(other, at + 1)];
}

/** Where *pattern* ends that begins at *at*; *at* if it doesn't. */
function endOf(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

const spaceEnd = (text, at) => (text[at] > " " && text[at] < "\x7f" ? at : endOf(SPACE, text, at));
