// Numbers and times as people read them. Durations come in microseconds, times in Unix microseconds, sizes in bytes.

const NARROW = "\u202f";
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const shortClock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const grouped = new Intl.NumberFormat("en-GB");

const date = (us) => new Date(us / 1000);

/** 12:34:56.789 */
export const timeOfDay = (us) => clock.format(date(us));
/** 12:34, or the day where the axis spans more than one. */
export const axisTime = (us, spanUs) => (spanUs > 2 * 86_400e6 ? day : shortClock).format(date(us));
/** 22 Nov 2026, 12:34:56 */
export const instant = (us) => full.format(date(us));
/** 2026-11-22T12:34:56.789Z, what goes into a ticket. */
export const iso = (us) => date(us).toISOString();

/** 812 ms, 1.24 s, 2.1 min; "–" where unknown. */
export function duration(us) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${us}${NARROW}µs`;
  if (us < 10_000) return `${(us / 1000).toFixed(1)}${NARROW}ms`;
  if (us < 1e6) return `${Math.round(us / 1000)}${NARROW}ms`;
  if (us < 60e6) return `${(us / 1e6).toFixed(us < 10e6 ? 2 : 1)}${NARROW}s`;
  if (us < 3600e6) return `${(us / 60e6).toFixed(1)}${NARROW}min`;
  return `${(us / 3600e6).toFixed(1)}${NARROW}h`;
}

/** 512 B, 3.4 KiB; "–" where unknown. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024) return `${unit === "B" ? value : value.toFixed(value < 10 ? 1 : 0)}${NARROW}${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)}${NARROW}TiB`;
}

/** 1,234 ; 12.3k from ten thousand on where *short*. */
export function count(value, { short = false } = {}) {
  if (!short || value < 10_000) return grouped.format(value);
  return value < 1e6 ? `${(value / 1e3).toFixed(value < 1e5 ? 1 : 0)}k` : `${(value / 1e6).toFixed(1)}M`;
}

/** 1.3 %; small shares keep a digit that is not 0. */
export function percent(share) {
  if (share === null || share === undefined) return "–";
  const value = share * 100;
  return `${value === 0 || value >= 10 ? Math.round(value) : Number(value.toPrecision(2))}${NARROW}%`;
}

/** "2xx" and its kind, "none" where there was no answer. */
export const statusClass = (status) => (status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : "none");
export const statusText = (status) => (status ? String(status) : "none");

/** In words, for screen readers and tooltips: colour never says it alone. */
export const STATUS_WORDS = {
  "1xx": "informational", "2xx": "success", "3xx": "redirect", "4xx": "client error", "5xx": "server error", none: "no answer",
};
export const STATUS_CLASSES = Object.keys(STATUS_WORDS);
