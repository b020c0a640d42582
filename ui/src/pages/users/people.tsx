/** People: with a password here, or let in by an OpenID provider. */
import { useState } from "preact/hooks";
import type { Resource } from "../../api/resource";
import { who } from "../../api/session";
import type { TokenRow, UserList, UserRow } from "../../api/types";
import { count, exact, NONE } from "../../lib/format";
import { Ago, plain } from "../../lib/text";
import { Card, Part } from "../doors/card";
import { leavesNobody, shownUsers } from "./rules";
import { Add, Remove, SetPassword, SetRole, SignOut } from "./userdialogs";

type Doing = { readonly what: "role" | "password" | "signout" | "remove"; readonly user: UserRow } | { readonly what: "add" } | null;

export function People({ answer, tokens, text }: { readonly answer: Resource<UserList>; readonly tokens: readonly TokenRow[] | null; readonly text: string }) {
  const [doing, setDoing] = useState<Doing>(null);
  const users = answer.data?.users ?? [];
  const shown = shownUsers(users, text);
  const close = () => setDoing(null);
  const note = shown.length === users.length ? count(users.length) : `${count(shown.length)} of ${count(users.length)}`;
  const change = { users, onClose: close, onDone: answer.reload };
  return (
    <Card title="Users" {...(users.length ? { note } : {})} aside={answer.data && <button type="button" class="primary" onClick={() => setDoing({ what: "add" })}>Add a user</button>}>
      <Part of={answer}>{() => (shown.length ? <Rows users={shown} onDo={setDoing} /> : users.length ? <p class="no-match">No user like that.</p> : <Nobody />)}</Part>
      {doing && answer.data && (
        doing.what === "add" ? <Add rules={answer.data} first={who.value?.open ?? false} onClose={close} onDone={answer.reload} />
          : doing.what === "role" ? <SetRole user={doing.user} {...change} />
            : doing.what === "password" ? <SetPassword user={doing.user} rules={answer.data} onClose={close} onDone={answer.reload} />
              : doing.what === "signout" ? <SignOut user={doing.user} onClose={close} onDone={answer.reload} />
                : <Remove user={doing.user} alone={tokens !== null && leavesNobody(users, tokens)} {...change} />
      )}
    </Card>
  );
}

function Nobody() {
  return who.value?.open
    ? <p class="no-match">No users yet: whoever reaches this server may do everything. From the first one on everybody has to sign in.</p>
    : <p class="no-match">No user has a password here; people of an OpenID provider appear while they are signed in.</p>;
}

function Rows({ users, onDo }: { readonly users: readonly UserRow[]; readonly onDo: (doing: Doing) => void }) {
  return (
    <div class="sideways" tabIndex={0} role="group" aria-label="Users, a wide table">
      <table class="plain-table" aria-label="Users">
        <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Signs in with</th><th scope="col" class="number">Added</th><th scope="col" class="number">Last sign-in</th><th scope="col" class="number" title="In how many browsers they are signed in now">Sessions</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
        <tbody>{users.map((user) => <Row key={`${user.source} ${user.name}`} user={user} onDo={onDo} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ user, onDo }: { readonly user: UserRow; readonly onDo: (doing: Doing) => void }) {
  const name = plain(user.name);
  const me = who.value;
  const mine = me?.name === user.name && me.kind === (user.source === "oidc" ? "oidc" : "user");
  return (
    <tr>
      <td><bdi class="strong">{name}</bdi>{mine && <span class="note"> (you)</span>}</td>
      <td>{plain(user.role)}</td>
      <td>{user.source === "oidc" ? "OpenID" : "password"}</td>
      <td class="number">{user.created === null ? NONE : <Ago value={user.created} />}</td>
      <td class="number"><Ago value={user.last_signin} /></td>
      <td class="number" title={exact(user.sessions)}>{user.sessions ? count(user.sessions) : NONE}</td>
      <td class="actions">
        {user.sessions > 0 && <button type="button" class="quiet" aria-label={`Sign ${name} out`} onClick={() => onDo({ what: "signout", user })}>Sign out</button>}
        {user.source === "oidc" ? <span class="note">kept by the provider</span> : (
          <>
            <button type="button" class="quiet" aria-label={`Change the role of ${name}`} onClick={() => onDo({ what: "role", user })}>Role</button>
            <button type="button" class="quiet" aria-label={`Set a password for ${name}`} onClick={() => onDo({ what: "password", user })}>Password</button>
            <button type="button" class="quiet" aria-label={`Remove ${name}`} onClick={() => onDo({ what: "remove", user })}>Remove</button>
          </>
        )}
      </td>
    </tr>
  );
}
