// Two JSON documents compared by their paths: objects by key, arrays by index, numbers as they were written.
import { closing, jsonLines, line } from "./json-lines.js";
import { stepOf, unquoted } from "./json-tree.js";

// Below this two parts are compared as text.
const DEEPEST = 200;

/**
 * The difference between two trees of `jsonTree`, whose texts are *one* and *other*: {state, left, right, children},
 * where state is "same", "added", "removed", "changed", or "inside" for what has a difference further in.
 */
export function jsonDiff(leftRoot, one, rightRoot, other) {
  const equal = (left, right) => (left.kind === "string" && right.kind === "string" ? unquoted(textOf(left, one)) === unquoted(textOf(right, other)) : textOf(left, one) === textOf(right, other));
  const compare = (left, right, depth) => {
    if (!left || !right) return { state: left ? "removed" : "added", left, right, children: [] };
    if (left.kind !== right.kind) return { state: "changed", left, right, children: [] };
    if (!left.children || depth > DEEPEST) return { state: equal(left, right) ? "same" : "changed", left, right, children: [] };
    const children = matched(left, one, right, other).map(([a, b]) => compare(a, b, depth + 1));
    return { state: children.every((child) => child.state === "same") ? "same" : "inside", left, right, children };
  };
  return compare(leftRoot, rightRoot, 0);
}

const textOf = (node, text) => text.slice(node.start, node.end);

/** Children that belong together: by index; in objects by key, the second of two like keys with the second. */
function matched(left, one, right, other) {
  const found = new Map();
  [[left, one], [right, other]].forEach(([holder, text], side) => {
    const seen = new Map();
    for (const node of holder.children) {
      const step = stepOf(node, text);
      const turn = seen.get(step) ?? 0;
      seen.set(step, turn + 1);
      const key = `${turn} ${typeof step} ${step}`;
      if (!found.has(key)) found.set(key, [null, null]);
      found.get(key)[side] = node;
    }
  });
  return [...found.values()];
}

/** How many places differ. */
export function differences(diff) {
  if (diff.state === "same") return 0;
  return diff.state === "inside" ? diff.children.reduce((sum, child) => sum + differences(child), 0) : 1;
}

/**
 * *diff* as rows {state, depth, left, right}: left and right are lines as json-lines.js describes them, or null. Parts
 * that are the same are one row with `folded`, the diffs in it, unless they are in the Set *opened*.
 */
export function diffRows(diff, opened) {
  const rows = [];
  const walk = (children, depth) => {
    for (let at = 0; at < children.length;) {
      let end = at;
      while (end < children.length && children[end].state === "same" && !opened.has(children[end])) end += 1;
      if (end > at) {
        rows.push({ state: "same", depth, left: null, right: null, folded: children.slice(at, end) });
        at = end;
        continue;
      }
      show(children[at], depth);
      at += 1;
    }
  };
  const show = (child, depth) => {
    if (child.state === "inside") {
      rows.push({ state: "same", depth, left: line(child.left, depth, true), right: line(child.right, depth, true) });
      walk(child.children, depth + 1);
      const [left, right] = [child.left, child.right].map((node) => (node.closed ? closing(node, depth) : null));
      if (left || right) rows.push({ state: left && right ? "same" : left ? "removed" : "added", depth, left, right });
      return;
    }
    const [left, right] = [linesOf(child.left), linesOf(child.right)];
    for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
      rows.push({ state: child.state, depth: depth + (left[index] ?? right[index]).depth, left: left[index] ?? null, right: right[index] ?? null });
    }
  };
  walk(diff.children, 0);
  return rows;
}

const NONE = new Set();
const linesOf = (node) => (node ? jsonLines({ kind: "root", children: [node] }, NONE) : []);
