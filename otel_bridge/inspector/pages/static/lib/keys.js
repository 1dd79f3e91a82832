// Keyboard commands: a page names them while it is shown, and `?` lists what works right now.
import { useEffect, useRef } from "../vendor.js";

const layers = [];
const NAMES = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" };

/** What works now, as [key, what it does]; the innermost page's meaning of a key counts. */
export function bindings() {
  const known = new Map();
  for (const layer of layers) for (const [key, [what]] of Object.entries(layer.current)) known.set(NAMES[key] ?? key, what);
  return [...known];
}

/** While the calling component is shown, *keys* maps a key to [what it does, function]. */
export function useKeys(keys) {
  const layer = useLayer();
  layer.current = keys;
}

function useLayer() {
  const layer = useRef({});
  useEffect(() => {
    layers.push(layer);
    return () => { layers.splice(layers.indexOf(layer), 1); };
  }, []);
  return layer;
}

const typing = (element) => element.closest?.("input, textarea, select, [contenteditable], dialog");

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
  const layer = layers.findLast(({ current }) => event.key in current);
  if (!layer) return;
  event.preventDefault();
  layer.current[event.key][1](event);
});
