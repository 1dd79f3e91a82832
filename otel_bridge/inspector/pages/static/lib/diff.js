// What is different between two lists: of headers, where order says nothing, and of lines, where it does.
//
// A state is "same", "added" (only the second has it), "removed" (only the first has it) or "changed".

/** [{name, one, other, state}] for each name in *one* or *other* (lists of [name, value]), letter case aside. */
export function pairDiff(one, other, { fold = true } = {}) {
  const names = new Map();
  [one, other].forEach((pairs, side) => pairs.forEach(([name, value]) => {
    const key = fold ? name.toLowerCase() : name;
    if (!names.has(key)) names.set(key, { name, values: [[], []] });
    names.get(key).values[side].push(value);
  }));
  return [...names.values()].map(({ name, values: [left, right] }) => ({ name, one: left, other: right, state: stateOf(left, right) }));
}

function stateOf(left, right) {
  if (left.length === 0) return "added";
  if (right.length === 0) return "removed";
  return [...left].sort().join("\n") === [...right].sort().join("\n") ? "same" : "changed";
}

// Longer middles are told as replaced: comparing them would hold up the page.
const MOST_CELLS = 4_000_000;

/** [{one, other, state}] of lines of text, in order; null where a side has none. */
export function lineDiff(one, other) {
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const same = (line) => ({ one: line, other: line, state: "same" });
  return [
    ...one.slice(0, start).map(same),
    ...paired(middleDiff(one.slice(start, one.length - end), other.slice(start, other.length - end))),
    ...one.slice(one.length - end).map(same),
  ];
}

/** By the longest common subsequence. */
function middleDiff(one, other) {
  const [rows, columns] = [one.length + 1, other.length + 1];
  if (rows * columns > MOST_CELLS) return [...one.map(gone), ...other.map(come)];
  const common = new Uint16Array(rows * columns);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      common[i * columns + j] = one[i] === other[j] ? common[(i + 1) * columns + j + 1] + 1
        : Math.max(common[(i + 1) * columns + j], common[i * columns + j + 1]);
    }
  }
  const found = [];
  for (let i = 0, j = 0; i < one.length || j < other.length;) {
    if (i < one.length && j < other.length && one[i] === other[j]) found.push({ one: one[i++], other: other[j++], state: "same" });
    else if (j === other.length || (i < one.length && common[(i + 1) * columns + j] >= common[i * columns + j + 1])) found.push(gone(one[i++]));
    else found.push(come(other[j++]));
  }
  return found;
}

const gone = (line) => ({ one: line, other: null, state: "removed" });
const come = (line) => ({ one: null, other: line, state: "added" });

/** Lines that went where others came stand beside them. */
function paired(rows) {
  const found = [];
  for (let at = 0; at < rows.length;) {
    const run = { removed: [], added: [] };
    for (; at < rows.length && rows[at].state !== "same"; at += 1) run[rows[at].state].push(rows[at]);
    for (let index = 0; index < Math.max(run.removed.length, run.added.length); index += 1) {
      const [left, right] = [run.removed[index], run.added[index]];
      found.push(left && right ? { one: left.one, other: right.other, state: "changed" } : left ?? right);
    }
    for (; at < rows.length && rows[at].state === "same"; at += 1) found.push(rows[at]);
  }
  return found;
}
