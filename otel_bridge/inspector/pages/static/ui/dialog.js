// A modal dialog; the browser's own element keeps the focus inside and closes on Esc.
import { html, useEffect, useRef } from "../vendor.js";

export function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  useEffect(() => { element.current.showModal(); }, []);
  const outside = (event) => { if (event.target === element.current) onClose(); };
  return html`
    <dialog ref=${element} class="dialog" aria-label=${title} onClose=${onClose} onClick=${outside}>
      <header><h1>${title}</h1><button class="quiet" onClick=${onClose} aria-label="Close">✕</button></header>
      <div class="dialog-body">${children}</div>
    </dialog>`;
}
