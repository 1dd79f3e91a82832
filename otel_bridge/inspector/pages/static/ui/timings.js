// How long each part took, as bars over one scale, and in numbers.
import { html } from "../vendor.js";
import { duration, percent } from "../lib/format.js";

const PARTS = [
  ["send", "Send", "Until the request was sent on: the gateway reads it, finds its route and runs its plugins."],
  ["wait", "Wait", "Until the answer began: the upstream is at work."],
  ["receive", "Receive", "Until the answer was there to its last byte."],
];

/** The parts of an exchange that are known: [{name, label, value, from, meaning}], and how wide the scale is. */
export function partsOf(exchange) {
  let from = 0;
  const parts = PARTS.map(([name, label, meaning]) => {
    const part = { name, label, meaning, value: exchange.timings[name], from };
    from += part.value ?? 0;
    return part;
  }).filter(({ value }) => value !== null);
  return { parts, total: Math.max(exchange.duration ?? 0, from, 1) };
}

/** *scale* in microseconds: the whole width; the exchange's own length if it is not given. */
export function Timings({ exchange, scale = null }) {
  const { parts, total } = partsOf(exchange);
  const { kong, upstream } = exchange;
  if (exchange.duration === null) return html`<p class="empty">The sender did not say how long it took.</p>`;
  const account = [{ name: "kong", label: "Gateway", value: kong }, { name: "upstream", label: "Upstream", value: upstream }];
  // Kong's account is often where the three parts come from, and says nothing more.
  const same = kong === exchange.timings.send && (upstream ?? 0) === exchange.timings.wait;
  const known = same ? [] : account.filter(({ value }) => value !== null);
  return html`
    <${Bar} parts=${parts} total=${scale ?? total} label="Send, wait and receive" />
    <${Table} parts=${parts} total=${total} duration=${exchange.duration} />
    ${known.length > 0 && html`<h3 class="timing-head">By the gateway's own account</h3>
      <${Bar} parts=${stacked(known)} total=${scale ?? Math.max(total, (kong ?? 0) + (upstream ?? 0))} label="Gateway and upstream" />
      <table class="timing"><tbody>${known.map((part) => html`<${Line} ...${part} total=${total} meaning=${SIDES[part.name]} />`)}</tbody></table>`}`;
}

const SIDES = { kong: "Routing, plugins and balancing in the gateway itself.", upstream: "Waiting for the service behind the gateway to begin its answer." };

function stacked(parts) {
  let from = 0;
  return parts.map((part) => { const placed = { ...part, from }; from += part.value; return placed; });
}

export function Bar({ parts, total, label }) {
  const words = parts.map((part) => `${part.label} ${duration(part.value)}`).join(", ");
  return html`<svg class="timing-bar" role="img" aria-label=${`${label}: ${words}`} width="100%" height="18">
    <rect class="timing-ground" width="100%" height="18" rx="3" />
    ${parts.map(({ name, label: title, from, value }) => html`
      <rect class=${`fill-${name}`} x=${`${(100 * from) / total}%`} width=${`${Math.max(value > 0 ? 0.4 : 0, (100 * value) / total)}%`} height="18"><title>${`${title} ${duration(value)}`}</title></rect>`)}
  </svg>`;
}

function Table({ parts, total, duration: whole }) {
  return html`<table class="timing"><tbody>
    ${parts.map((part) => html`<${Line} ...${part} total=${total} />`)}
    <tr class="timing-total"><th scope="row">In all</th><td class="number">${duration(whole)}</td><td></td><td></td></tr>
  </tbody></table>`;
}

const Line = ({ name, label, value, total, meaning }) => html`<tr>
  <th scope="row"><i class=${`swatch fill-${name}`}></i>${label}</th><td class="number">${duration(value)}</td>
  <td class="number soft">${percent(value / total)}</td><td class="soft">${meaning}</td></tr>`;
