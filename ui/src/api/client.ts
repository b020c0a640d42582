/** One way to ask the server: who is asking, typed errors, and what is known of the server's clock and health. */
import { computed, signal } from "@preact/signals";

const TOKEN_KEY = "heapwatch.token";
const stored = typeof sessionStorage === "undefined" ? "" : (sessionStorage.getItem(TOKEN_KEY) ?? "");

/** Kept for this tab only; gone when it is closed. */
export const token = signal(stored);
export const tokenAsked = signal(false);
export const tokenRefused = signal(false);

/** What a change by a session's cookie carries; only our own pages can read it (api/session.ts). */
export const csrf = signal("");
let before: () => Promise<void> = () => Promise.resolve();

/** Waited for before anything is sent: until it is known who is asking. */
export function beforeChanges(wait: () => Promise<void>): void {
  before = wait;
}

/** The last time anything came from the server, and whether the last try failed to reach it. */
export const heardAt = signal(0);
export const unreachable = signal(false);
const skew = signal(0);
const NOTICED_SKEW = 5000;

/** The server's clock: a laptop that is minutes off must still see the newest samples. */
export const serverNow = (): number => Date.now() + skew.peek();
export const clockIsOff = computed(() => skew.value !== 0);

/** Where in a query something is wrong, and what would be right there. */
export interface Flaw {
  readonly line: number;
  readonly column: number;
  readonly start: number;
  readonly end: number;
  readonly expected: readonly string[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = "",
    readonly flaw: Flaw | null = null,
    /** A query that would fit, where the asked one was too big. */
    readonly suggestion = "",
  ) {
    super(message);
  }
}

export type Value = string | number | readonly string[] | null | undefined;

export function address(path: string, params: Readonly<Record<string, Value>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    const values = Array.isArray(value) ? (value as readonly string[]) : [value as string | number | null | undefined];
    for (const one of values) if (one !== null && one !== undefined && one !== "") query.append(name, String(one));
  }
  const text = query.toString();
  return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

export function headers(): Record<string, string> {
  return token.peek() ? { authorization: `Bearer ${token.peek()}` } : {};
}

export function useToken(value: string): void {
  sessionStorage.setItem(TOKEN_KEY, value);
  tokenRefused.value = false;
  tokenAsked.value = false;
  token.value = value;
}

export function forgetToken(): void {
  sessionStorage.removeItem(TOKEN_KEY);
  token.value = "";
}

/** What is sent along: nothing for a GET. */
export interface Sent {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  /** Sent before anybody is known: a sign-in. */
  readonly first?: boolean;
}

/** A response that is fine, or the error that it is. */
export async function request(url: string, abort?: AbortSignal, accept = "application/json", sent?: Sent): Promise<Response> {
  let response: Response;
  if (sent && !sent.first) await before();
  const proof: Record<string, string> = sent && csrf.peek() ? { "x-csrf-token": csrf.peek() } : {};
  const body = sent?.body === undefined ? null : JSON.stringify(sent.body);
  try {
    response = await fetch(url, {
      method: sent?.method ?? "GET", body, signal: abort ?? null, cache: "no-store",
      headers: { ...headers(), ...proof, accept, ...(body === null ? {} : { "content-type": "application/json" }) },
    });
  } catch (error) {
    if (abort?.aborted) throw error;
    unreachable.value = true;
    throw new ApiError(0, "unreachable", "The server does not answer.", "Is heapwatch serve still running?");
  }
  heard(response);
  if (response.ok) return response;
  throw await refusal(response);
}

function heard(response: Response): void {
  unreachable.value = false;
  heardAt.value = Date.now();
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(date)) return;
  const off = date + 500 - Date.now();
  skew.value = Math.abs(off) > NOTICED_SKEW ? off : 0;
}

async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) {
    tokenRefused.value = token.peek() !== "";
    tokenAsked.value = true;
  }
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim() + ".";
  try {
    const body: unknown = await response.json();
    const error = (body as { error?: Record<string, unknown> }).error ?? {};
    const text = (name: string, otherwise = "") => (typeof error[name] === "string" ? (error[name] as string) : otherwise);
    return new ApiError(response.status, text("code", "error"), text("message", fallback), text("hint"), flawOf(error), text("suggestion"));
  } catch {
    return new ApiError(response.status, "error", fallback);
  }
}

function flawOf(error: Readonly<Record<string, unknown>>): Flaw | null {
  const number = (name: string) => (typeof error[name] === "number" ? (error[name] as number) : null);
  const [line, column, start, end] = [number("line"), number("column"), number("start"), number("end")];
  if (line === null || column === null || start === null || end === null) return null;
  const expected = Array.isArray(error["expected"]) ? error["expected"].map(String) : [];
  return { line, column, start, end, expected };
}

/** Answers under way. Live data waits for them, so that a slow server is never asked faster than it answers. */
export const pending = signal(0);

export async function get<T>(path: string, params: Readonly<Record<string, Value>>, abort?: AbortSignal): Promise<T> {
  pending.value++;
  try {
    const response = await request(address(path, params), abort);
    return (await response.json()) as T;
  } finally {
    pending.value--;
  }
}

const NOTHING_TO_SAY = 204;

/** A question that is too long for an address, or a change. */
export async function send<T>(path: string, sent: Sent, abort?: AbortSignal): Promise<T> {
  pending.value++;
  try {
    const response = await request(address(path), abort, "application/json", sent);
    return response.status === NOTHING_TO_SAY ? (undefined as T) : ((await response.json()) as T);
  } finally {
    pending.value--;
  }
}

export const post = <T>(path: string, body: unknown, abort?: AbortSignal): Promise<T> => send<T>(path, { method: "POST", body }, abort);

export async function getText(path: string, params: Readonly<Record<string, Value>>, abort?: AbortSignal): Promise<string> {
  const response = await request(address(path, params), abort, "text/plain");
  return response.text();
}
