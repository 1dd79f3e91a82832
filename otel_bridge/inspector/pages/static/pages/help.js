// The query language: the table of fields as the server knows it, and the forms that a query can have.
import { html } from "../vendor.js";
import { useLoad } from "../lib/load.js";
import { address } from "../lib/url.js";
import { Failed, Loading } from "../ui/states.js";

const FORMS = [
  ["status:5xx service:orders", "both are true; a space means AND"],
  ["status:404 OR status:410", "one of them is true"],
  ["service:(orders OR billing)", "one of several values"],
  ["-path:/health*", "is not so; * stands for anything"],
  ["duration:>500ms resp.size:>1mb", "compared with a unit"],
  ["status:200..299", "from one value to another"],
  ["card declined", "both words occur in a header, a body or the URL"],
  ["\"card declined\"", "exactly this text"],
  ["path:/v[12]\\/orders/", "a regular expression, between slashes"],
];

export function Help() {
  const { data, error, reload } = useLoad("/api/fields");
  return html`
    <div class="page help">
      <section class="card"><header><h1>What a query can say</h1></header>
        <table class="grid"><thead><tr><th>Query</th><th>Finds exchanges where</th></tr></thead><tbody>
          ${FORMS.map(([query, meaning]) => html`<tr><td><a class="mono" href=${address("/", { q: query })}>${query}</a></td><td>${meaning}</td></tr>`)}
        </tbody></table></section>
      <section class="card"><header><h1>Fields</h1></header>
        ${error && html`<${Failed} error=${error} retry=${reload} />`}
        ${!data && !error && html`<${Loading} what="Loading the fields" />`}
        ${data && html`<table class="grid"><thead><tr><th>Field</th><th>Meaning</th><th>For example</th></tr></thead><tbody>
          ${data.fields.map((field) => html`<tr><td class="mono">${field.name}</td><td>${field.help}</td>
            <td><a class="mono" href=${address("/", { q: field.example })}>${field.example}</a></td></tr>`)}
        </tbody></table>`}
      </section>
    </div>`;
}
