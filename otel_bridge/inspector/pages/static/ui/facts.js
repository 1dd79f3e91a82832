// Names and values of an exchange, two columns, the values to be clicked.
import { html } from "../vendor.js";
import { explainStatus } from "../lib/explain.js";
import { StatusCode } from "./parts.js";
import { Value } from "./value.js";

/** *facts* as `factsOf` tells them. */
export const Facts = ({ facts }) => html`<dl class="fact-list">${facts.map((fact) => html`
  <dt>${fact.label}</dt><dd class="mono"><${Fact} fact=${fact} /></dd>`)}</dl>`;

function Fact({ fact: { label, value, field, asked } }) {
  const shown = label === "Status" ? html`<${StatusCode} status=${value} reason=${explainStatus(value)} />` : String(value);
  return field ? html`<${Value} field=${field} value=${asked}>${shown}</${Value}>` : shown;
}
