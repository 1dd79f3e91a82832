// What stands where data is not (yet): nothing there, still loading, went wrong.
import { html } from "../vendor.js";

/** A sentence in the middle of an empty place, with what to do about it. */
export const Notice = ({ title, children }) => html`
  <section class="notice"><h1>${title}</h1><div>${children}</div></section>`;

export const Loading = ({ what = "Loading" }) => html`
  <div class="loading" role="status"><span class="spinner" aria-hidden="true"></span>${what} …</div>`;

/** *error* as the API told it; *retry* is offered where given. */
export const Failed = ({ error, retry }) => html`
  <div class="failed" role="alert"><strong>${error.message}</strong>
    ${retry && html`<button onClick=${retry}>Try again</button>`}</div>`;
