// Where in a text the words of the query are.

// More would only slow the page down; nobody steps through them.
const MOST = 10_000;
const BEFORE = "(?<![\\p{L}\\p{N}])";
const AFTER = "(?![\\p{L}\\p{N}])";

/** [[from, to], ...] in order and apart from each other. *highlights*: [{text, whole}] as /api/highlights tells them. */
export function marksIn(text, highlights) {
  const wanted = highlights.filter((each) => each.text.trim() !== "").map(pattern);
  if (wanted.length === 0) return [];
  const found = [];
  for (const match of text.matchAll(new RegExp(wanted.join("|"), "giu"))) {
    found.push([match.index, match.index + match[0].length]);
    if (found.length === MOST) break;
  }
  return found;
}

/** *text* from *from* to *to* in pieces [from, to, marked]. */
export function pieces(marks, from, to) {
  const found = [];
  let at = from;
  for (let index = firstAfter(marks, from); index < marks.length && marks[index][0] < to; index += 1) {
    const [start, end] = [Math.max(marks[index][0], from), Math.min(marks[index][1], to)];
    if (start > at) found.push([at, start, false]);
    found.push([start, end, true]);
    at = end;
  }
  if (at < to) found.push([at, to, false]);
  return found;
}

function pattern({ text, whole }) {
  const spaced = text.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("\\s+");
  return whole ? `${/^[\p{L}\p{N}]/u.test(text) ? BEFORE : ""}${spaced}${/[\p{L}\p{N}]$/u.test(text) ? AFTER : ""}` : spaced;
}

/** The index of the first mark that ends after *offset*. */
function firstAfter(marks, offset) {
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (marks[middle][1] <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
