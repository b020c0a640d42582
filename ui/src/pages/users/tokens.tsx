/** Tokens: what programs show. */
import { useState } from "preact/hooks";
import type { Resource } from "../../api/resource";
import { who } from "../../api/session";
import type { MadeToken, TokenList, TokenRow, UserRow } from "../../api/types";
import { count } from "../../lib/format";
import { Ago, plain, Time } from "../../lib/text";
import { now } from "../../lib/view";
import { Card, Part } from "../doors/card";
import { hasEnded, leavesNobody, shownTokens } from "./rules";
import { Create, Revoke, Rotate } from "./tokendialogs";

type Doing = { readonly what: "rotate" | "revoke"; readonly token: TokenRow } | { readonly what: "make" } | null;

export function Tokens({ answer, users, text, onMade }: { readonly answer: Resource<TokenList>; readonly users: readonly UserRow[] | null; readonly text: string; readonly onMade: (made: MadeToken) => void }) {
  const [doing, setDoing] = useState<Doing>(null);
  const tokens = answer.data?.tokens ?? [];
  const shown = shownTokens(tokens, text);
  const close = () => setDoing(null);
  const show = (token: MadeToken) => {
    onMade(token);
    answer.reload();
  };
  const note = shown.length === tokens.length ? count(tokens.length) : `${count(shown.length)} of ${count(tokens.length)}`;
  return (
    <Card title="Tokens" {...(tokens.length ? { note } : {})} aside={answer.data && <button type="button" onClick={() => setDoing({ what: "make" })}>Make a token</button>}>
      <Part of={answer}>{() => (shown.length ? <Rows tokens={shown} onDo={setDoing} /> : <p class="no-match">{tokens.length ? "No token like that." : "No tokens. Agents on other machines and scripts show one to be let in."}</p>)}</Part>
      {doing?.what === "make" && <Create first={who.value?.open ?? false} onClose={close} onMade={show} />}
      {doing?.what === "rotate" && <Rotate token={doing.token} onClose={close} onMade={show} />}
      {doing?.what === "revoke" && <Revoke token={doing.token} alone={users !== null && leavesNobody(users, tokens)} onClose={close} onDone={answer.reload} />}
    </Card>
  );
}

function Rows({ tokens, onDo }: { readonly tokens: readonly TokenRow[]; readonly onDo: (doing: Doing) => void }) {
  return (
    <div class="sideways" tabIndex={0} role="group" aria-label="Tokens, a wide table">
      <table class="plain-table" aria-label="Tokens">
        <thead><tr><th scope="col">Name</th><th scope="col">Scopes</th><th scope="col">Hosts</th><th scope="col" class="number" title="Made, or rotated last">Made</th><th scope="col" class="number">Ends</th><th scope="col" class="number" title="To about a minute">Last used</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{tokens.map((token) => <Row key={token.id} token={token} onDo={onDo} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ token, onDo }: { readonly token: TokenRow; readonly onDo: (doing: Doing) => void }) {
  const name = plain(token.name);
  const ended = hasEnded(token, now.value);
  const hosts = token.hosts.map(plain).join(", ");
  return (
    <tr class={ended ? "gone" : ""}>
      <td><bdi class="strong">{name}</bdi>{who.value?.kind === "token" && who.value.name === token.name && <span class="note"> (yours)</span>}</td>
      <td>{token.scopes.join(", ")}</td>
      <td class="about" title={hosts || undefined}>{hosts || (token.scopes.includes("ingest") ? "all" : "")}</td>
      <td class="number"><Ago value={token.created} /></td>
      <td class="number">{ended ? <span class="warn">has ended</span> : token.expires === null ? "never" : <Time value={token.expires} />}</td>
      <td class="number"><Ago value={token.last_used} /></td>
      <td class="actions">
        <button type="button" class="quiet" aria-label={`Rotate ${name}`} onClick={() => onDo({ what: "rotate", token })}>Rotate</button>
        <button type="button" class="quiet" aria-label={`Revoke ${name}`} onClick={() => onDo({ what: "revoke", token })}>Revoke</button>
      </td>
    </tr>
  );
}
