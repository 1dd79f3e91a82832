// A body's bytes: offset, sixteen bytes in hex, the same as ASCII.
import { html, useEffect, useState } from "../vendor.js";
import { get } from "../lib/api.js";
import { size } from "../lib/format.js";
import { Rows } from "./rows.js";
import { Failed, Loading } from "./states.js";

const WIDTH = 16;

/** *path* of the API that tells them, part by part. */
export function Hex({ path }) {
  const [bytes, setBytes] = useState({ hex: "", size: null });
  const [error, setError] = useState(null);
  const more = (start) => get(path, { start }).then(
    (part) => { setError(null); setBytes((old) => ({ hex: (start ? old.hex : "") + part.hex, size: part.size })); },
    setError,
  );
  useEffect(() => { more(0); }, [path]);
  const held = bytes.hex.length / 2;
  if (error) return html`<${Failed} error=${error} retry=${() => more(held)} />`;
  if (bytes.size === null) return html`<${Loading} what="Loading the bytes" />`;
  return html`<div class="code hex" role="group" aria-label="Bytes">
    <${Rows} count=${Math.ceil(held / WIDTH)} row=${(number) => html`<${HexRow} hex=${bytes.hex} offset=${number * WIDTH} />`} />
    ${held < bytes.size && html`<p class="code-more"><button onClick=${() => more(held)}>Show more</button>
      <span class="soft">${size(held)} of ${size(bytes.size)}</span></p>`}
  </div>`;
}

function HexRow({ hex, offset }) {
  const row = hex.slice(2 * offset, 2 * (offset + WIDTH)).match(/../g);
  const half = (part) => part.join(" ").padEnd(WIDTH / 2 * 3 - 1);
  return html`<span class="hex-offset">${offset.toString(16).padStart(8, "0")}</span>
    <span class="hex-bytes">${half(row.slice(0, WIDTH / 2))}  ${half(row.slice(WIDTH / 2))}</span>
    <span class="hex-text">${row.map(ascii).join("")}</span>`;
}

function ascii(pair) {
  const code = parseInt(pair, 16);
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
}
