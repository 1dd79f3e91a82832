// A JSON tree as lines to be shown, each token as it was sent.
//
// A line (of any kind of text) is {depth, parts, fold, node}: a part is {from, to, kind} of the text that is shown, or
// {text, kind} of our own words; `fold` is null, "open" or "closed" where `node` can be folded.
import { isOpen } from "./folding.js";
import { count } from "./format.js";

const BRACKETS = { object: ["{", "}"], array: ["[", "]"] };

/** *turned*: nodes that a reader folded or opened (folding.js). Never recursive: documents may be deep. */
export function jsonLines(root, turned) {
  const lines = [];
  const stack = [[root, -1, 0]];
  while (stack.length > 0) {
    const level = stack.at(-1);
    const [holder, depth, next] = level;
    if (next === holder.children.length) {
      stack.pop();
      if (holder.kind !== "root" && holder.closed) lines.push(closing(holder, depth));
      continue;
    }
    level[2] += 1;
    const node = holder.children[next];
    const opens = node.children?.length > 0 && isOpen(node, depth + 1, turned);
    lines.push(line(node, depth + 1, opens));
    if (opens) stack.push([node, depth + 1, 0]);
  }
  return lines;
}

/** 1 member, 12 items. */
export function sizeOf(node) {
  const number = node.children.length;
  return `${count(number)} ${node.kind === "object" ? "member" : "item"}${number === 1 ? "" : "s"}`;
}

/** The line that begins *node*; *opens*: what is in it stands on lines of its own. */
export function line(node, depth, opens) {
  const parts = [];
  if (node.key) parts.push({ from: node.key.start, to: node.key.end, kind: "key" }, { text: ": ", kind: "sign" });
  if (!node.children) {
    if (node.kind !== "missing") parts.push({ from: node.start, to: node.end, kind: node.kind, node });
    return ended({ depth, parts, fold: null, node }, node);
  }
  const [left, right] = BRACKETS[node.kind];
  parts.push({ text: left, kind: "sign" });
  if (opens) return { depth, parts, fold: "open", node };
  const holds = node.children.length > 0;
  if (holds) parts.push({ text: ` ${sizeOf(node)} `, kind: "note" });
  if (node.closed) parts.push({ text: right, kind: "sign" });
  return ended({ depth, parts, fold: holds ? "closed" : null, node }, node);
}

/** The line that ends it. */
export const closing = (node, depth) => ended({ depth, parts: [{ text: BRACKETS[node.kind][1], kind: "sign" }], fold: null, node }, node);

function ended(line, node) {
  if (node.comma) line.parts.push({ text: ",", kind: "sign" });
  return line;
}
