// The rows of the traffic table: pages of a search, and on top of them what arrives live.
import { batch, signal } from "../vendor.js";
import { get } from "./api.js";
import { follow } from "./live.js";

const PAGE = 100;
// More than anybody scrolls through; older rows are searched for again.
const MOST_ROWS = 10_000;

export class Feed {
  rows = signal([]);
  loading = signal(true);
  error = signal(null);
  /** The search took too long: what is shown is not all there is up to here. */
  incomplete = signal(false);
  /** Arrived since the pause, and not shown. */
  waiting = signal(0);
  /** Left out of the live view because there were too many. */
  leftOut = signal(0);
  connection = signal("closed");

  /** Where older rows begin: parameters of the next search; null: there are none. */
  #next = null;
  #stop = null;
  #unfollow = null;
  #held = [];
  #paused = false;

  /** Begin anew: search *params* (q, from, to), and follow if *live*. */
  open(params, { live }) {
    this.close();
    this.params = params;
    batch(() => {
      this.rows.value = [];
      this.error.value = null;
      this.waiting.value = 0;
      this.leftOut.value = 0;
    });
    this.#next = {};
    this.#held = [];
    this.#paused = false;
    // Followed first, so that nothing falls between the search and the stream.
    if (live) this.#follow();
    this.#load();
  }

  close() {
    this.#stop?.abort();
    this.#unfollow?.();
    this.#unfollow = null;
    this.connection.value = "closed";
  }

  /** Older rows, if there are any and nothing is under way. */
  more() {
    if (!this.loading.value && this.#next !== null) this.#load();
  }

  pause() { this.#paused = true; }

  resume() {
    this.#paused = false;
    this.#show(this.#held.splice(0));
    this.waiting.value = 0;
  }

  async #load() {
    const stop = this.#stop = new AbortController();
    this.loading.value = true;
    try {
      const page = await get("/api/search", { ...this.params, ...this.#next, limit: PAGE }, { signal: stop.signal });
      batch(() => {
        this.rows.value = merged(this.rows.value, page.rows);
        this.incomplete.value = !page.complete;
        this.error.value = null;
        this.loading.value = false;
      });
      this.#next = page.next === null ? null : { before: page.next };
    } catch (error) {
      if (error.name === "AbortError") return;
      batch(() => { this.error.value = error; this.loading.value = false; });
    }
  }

  #follow() {
    this.#unfollow = follow(this.params.q, {
      rows: (arrived) => {
        if (!this.#paused) { this.#show(arrived); return; }
        this.#held = [...this.#held, ...arrived].slice(-MOST_ROWS);
        this.waiting.value += arrived.length;
      },
      gap: (number) => {
        if (this.#paused) this.waiting.value += number;
        this.leftOut.value += number;
      },
      state: (state) => { this.connection.value = state; },
    });
  }

  #show(arrived) {
    if (arrived.length === 0) return;
    const rows = merged(arrived, this.rows.value);
    if (rows.length > MOST_ROWS) {
      rows.length = MOST_ROWS;
      this.#next = { to: rows[MOST_ROWS - 1].started + 1 };
    }
    this.rows.value = rows;
  }
}

/** Two lists of rows as one, newest first, each exchange once. */
function merged(some, others) {
  const rows = new Map();
  for (const row of others) rows.set(row.id, row);
  for (const row of some) rows.set(row.id, row);
  return [...rows.values()].sort((a, b) => b.started - a.started || b.position - a.position);
}
