/** Adding, changing and removing users. */
import { useId, useState } from "preact/hooks";
import { send } from "../../api/client";
import { who } from "../../api/session";
import type { UserRow, UserRules } from "../../api/types";
import { plain } from "../../lib/text";
import { Ask } from "./ask";
import { isLastAdmin, passwordFault, passwordRule, ROLES } from "./rules";

interface Change {
  readonly user: UserRow;
  readonly users: readonly UserRow[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

const addressOf = (user: UserRow): string => `users/${encodeURIComponent(user.name)}`;
const isMe = (user: UserRow): boolean => who.value?.kind === "user" && who.value.name === user.name;

export function Add({ rules, first, onClose, onDone }: { readonly rules: UserRules; readonly first: boolean; readonly onClose: () => void; readonly onDone: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>(first ? "admin" : "viewer");
  const [password, setPassword] = useState("");
  const add = async () => {
    await send("users", { method: "POST", body: { name: name.trim(), role, password } });
    onDone();
  };
  return (
    <Ask title="Add a user" done="Add" ready={name.trim() !== "" && !passwordFault(password, rules)} onClose={onClose} onDone={add}
      {...(first ? { hint: "From the first user on everybody has to sign in, you too." } : {})}>
      <label>Name<input autocomplete="off" autocapitalize="none" spellcheck={false} required autofocus maxLength={100} placeholder="ann" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <Role value={role} onChange={setRole} />
      <Password value={password} rules={rules} onChange={setPassword} />
    </Ask>
  );
}

export function SetRole({ user, users, onClose, onDone }: Change) {
  const [role, setRole] = useState<string>(user.role);
  const change = async () => {
    await send(`${addressOf(user)}/role`, { method: "PUT", body: { role } });
    onDone();
  };
  return (
    <Ask title={`Change the role of ${plain(user.name)}`} done="Change it" ready={role !== user.role} onClose={onClose} onDone={change}
      hint={isMe(user) ? "This is you: you will have to sign in again." : "Their sessions end; they sign in again."}>
      <Role value={role} onChange={setRole} />
      {role !== "admin" && <LastAdmin user={user} users={users} />}
    </Ask>
  );
}

export function SetPassword({ user, rules, onClose, onDone }: Omit<Change, "users"> & { readonly rules: UserRules }) {
  const [password, setPassword] = useState("");
  const change = async () => {
    await send(`${addressOf(user)}/password`, { method: "PUT", body: { password } });
    onDone();
  };
  return (
    <Ask title={`Set a password for ${plain(user.name)}`} done="Set it" ready={!passwordFault(password, rules)} onClose={onClose} onDone={change}
      hint={isMe(user) ? "This is you: you will have to sign in again." : "Their sessions end; they sign in with the new one, and can change it themselves."}>
      <Password value={password} rules={rules} focused onChange={setPassword} />
    </Ask>
  );
}

export function SignOut({ user, onClose, onDone }: Omit<Change, "users">) {
  const end = async () => {
    await send(`${addressOf(user)}/sessions`, { method: "DELETE" });
    onDone();
  };
  return (
    <Ask title={`Sign ${plain(user.name)} out?`} done="Sign out" keep="Keep" onClose={onClose} onDone={end}>
      <p>{isMe(user) ? "This is you. All your sessions end, in every browser." : "All their sessions end, in every browser."} Whoever still knows the password may sign in again; tokens stay as they are.</p>
    </Ask>
  );
}

export function Remove({ user, users, alone, onClose, onDone }: Change & { readonly alone: boolean }) {
  const remove = async () => {
    await send(addressOf(user), { method: "DELETE" });
    onDone();
  };
  return (
    <Ask title={`Remove ${plain(user.name)}?`} done="Remove" keep="Keep" onClose={onClose} onDone={remove}>
      <p>{isMe(user) ? "This is you. Your sessions end at once, and you cannot sign in any more." : "Their sessions end at once, and they cannot sign in any more."} What {isMe(user) ? "you" : "they"} did stays in the audit.</p>
      {alone ? <p class="warn">Nobody else is known here. A server on loopback is then open to everybody on its machine.</p> : <LastAdmin user={user} users={users} />}
    </Ask>
  );
}

function LastAdmin({ user, users }: { readonly user: UserRow; readonly users: readonly UserRow[] }) {
  if (!isLastAdmin(user, users)) return null;
  return <p class="warn">This is the last administrator with a password. Afterwards users are changed with a token of the scope admin, or by <code>heapwatch user</code> on the server's machine.</p>;
}

function Role({ value, onChange }: { readonly value: string; readonly onChange: (role: string) => void }) {
  return (
    <fieldset class="checks">
      <legend>Role</legend>
      {ROLES.map((role) => (
        <label key={role.name}>
          <input type="radio" name="role" value={role.name} checked={value === role.name} onChange={() => onChange(role.name)} />
          <span><strong>{role.name}</strong> <span class="note">{role.may}</span></span>
        </label>
      ))}
    </fieldset>
  );
}

const READABLE = { type: "text" } as const;
const HIDDEN = { type: "password" } as const;

function Password({ value, rules, focused = false, onChange }: { readonly value: string; readonly rules: UserRules; readonly focused?: boolean; readonly onChange: (text: string) => void }) {
  const [shown, setShown] = useState(false);
  const id = useId();
  const fault = value ? passwordFault(value, rules) : "";
  return (
    <>
      <label>Password<input {...(shown ? READABLE : HIDDEN)} autocomplete="new-password" spellcheck={false} required autofocus={focused} aria-describedby={id} value={value} onInput={(event) => onChange(event.currentTarget.value)} /></label>
      <div class="checks"><label><input type="checkbox" checked={shown} onChange={() => setShown(!shown)} />Show it</label></div>
      <p class={fault ? "problem" : "hint"} id={id}>{fault || passwordRule(rules)}</p>
    </>
  );
}
