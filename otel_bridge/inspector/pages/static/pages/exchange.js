import { html } from "../vendor.js"; export const Exchange = () => html`<p>…</p>`; export const ExchangeView = Exchange;
