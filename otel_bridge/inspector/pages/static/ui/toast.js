// Short messages, said to eyes and to screen readers.
import { html, signal, useEffect } from "../vendor.js";

const message = signal(null);

/** Show *text* for a moment. */
export function say(text) {
  message.value = { text };
}

export function Toast() {
  const shown = message.value;
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => { message.value = null; }, 2500);
    return () => clearTimeout(timer);
  }, [shown]);
  return html`<div class="toast" role="status" data-shown=${shown ? "" : null}>${shown?.text}</div>`;
}
