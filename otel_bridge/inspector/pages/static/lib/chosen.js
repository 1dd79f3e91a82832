// The exchange that the reader put aside to compare another one with; a tab of the browser remembers it.
import { signal } from "../vendor.js";

const PLACE = "compare-with";

const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE));
  } catch {
    return null;
  }
};

/** {id, sentence}, or null. */
export const chosen = signal(read());

export function choose(exchange) {
  chosen.value = exchange && { id: exchange.id, sentence: exchange.sentence };
  if (exchange) sessionStorage.setItem(PLACE, JSON.stringify(chosen.value));
  else sessionStorage.removeItem(PLACE);
}
