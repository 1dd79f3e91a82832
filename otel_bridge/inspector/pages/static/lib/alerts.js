// What fires now, for every page; and a rule as the editor holds it.
import { signal, useEffect } from "../vendor.js";
import { get } from "./api.js";
import { useEvery } from "./load.js";
import { address } from "./url.js";

const REFRESH_MS = 5000;
// More than anybody reads, and few enough to be drawn again and again.
const LISTED = 50;

/** The newest of what fires; null as long as nobody has asked. */
export const firings = signal(null);
/** How many fire in all. */
export const firingTotal = signal(0);

/** Ask now: something was changed. */
export async function refreshFirings() {
  try {
    const found = await get("/api/alerts/firing", { limit: LISTED });
    firingTotal.value = found.total;
    firings.value = found.firings;
  } catch {
    // The page says itself that nothing answers; what was known stays.
  }
}

/** Ask again and again while the calling component is shown. */
export function useFirings() {
  useEffect(() => { refreshFirings(); }, []);
  useEvery(REFRESH_MS, refreshFirings);
}

/** The address of the editor with a new rule for the query *q*. */
export const newAlert = (q) => address("/alerts", { new: 1, q });

export const KINDS = [["matches", "at least"], ["share", "in at least"], ["fewer_than", "fewer than"]];
export const WINDOWS = [["1m", "1 minute"], ["5m", "5 minutes"], ["10m", "10 minutes"], ["30m", "30 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"]];
export const COOLDOWNS = [["0s", "no pause"], ["10m", "10 minutes"], ["30m", "30 minutes"], ["1h", "1 hour"], ["6h", "6 hours"], ["24h", "24 hours"]];
export const GROUPS = ["service", "route", "consumer", "host", "path", "endpoint", "status", "method", "ip", "api"];
export const SEVERITIES = ["info", "warning", "critical"];

/** The editor's fields of a rule as the API tells it, or of a new one for *query*. */
export function draftOf(document, query = "") {
  const rule = document ?? { name: "", when: query, matches: 5, within: "10m", per: "", severity: "warning", cooldown: "30m", notify: [], note: "", runbook: "", enabled: true };
  const kind = KINDS.map(([name]) => name).find((name) => rule[name] !== undefined && rule[name] !== null);
  return {
    ...rule,
    kind,
    number: kind === "share" ? asPercent(rule.share) : String(rule[kind]),
    of_at_least: String(rule.of_at_least ?? 20),
    within: spanText(rule.within),
    cooldown: spanText(rule.cooldown ?? 0),
  };
}

/** The rule as the API takes it. */
export function documentOf(draft) {
  const { kind, number, of_at_least: least, ...rest } = draft;
  for (const [name] of KINDS) delete rest[name];
  const condition = kind === "share" ? { share: `${number.replace("%", "").trim()}%`, of_at_least: whole(least) } : { [kind]: whole(number) };
  return { ...rest, ...condition, name: draft.name.trim() || nameOf(draft) };
}

/** What a rule is called if nobody says. */
export const nameOf = ({ when, per }) => `${when.trim() || "all traffic"}${per ? ` per ${per}` : ""}`.slice(0, 200);

const FIELDS = { matches: "The number", fewer_than: "The number", share: "The share", of_at_least: "The number of exchanges", when: "The query", within: "The time", per: "Per", cooldown: "The pause", name: "The name", note: "The note", runbook: "The runbook" };

/** A sentence of what the server holds against a rule, with the words of the editor. */
export const faultText = (message) => message.replace(/^(?:rule\.)?(\w+): /, (whole, key) => (FIELDS[key] ? `${FIELDS[key]} ` : whole));

/** "10m" of 600 seconds; texts stay as they are. */
export function spanText(span) {
  if (typeof span === "string") return span;
  for (const [unit, seconds] of [["h", 3600], ["m", 60]]) if (span > 0 && span % seconds === 0) return `${span / seconds}${unit}`;
  return `${span}s`;
}

const whole = (text) => (/^\d+$/.test(text.trim()) ? Number(text) : text);
const asPercent = (share) => (typeof share === "string" ? share.replace("%", "").trim() : String(Number((share * 100).toPrecision(6))));
