// What arrives, as it arrives: the server's events for one query.
import { address } from "./url.js";

/**
 * Follow *query*. *on* has functions: rows(list, oldest first), gap(number left out), state("open" | "lost").
 * The browser connects again by itself and says where it was. Returns a function that ends it.
 */
export function follow(query, on) {
  const source = new EventSource(address("/api/live", { q: query }));
  source.addEventListener("rows", (event) => on.rows(JSON.parse(event.data)));
  source.addEventListener("gap", (event) => on.gap(JSON.parse(event.data).left_out));
  source.addEventListener("open", () => on.state("open"));
  source.addEventListener("error", () => on.state("lost"));
  return () => source.close();
}
