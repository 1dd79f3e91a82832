// What is around every page: the way to the others, the keyboard's help.
import { html, signal } from "../vendor.js";
import { address, param, place } from "../lib/url.js";
import { bindings, useKeys } from "../lib/keys.js";
import { Dialog } from "./dialog.js";
import { FiringCount, FiringStrip } from "./firing-strip.js";
import { Toast } from "./toast.js";
import { ValueMenu } from "./value.js";

const NAV = [["/", "Traffic"], ["/stats", "Dashboard"], ["/alerts", "Alerts"], ["/status", "Status"]];
const keysShown = signal(false);

export function Shell({ children }) {
  useKeys({ "?": ["Show the keys", () => { keysShown.value = true; }] });
  return html`
    <div class="shell">
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <a class="brand" href="/"><img src="/static/icon.svg" alt="" width="22" height="22" /> otel-bridge</a>
        <nav aria-label="Pages">${NAV.map(([path, name]) => html`<${NavLink} path=${path} name=${name} />`)}</nav>
        <span class="spacer"></span>
        <a class="quiet" href="/help">Query help</a>
        <button class="quiet" onClick=${() => { keysShown.value = true; }} aria-label="Show the keys"><kbd>?</kbd></button>
      </header>
      <${FiringStrip} />
      <main id="main" tabindex="-1">${children}</main>
      <${ValueMenu} />
      <${Toast} />
      ${keysShown.value && html`<${Keys} />`}
    </div>`;
}

/** The query and the time range go along from page to page. */
function NavLink({ path, name }) {
  const here = place.value.path;
  const active = path === "/" ? here === "/" || here.startsWith("/x/") : here === path;
  const href = ["/alerts", "/status"].includes(path) ? path : address(path, { q: param("q"), range: param("range"), from: param("from"), to: param("to") });
  return html`<a href=${href} aria-current=${active ? "page" : null}>${name}${path === "/alerts" && html`<${FiringCount} />`}</a>`;
}

function Keys() {
  return html`<${Dialog} title="Keys" onClose=${() => { keysShown.value = false; }}>
    <table class="keys"><tbody>
      ${bindings().map(([key, what]) => html`<tr><td><kbd>${key}</kbd></td><td>${what}</td></tr>`)}
    </tbody></table>
  </${Dialog}>`;
}
