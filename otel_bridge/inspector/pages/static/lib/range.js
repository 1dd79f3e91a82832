// The time range that a page looks at: `range` (back from now) or `from` and `to` (Unix microseconds) in the URL.
import { param, setParams } from "./url.js";

export const RANGES = [
  ["15m", "Last 15 minutes", 900], ["1h", "Last hour", 3600], ["6h", "Last 6 hours", 21_600],
  ["24h", "Last 24 hours", 86_400], ["7d", "Last 7 days", 604_800], ["all", "All that is held", null],
];
export const DEFAULT_RANGE = "1h";

/** {from, to, now} of the URL in Unix microseconds; from and to are null where open. */
export function rangeOf() {
  const now = Date.now() * 1000;
  if (param("from") || param("to")) return { from: Number(param("from")) || null, to: Number(param("to")) || null, now };
  const seconds = RANGES.find(([name]) => name === rangeName())?.[2] ?? null;
  return { from: seconds === null ? null : now - seconds * 1e6, to: null, now };
}

/** The name of the relative range in use, "" where from and to are given. */
export function rangeName() {
  if (param("from") || param("to")) return "";
  const name = param("range");
  return RANGES.some(([known]) => known === name) ? name : DEFAULT_RANGE;
}

export const setRange = (name) => setParams({ range: name === DEFAULT_RANGE ? "" : name, from: "", to: "" });
export const setSpan = (from, to) => setParams({ range: "", from: Math.round(from), to: Math.round(to) });
