// Nothing has arrived yet: what to put into Kong, and a way to see that the inspector works.
import { html, useState } from "../vendor.js";
import { send } from "../lib/api.js";
import { useLoad } from "../lib/load.js";
import { address } from "../lib/url.js";
import { Copy } from "./parts.js";
import { say } from "./toast.js";

export function Waiting() {
  const everything = useLoad("/api/search", { limit: 1 });
  const [sent, setSent] = useState(false);
  const status = useLoad("/api/status");
  if (everything.data?.rows.length) {
    return html`<div class="empty-table"><h2>Nothing in this time range</h2>
      <p class="soft"><a href=${address("/", { range: "all" })}>Show all that is held</a></p></div>`;
  }
  const test = async () => {
    try {
      await send("POST", "/api/test-request");
      setSent(true);
    } catch (error) {
      say(error.message);
    }
  };
  const snippet = status.data?.kong_snippet ?? "";
  return html`<div class="waiting">
    <h2>Waiting for Kong</h2>
    <p class="soft">Point Kong's OpenTelemetry plugin at the bridge, and its traffic appears here.</p>
    ${snippet && html`<div class="snippet"><pre>${snippet}</pre><${Copy} text=${snippet} what="The snippet" /></div>`}
    <p><button class="primary" onClick=${test} disabled=${sent}>${sent ? "Sent" : "Send a test request"}</button></p>
  </div>`;
}
