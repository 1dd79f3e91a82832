// The query box: an ARIA combobox with completions from the server, errors underlined at their column.
import { html, useEffect, useId, useRef, useState } from "../vendor.js";
import { get } from "../lib/api.js";
import { useKeys } from "../lib/keys.js";
import { param, setParams } from "../lib/url.js";

const PAUSE_MS = 120;

/** The query of the URL, unless *query* is given with *onQuery*(text), called once it is entered; *onText*(text) hears every change. */
export function QueryBox({ query = param("q"), onQuery = (q) => setParams({ q }), onText = null, label = "Query", placeholder = "status:5xx service:orders duration:>500ms \"card declined\"" }) {
  const [text, setText] = useState(query);
  const [found, setFound] = useState({ items: [], start: 0, end: 0 });
  const [chosen, setChosen] = useState(-1);
  const [fault, setFault] = useState(null);
  const [open, setOpen] = useState(false);
  const input = useRef(null);
  const asked = useRef(null);
  // What was told to *onText*: it is checked already, though it comes back as *query*, maybe later than more of it.
  const told = useRef(new Set());
  const tell = (value) => { if (onText) { told.current.add(value); onText(value); } };
  const list = useId();
  useKeys({ "/": ["Go to the query box", () => input.current.select()] });
  useEffect(() => { if (told.current.has(query)) return; told.current.clear(); setText(query); setFault(null); check(query).then(setFault, () => {}); }, [query]);
  useEffect(() => () => asked.current?.stop(), []);

  const suggest = (value) => {
    asked.current?.stop();
    asked.current = later(async (signal) => {
      const cursor = [...value.slice(0, input.current?.selectionStart ?? value.length)].length;
      const [completions, wrong] = await Promise.all([get("/api/complete", { q: value, cursor }, { signal }), check(value, signal)]);
      setFound((old) => {
        // An answer that changes nothing must not take the choice away.
        const same = old.items.length === completions.items.length && old.items.every((item, index) => item.label === completions.items[index].label);
        if (!same) setChosen(-1);
        return completions;
      });
      setFault(wrong);
    });
  };
  const submit = async () => {
    setOpen(false);
    asked.current?.stop();
    const pasted = looksPasted(text) ? (await get("/api/paste", { text })).q : null;
    const wanted = pasted ?? text.trim();
    const wrong = await check(wanted);
    setFault(wrong);
    if (!wrong?.error) onQuery(wanted);
  };
  const take = (item) => {
    const characters = [...text];
    const before = [...characters.slice(0, found.start), ...item.insert].join("");
    const next = before + characters.slice(found.end).join("");
    setText(next);
    tell(next);
    setChosen(-1);
    requestAnimationFrame(() => { input.current.setSelectionRange(before.length, before.length); suggest(next); });
  };
  const onKeyDown = (event) => {
    const shown = open && found.items.length > 0;
    if (event.key === "Enter") { event.preventDefault(); shown && chosen >= 0 ? take(found.items[chosen]) : submit(); }
    else if (event.key === "Tab" && shown && chosen >= 0) { event.preventDefault(); take(found.items[chosen]); }
    else if (event.key === "Escape") { open ? setOpen(false) : input.current.blur(); }
    else if (shown && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((index) => Math.max(-1, Math.min(found.items.length - 1, index + step)));
    }
  };
  const onInput = (event) => { setText(event.target.value); tell(event.target.value); setOpen(true); suggest(event.target.value); };
  const shown = open && found.items.length > 0;
  return html`
    <form class="query" role="search" onSubmit=${(event) => event.preventDefault()}>
      <div class="query-field" data-fault=${fault?.error ? "" : null}>
        <input ref=${input} type="text" class="mono" role="combobox" aria-label=${label} aria-expanded=${shown} aria-controls=${list}
          aria-autocomplete="list" aria-activedescendant=${shown && chosen >= 0 ? `${list}-${chosen}` : null} aria-invalid=${Boolean(fault?.error)}
          spellcheck=${false} autocomplete="off" autocapitalize="off" placeholder=${placeholder} value=${text}
          onInput=${onInput} onKeyDown=${onKeyDown} onFocus=${() => { setOpen(true); suggest(text); }} onBlur=${() => setOpen(false)} />
        ${text && html`<button class="quiet clear" onMouseDown=${(event) => event.preventDefault()} onClick=${() => { told.current.clear(); setText(""); onQuery(""); }} aria-label="Clear the query">✕</button>`}
      </div>
      ${shown && html`<ul class="completions" role="listbox" id=${list}>
        ${found.items.map((item, index) => html`<li role="option" id=${`${list}-${index}`} aria-selected=${index === chosen}
          onMouseDown=${(event) => { event.preventDefault(); take(item); }}>
          <span class="mono">${item.label}</span><span class="soft">${item.help}</span>${item.count != null && html`<span class="count">${item.count}</span>`}</li>`)}
      </ul>`}
      <${Fault} text=${text} fault=${fault} />
    </form>`;
}

/** The query with its wrong part underlined, and what to write instead; or a hint. */
function Fault({ text, fault }) {
  if (!fault) return null;
  if (!fault.error) return html`<p class="hint" role="status">${fault.hint}</p>`;
  const characters = [...text];
  const part = (from, to) => characters.slice(from, to).join("");
  return html`<div class="fault" role="alert">
    <code>${part(0, fault.start)}<u>${part(fault.start, fault.end) || "\u00a0"}</u>${part(fault.end)}</code>
    <span>${fault.error}</span></div>`;
}

async function check(query, signal) {
  const told = await get("/api/check", { q: query }, { signal });
  if (!told.ok) return told;
  return told.hint ? { hint: told.hint } : null;
}

/** Ids, URLs and cURL commands are taken for what they are. */
const looksPasted = (text) => /^(curl\s|https?:\/\/|[0-9a-f]{32}$|00-[0-9a-f]{32}-[0-9a-f]{16}-|[0-9a-f]{8}-[0-9a-f]{4}-)/i.test(text.trim());

function later(run) {
  const abort = new AbortController();
  const timer = setTimeout(() => run(abort.signal).catch(() => {}), PAUSE_MS);
  return { stop: () => { clearTimeout(timer); abort.abort(); } };
}
