// The most frequent values of some fields, with counts: a click filters, a second control leaves them out.
import { html } from "../vendor.js";
import { count } from "../lib/format.js";
import { say } from "./toast.js";
import { pick } from "./value.js";

const NAMES = { status: "Status", method: "Method", service: "Service", route: "Route", consumer: "Consumer", host: "Host" };

export function Facets({ data }) {
  return html`<aside class="facets" aria-label="Most frequent values">
    ${Object.entries(NAMES).map(([field, name]) => html`<${Facet} field=${field} name=${name} facet=${data?.fields[field]} />`)}
  </aside>`;
}

function Facet({ field, name, facet }) {
  const values = (facet?.values ?? []).filter(({ value }) => value !== "");
  if (values.length === 0) return null;
  const most = values[0].count;
  const choose = (value, exclude) => pick({ field, value }, { exclude }).catch((error) => say(error.message));
  return html`<section class="facet"><h3>${name}</h3><ul>
    ${values.map(({ value, count: number }) => html`<li>
      <button class="facet-value" onClick=${() => choose(value, false)} title=${`Show only ${field}:${value}`}>
        <span class="facet-bar" style=${{ width: `${(100 * number) / most}%` }} aria-hidden="true"></span>
        <span class="cut">${value}</span><span class="number">${count(number, { short: true })}</span></button>
      <button class="facet-out" onClick=${() => choose(value, true)} aria-label=${`Leave out ${field}:${value}`} title="Leave these out">−</button>
    </li>`)}
    ${facet.others > 0 && html`<li class="soft facet-others"><span>others</span><span class="number">${count(facet.others, { short: true })}</span></li>`}
  </ul></section>`;
}
