/**
 * Who is looking at this: a user who signed in (a cookie that scripts cannot read), the holder of a token, or
 * anybody. When an answer is 401, the server is asked how one may sign in, and the page waits for that.
 */
import { computed, effect, signal, untracked } from "@preact/signals";
import { beforeChanges, csrf, forgetToken, get, send, token, tokenAsked, unreachable } from "./client";
import type { SignInWays, Who } from "./types";

export const who = signal<Who | null>(null);
const ways = signal<SignInWays | null>(null);

/** Something is on the screen that cannot be shown again; whoever has to sign in meanwhile does so afterwards. */
export const holding = signal(false);

/** Null while nobody has to sign in, or nobody can but by a token. */
export const signInWays = computed(() => (tokenAsked.value && !holding.value && ways.value && (ways.value.password || ways.value.oidc) ? ways.value : null));
/** A server that knows only tokens asks for one at once; any other when somebody wants to show one. */
export const tokenWanted = signal(false);
export const tokenPrompted = computed(() => tokenAsked.value && !holding.value && ways.value !== null && (signInWays.value === null || tokenWanted.value));

export const isAdmin = computed(() => who.value?.scopes.includes("admin") ?? false);

export function startSession(): void {
  beforeChanges(async () => {
    if (who.peek() === null) await learn();
  });
  effect(() => {
    void token.value;
    untracked(() => void learn());
  });
  let away = false;
  effect(() => {
    const back = away && !unreachable.value;
    away = unreachable.value;
    if (back && who.peek() === null && !tokenAsked.peek()) untracked(() => void learn());
  });
  effect(() => {
    const asked = tokenAsked.value;
    untracked(() => {
      ways.value = null;
      tokenWanted.value = false;
      if (!asked) return;
      take(null);
      get<SignInWays>("signin", {}).then(
        (found) => (ways.value = found),
        () => (ways.value = { password: false, oidc: "", token: true }),
      );
    });
  });
}

let round = 0;

/** A later question makes the answer to an earlier one worthless. */
async function learn(): Promise<void> {
  const mine = ++round;
  const found = await get<Who>("whoami", {}).catch(() => null);
  if (mine === round) take(found);
}

function take(found: Who | null): void {
  who.value = found;
  csrf.value = found?.csrf ?? "";
}

export async function signIn(name: string, password: string): Promise<void> {
  const found = await send<Who>("login", { method: "POST", body: { name, password }, first: true });
  round++;
  forgetToken();
  take(found);
  tokenAsked.value = false;
}

/** All sessions of the user end; the answer brings a new one. */
export async function changePassword(password: string, fresh: string): Promise<void> {
  take(await send<Who>("password", { method: "POST", body: { password, new_password: fresh } }));
}

export async function signOut(): Promise<void> {
  if (who.peek()?.kind === "token") {
    forgetToken();
  } else {
    await send<unknown>("logout", { method: "POST", body: {} });
    take(null);
  }
  tokenAsked.value = true;
}
