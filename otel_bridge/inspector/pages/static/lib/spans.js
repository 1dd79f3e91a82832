// The gateway's own spans of an exchange as a tree, drawn row by row.

/**
 * Rows {span, depth} in order of time, children below their parent; a span whose parent is unknown stands at the top.
 * *rootId*: the exchange's own span. Cycles, which no real sender makes, end up at the top too.
 */
export function spanRows(spans, rootId) {
  const known = new Set(spans.map((span) => span.spanId));
  const below = new Map();
  for (const span of [...spans].sort((one, other) => one.start - other.start)) {
    const parent = span.parentSpanId !== rootId && known.has(span.parentSpanId) ? span.parentSpanId : rootId;
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const rows = [];
  const placed = new Set();
  const stack = [...(below.get(rootId) ?? [])].reverse().map((span) => ({ span, depth: 0 }));
  while (stack.length > 0) {
    const row = stack.pop();
    if (placed.has(row.span)) continue;
    placed.add(row.span);
    rows.push(row);
    for (const span of [...(below.get(row.span.spanId) ?? [])].reverse()) stack.push({ span, depth: row.depth + 1 });
  }
  return [...rows, ...spans.filter((span) => !placed.has(span)).map((span) => ({ span, depth: 0 }))];
}

/** What kind of work a span of Kong is: "plugin", "balancer", "router", "dns" or "other". */
export const workOf = (name) => ["plugin", "balancer", "router", "dns"].find((word) => name.includes(word)) ?? "other";

/** Round places on a scale of *length* milliseconds, four to eight of them. */
export function ticks(length) {
  const rough = length / 3.2;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [5, 2, 1].map((factor) => factor * power).find((each) => each <= rough);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}
