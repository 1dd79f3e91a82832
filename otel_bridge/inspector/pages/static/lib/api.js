// Talking to the inspector's JSON API.
import { signal } from "../vendor.js";
import { address } from "./url.js";

/** True once an answer said that this browser has to log in. */
export const loginNeeded = signal(false);

/** What the server refused: `status`, a sentence, and where in a query it points (`start`, `end`) if anywhere. */
export class ApiError extends Error {
  constructor(status, message, start = null, end = null) {
    super(message);
    this.status = status;
    this.start = start;
    this.end = end;
  }
}

/** GET a JSON document of the API, or the text of what is none. Throws ApiError; an aborted *signal* throws the browser's AbortError. */
export const get = (path, params = {}, { signal: stop } = {}) => call("GET", address(path, params), undefined, stop);

/** Send *body* as JSON; throws as `get` does. */
export const send = (method, path, body, { signal: stop } = {}) => call(method, path, body, stop);

async function call(method, href, body, stop) {
  let answer;
  try {
    answer = await fetch(href, {
      method,
      signal: stop,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The inspector does not answer. Is it running?");
  }
  if (answer.status === 401) loginNeeded.value = true;
  const told = answer.status !== 204 && answer.headers.get("content-type")?.includes("json");
  const found = await (told ? answer.json() : answer.text());
  if (!answer.ok) {
    throw new ApiError(answer.status, found.error ?? `The inspector answered ${answer.status}.`, found.start, found.end);
  }
  return found;
}
