import { html } from "../vendor.js"; export const Status = () => html`<p>…</p>`; export const StatusView = Status;
