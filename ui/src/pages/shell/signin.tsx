/** In place of the page until somebody has signed in; the address stays, so that they are where they wanted to be. */
import { useEffect, useState } from "preact/hooks";
import { tokenRefused, type ApiError } from "../../api/client";
import { asApiError } from "../../api/resource";
import { signIn, tokenWanted } from "../../api/session";
import type { SignInWays } from "../../api/types";
import { plain } from "../../lib/text";

export default function SignIn({ ways }: { readonly ways: SignInWays }) {
  useEffect(() => {
    document.title = "Sign in · heapwatch";
  }, []);
  const back = `/api/v1/oidc/login?back=${encodeURIComponent(location.pathname + location.search)}`;
  return (
    <section class="signin" aria-labelledby="signin-title">
      <h1 id="signin-title">Sign in to heapwatch</h1>
      {tokenRefused.value && <p class="problem" role="alert">The token was not accepted. It may be mistyped, expired, or may not read.</p>}
      {ways.password && <Password />}
      <div class="ways">
        {ways.oidc && <a class="button" href={back}>Sign in with {plain(ways.oidc)}</a>}
        <button type="button" class="quiet" onClick={() => (tokenWanted.value = true)}>Use a token</button>
      </div>
    </section>
  );
}

function Password() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(name.trim(), password);
    } catch (failed) {
      setError(asApiError(failed));
      setPassword("");
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>Name<input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required autofocus value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <label>Password<input name="password" type="password" autocomplete="current-password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} /></label>
      {error && <p class="problem" role="alert">{sentence(error)}</p>}
      <button type="submit" class="primary" disabled={busy}>Sign in</button>
    </form>
  );
}

function sentence(error: ApiError): string {
  if (error.status === 401) return "Name or password is wrong.";
  const text = plain(error.message);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
