import { html } from "../vendor.js"; export const Compare = () => html`<p>…</p>`; export const CompareView = Compare;
