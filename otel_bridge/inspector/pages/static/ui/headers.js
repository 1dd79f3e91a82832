// Names and values in a table: headers, and what a URL carries.
import { html } from "../vendor.js";
import { explainHeader } from "../lib/explain.js";
import { size } from "../lib/format.js";
import { pairs } from "../lib/form.js";
import { Copy, Tag } from "./parts.js";
import { Value } from "./value.js";

const MASK = "REDACTED";

/** The headers of *side* ("request" or "response") of *exchange*. */
export function Headers({ exchange, side }) {
  const { headers, headers_size: bytes } = exchange[side];
  const field = side === "request" ? "req.header" : "resp.header";
  const text = () => headers.map(([name, value]) => `${name}: ${value}\n`).join("");
  return html`<section>
    <header class="part-head"><h2>Headers</h2><span class="soft">${headers.length || ""}${bytes ? ` · ${size(bytes)}` : ""}</span>
      <span class="spacer"></span>${headers.length > 0 && html`<${Copy} text=${text} what="The headers" />`}</header>
    ${headers.length === 0 ? exchange.captured ? html`<p class="empty">No headers.</p>` : html`<${NotCaptured} exchange=${exchange} />` : html`
      <${Pairs} pairs=${headers.map(([name, value]) => ({ name, value }))} field=${field} explain=${explainHeader} />`}
  </section>`;
}

export const NotCaptured = ({ exchange }) => html`<p class="empty"><strong>Not captured.</strong> ${exchange.not_captured ? sentence(exchange.not_captured) : "The sender did not say why."}
  ${" "}<code>otel-bridge kong capture</code> says what makes Kong send headers and bodies.</p>`;

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;

/** The parameters in the URL, decoded. */
export function Parameters({ query }) {
  const found = pairs(query);
  if (found.length === 0) return null;
  return html`<section><header class="part-head"><h2>Query parameters</h2><span class="soft">${found.length}</span></header>
    <${Pairs} pairs=${found} field="req.query" /></section>`;
}

function Pairs({ pairs: found, field, explain = () => null }) {
  return html`<table class="grid pairs"><thead class="visually-hidden"><tr><th>Name</th><th>Value</th></tr></thead><tbody>
    ${found.map(({ name, value }) => html`<tr>
      <th scope="row" class="mono" title=${explain(name)}>${name}</th>
      <td class="mono">${value === MASK ? html`<${Tag} tone="warn" title="The value was a secret and was replaced before anything was stored">masked</${Tag}>`
        : value === "" ? html`<span class="soft">(empty)</span>`
        : html`<${Value} field=${field} argument=${name} value=${value} />`}</td></tr>`)}
  </tbody></table>`;
}
