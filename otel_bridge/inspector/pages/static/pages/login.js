// Logging in with a token: the one printed at start, or one of `inspector.tokens`.
import { html, useEffect, useRef, useState } from "../vendor.js";
import { loginNeeded, send } from "../lib/api.js";

export function Login() {
  const [error, setError] = useState(null);
  const input = useRef(null);
  useEffect(() => { document.title = "Log in · otel-bridge"; input.current.focus(); }, []);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await send("POST", "/login", { token: input.current.value.trim() });
      loginNeeded.value = false;
    } catch (refused) {
      loginNeeded.value = true;
      setError(refused);
      input.current.select();
    }
  };
  return html`
    <main class="login card">
      <img src="/static/icon.svg" alt="" width="44" height="44" />
      <h1>otel-bridge inspector</h1>
      <p class="soft">The traffic kept here is private. <code>otel-bridge</code> printed a link with a token when it started;
        tokens of your own go under <code>inspector.tokens</code>.</p>
      <form onSubmit=${submit}>
        <label for="token">Token</label>
        <input id="token" ref=${input} type="password" autocomplete="current-password" required aria-invalid=${Boolean(error)} aria-describedby="login-error" />
        <button class="primary">Log in</button>
        <p id="login-error" role="alert" class="login-error">${error && (error.status === 401 ? "That token is not known here." : error.message)}</p>
      </form>
    </main>`;
}
