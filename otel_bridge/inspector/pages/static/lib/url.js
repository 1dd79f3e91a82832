// The URL is the whole state of the pages: what is shown is a function of `place`, and a link to it shows the same.
import { signal } from "../vendor.js";

const read = () => ({ path: location.pathname, params: new URLSearchParams(location.search) });

/** Where we are: {path, params}; changes with every step, the browser's own ones too. */
export const place = signal(read());

addEventListener("popstate", () => { place.value = read(); });

/** The address of *path* with *params*, an object; empty values are left out. */
export function address(path, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "" && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Go there; *replace* leaves no step for the Back button. */
export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  place.value = read();
}

/** One parameter of the present place, "" where it is not there. */
export const param = (name) => place.value.params.get(name) ?? "";

/** The present place with some parameters changed ("" takes one away). */
export function withParams(changes) {
  const params = Object.fromEntries(place.value.params);
  return address(place.value.path, { ...params, ...changes });
}

export const setParams = (changes, options) => go(withParams(changes), options);

/** Follow links inside the pages without loading them anew; everything unusual is the browser's. */
export function interceptLinks(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || /^\/(api|static|docs|openapi)/.test(url.pathname)) return;
    event.preventDefault();
    go(url.pathname + url.search);
  });
}
