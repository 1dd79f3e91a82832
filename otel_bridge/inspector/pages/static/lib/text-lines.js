// Plain text as lines, and lines as rows of a fixed number of columns: so that only what is in sight has to be drawn.

/** Each line of *text* as it is; for the shape of lines see json-lines.js. */
export function textLines(text) {
  const lines = [];
  for (let from = 0; from <= text.length;) {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    const to = text[end - 1] === "\r" && end > from ? end - 1 : end;
    lines.push({ depth: 0, parts: [{ from, to, kind: "plain" }], fold: null, node: null, number: lines.length + 1 });
    from = end + 1;
  }
  if (lines.length > 1 && text.endsWith("\n")) lines.pop();
  return lines;
}

// Deeper lines are not moved further to the right, and every row has room for some text.
const DEEPEST = 24;
const LEAST = 24;

/** How wide *lines* are broken into rows of *columns*: `total` rows, `row(n)`, `rowOf(offset in the text)`. */
export function layout(lines, columns) {
  const starts = new Uint32Array(lines.length + 1);
  const sizes = lines.map((line) => shape(line, columns));
  lines.forEach((line, index) => { starts[index + 1] = starts[index] + sizes[index].rows; });
  return {
    total: starts[lines.length],
    row(number) {
      const index = lastAtMost(starts, number);
      const { indent, first, more } = sizes[index];
      const turn = number - starts[index];
      const from = turn === 0 ? 0 : first + (turn - 1) * more;
      return { line: lines[index], first: turn === 0, indent: turn === 0 ? indent : indent + HANGING, from, to: turn === 0 ? first : from + more };
    },
    rowOf(offset) {
      for (let index = 0; index < lines.length; index += 1) {
        const column = columnOf(lines[index], offset);
        if (column < 0) continue;
        const { first, more } = sizes[index];
        return starts[index] + (column < first ? 0 : 1 + Math.floor((column - first) / more));
      }
      return -1;
    },
  };
}

const HANGING = 2;

export const lengthOf = (part) => (part.text === undefined ? part.to - part.from : part.text.length);

function shape(line, columns) {
  const length = line.parts.reduce((sum, part) => sum + lengthOf(part), 0);
  const indent = 2 * Math.min(line.depth, DEEPEST);
  const first = Math.max(LEAST, columns - indent);
  const more = Math.max(LEAST, columns - indent - HANGING);
  return { indent, first, more, rows: length <= first ? 1 : 1 + Math.ceil((length - first) / more) };
}

/** In which column of *line* the text's *offset* is; -1: it is not in it. */
function columnOf(line, offset) {
  let column = 0;
  for (const part of line.parts) {
    if (part.text === undefined && part.from <= offset && offset < part.to) return column + offset - part.from;
    column += lengthOf(part);
  }
  return -1;
}

/** The greatest index whose start is at most *value*. */
function lastAtMost(starts, value) {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Characters that move others about, or show nothing.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const PICTURES = 0x2400;

/** *text* with a sign of the same length for each character that could not be seen or would disturb others. */
export const visible = (text) => text.replace(HIDDEN, (sign) => (sign === "\t" ? " " : sign < " " ? String.fromCharCode(PICTURES + sign.charCodeAt(0)) : "␦"));
