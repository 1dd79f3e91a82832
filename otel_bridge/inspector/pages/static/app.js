// Where the pages begin: one shell, and in it the page that the URL names.
import { html, render, useEffect } from "./vendor.js";
import { loginNeeded } from "./lib/api.js";
import { interceptLinks, place } from "./lib/url.js";
import { Shell } from "./ui/shell.js";
import { Notice } from "./ui/states.js";
import { Login } from "./pages/login.js";
import { Traffic } from "./pages/traffic.js";
import { Exchange } from "./pages/exchange.js";
import { Compare } from "./pages/compare.js";
import { Dashboard } from "./pages/dashboard.js";
import { Alerts } from "./pages/alerts.js";
import { Status } from "./pages/status.js";
import { Help } from "./pages/help.js";

const PAGES = [
  [/^\/$/, "Traffic", Traffic],
  [/^\/x\/(?<id>[0-9a-f-]{32,36})$/, "Exchange", Exchange],
  [/^\/compare$/, "Compare", Compare],
  [/^\/stats$/, "Dashboard", Dashboard],
  [/^\/alerts$/, "Alerts", Alerts],
  [/^\/status$/, "Status", Status],
  [/^\/help$/, "Query language", Help],
];

function App() {
  const { path } = place.value;
  const [pattern, title, Page] = PAGES.find(([known]) => known.test(path)) ?? [/$/, "Not found", NotFound];
  useEffect(() => { document.title = `${title} · otel-bridge`; }, [title]);
  if (loginNeeded.value) return html`<${Login} />`;
  return html`<${Shell}><${Page} ...${path.match(pattern).groups ?? {}} /></${Shell}>`;
}

const NotFound = () => html`<${Notice} title="There is no such page"><a href="/">Go to the traffic</a></${Notice}>`;

const root = document.getElementById("app");
interceptLinks(root);
render(html`<${App} />`, root);
