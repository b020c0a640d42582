/** Asked for when the server wants to know who is reading. */
import { useState } from "preact/hooks";
import { tokenAsked, tokenRefused, useToken } from "../../api/client";
import { tokenWanted } from "../../api/session";
import { Dialog } from "../../lib/controls";

export default function TokenPrompt() {
  const [text, setText] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    const value = text.trim();
    if (value) useToken(value);
    setText("");
  };
  return (
    <Dialog title="This server asks for a token" onClose={() => (tokenWanted.value ? (tokenWanted.value = false) : (tokenAsked.value = false))}>
      <form class="token" onSubmit={submit}>
        {tokenRefused.value && <p class="problem" role="alert">That token was not accepted. It may be mistyped, expired, or may not read.</p>}
        <label>
          Token
          <input type="password" autocomplete="off" spellcheck={false} placeholder="hw_…" value={text} autofocus onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <p class="hint">A reading token comes from <code>heapwatch token create NAME</code> on the server. It is kept in this tab until you close it.</p>
        <div class="row"><span class="spacer" /><button type="submit" class="primary" disabled={!text.trim()}>Use it</button></div>
      </form>
    </Dialog>
  );
}
