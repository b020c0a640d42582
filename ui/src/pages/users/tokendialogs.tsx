/** Making, renewing and revoking tokens; a secret is shown once. */
import { useEffect, useState } from "preact/hooks";
import { send } from "../../api/client";
import { holding } from "../../api/session";
import type { MadeToken, TokenRow } from "../../api/types";
import { CopyButton, Dialog } from "../../lib/controls";
import { moment } from "../../lib/format";
import { plain } from "../../lib/text";
import { Ask } from "./ask";
import { ENDS, hostsOf, mayBind, SCOPES } from "./rules";

interface Change {
  readonly token: TokenRow;
  readonly onClose: () => void;
}

export function Create({ first, onClose, onMade }: { readonly first: boolean; readonly onClose: () => void; readonly onMade: (made: MadeToken) => void }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["ingest"]);
  const [hosts, setHosts] = useState("");
  const [end, setEnd] = useState("");
  const bound = mayBind(scopes);
  const toggle = (scope: string) => setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  const make = async () => {
    const body = { name: name.trim(), scopes, expires: end || null, hosts: bound ? hostsOf(hosts) : [] };
    onMade(await send<MadeToken>("tokens", { method: "POST", body }));
  };
  return (
    <Ask title="Make a token" done="Make it" ready={name.trim() !== "" && scopes.length > 0} onClose={onClose} onDone={make}>
      <label>Name<input autocomplete="off" spellcheck={false} required autofocus maxLength={100} placeholder="whose it is: web-hosts, ci, …" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <fieldset class="checks">
        <legend>Scopes</legend>
        {SCOPES.map((scope) => (
          <label key={scope.name}>
            <input type="checkbox" checked={scopes.includes(scope.name)} onChange={() => toggle(scope.name)} />
            <span><strong>{scope.name}</strong> <span class="note">{scope.may}</span></span>
          </label>
        ))}
      </fieldset>
      <label>Hosts<input autocomplete="off" spellcheck={false} disabled={!bound} placeholder={bound ? "all, or patterns such as web-*, edge1" : "only for tokens that may ingest and nothing else"} value={bound ? hosts : ""} onInput={(event) => setHosts(event.currentTarget.value)} /></label>
      <label>Ends<select value={end} onChange={(event) => setEnd(event.currentTarget.value)}>{ENDS.map((one) => <option key={one.value} value={one.value}>{one.title}</option>)}</select></label>
      {first && <p class="warn">From the first token on nobody gets in without one. {scopes.includes("admin") ? "With this one you stay in." : "Add a user first, or choose the scope admin: with this one nobody could change users and tokens here."}</p>}
    </Ask>
  );
}

export function Rotate({ token, onClose, onMade }: Change & { readonly onMade: (made: MadeToken) => void }) {
  const [end, setEnd] = useState("");
  const rotate = async () => onMade(await send<MadeToken>(`tokens/${token.id}/rotate`, { method: "POST", body: { expires: end || null } }));
  return (
    <Ask title={`Give ${plain(token.name)} a new secret?`} done="Rotate" keep="Keep the old one" onClose={onClose} onDone={rotate}>
      <p>The old secret is refused at once: whoever uses it must get the new one. Scopes and hosts stay.</p>
      <label class="after">Ends<select value={end} onChange={(event) => setEnd(event.currentTarget.value)}>
        <option value="">{token.expires === null ? "never, as until now" : `${moment(token.expires)}, as until now`}</option>
        {ENDS.filter((one) => one.value).map((one) => <option key={one.value} value={one.value}>{one.title}</option>)}
      </select></label>
    </Ask>
  );
}

export function Revoke({ token, alone, onClose, onDone }: Change & { readonly alone: boolean; readonly onDone: () => void }) {
  const revoke = async () => {
    await send(`tokens/${token.id}`, { method: "DELETE" });
    onDone();
  };
  return (
    <Ask title={`Revoke ${plain(token.name)}?`} done="Revoke" keep="Keep" onClose={onClose} onDone={revoke}>
      <p>Whoever shows it is refused from the next request on. Agents keep what they cannot send until they have another one.</p>
      {alone && <p class="warn">Nobody else is known here. A server on loopback is then open to everybody on its machine.</p>}
    </Ask>
  );
}

/** Closed by its own button only: a stray key or click must not cost a secret that nobody can show again. */
export function Secret({ made, onClose }: { readonly made: MadeToken; readonly onClose: () => void }) {
  const [warned, setWarned] = useState(false);
  useEffect(() => {
    holding.value = true;
    return () => {
      holding.value = false;
    };
  }, []);
  return (
    <Dialog title={`The secret of ${plain(made.name)}`} onClose={() => setWarned(true)}>
      <p>It is shown only here and now; the server keeps a hash of it.</p>
      <div class="command"><code>{made.token}</code><CopyButton text={() => made.token} title="Copy the secret">Copy</CopyButton></div>
      <p class="hint">{made.scopes.includes("ingest")
        ? <>Agents read it from a file: <code>heapwatch-agent run --server {location.origin} --token-file FILE</code></>
        : <>Commands take it from <code>HEAPWATCH_TOKEN</code>, or from a file by <code>--token-file</code>; programs send it as <code>Authorization: Bearer</code>.</>}</p>
      {warned && <p class="problem" role="alert">It cannot be shown again. Copy it first.</p>}
      <div class="row"><button type="button" class="primary" onClick={onClose}>I have kept it</button></div>
    </Dialog>
  );
}
