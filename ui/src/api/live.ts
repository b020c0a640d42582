/**
 * What the server says as it happens. One stream a tab (browsers allow six connections to a host), over fetch
 * because EventSource cannot carry a token; closed while the tab is hidden, reopened with back-off, and after
 * every gap the pages read everything again.
 */
import { effect, signal } from "@preact/signals";
import { paused, range } from "../lib/view";
import { address, headers, heardAt, token, tokenAsked, type Value } from "./client";
import { EventReader } from "./sse";

export type LiveState = "off" | "connecting" | "open" | "lost";
export interface LiveMessage {
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}
type Listener = (message: LiveMessage) => void;

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const SILENCE = 50_000; // the server sends a heartbeat at least every 15 s

export const liveState = signal<LiveState>("off");
export const retryAt = signal(0);
export const liveFilter = signal<Readonly<Record<string, Value>>>({});

const listeners = new Set<Listener>();
const hidden = signal(typeof document !== "undefined" && document.hidden);
const attempt = signal(0);

export function onLive(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const retryNow = (): void => {
  attempt.value++;
};

/** How long to wait before try n (from 0), spread so that a restarted server is not met by all tabs at once. */
export function backOff(tries: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries) * (0.7 + 0.6 * random());
}

export function startLive(): void {
  document.addEventListener("visibilitychange", () => (hidden.value = document.hidden));
  effect(() => {
    void attempt.value;
    const wanted = range.value.kind === "relative" && !paused.value && !hidden.value && !tokenAsked.value;
    const url = address("live", liveFilter.value);
    void token.value;
    if (!wanted) {
      liveState.value = "off";
      return undefined;
    }
    const stop = new AbortController();
    void follow(url, stop.signal);
    return () => stop.abort();
  });
}

async function follow(url: string, stop: AbortSignal): Promise<void> {
  let tries = 0;
  liveState.value = "connecting";
  while (!stop.aborted) {
    const opened = await listen(url, stop, () => (tries = 0));
    if (stop.aborted || opened === "refused") return;
    liveState.value = "lost";
    const wait = backOff(tries++);
    retryAt.value = Date.now() + wait;
    await pause(wait, stop);
  }
}

/** One connection from its opening to its end. */
async function listen(url: string, stop: AbortSignal, onOpen: () => void): Promise<"ended" | "refused"> {
  const connection = new AbortController();
  const close = () => connection.abort();
  stop.addEventListener("abort", close);
  let watchdog = setTimeout(close, SILENCE);
  try {
    const response = await fetch(url, { headers: { ...headers(), accept: "text/event-stream" }, signal: connection.signal });
    if (response.status === 401) {
      tokenAsked.value = true;
      return "refused";
    }
    if (!response.ok || !response.body) return "ended";
    liveState.value = "open";
    onOpen();
    tell({ kind: "open", data: {} });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return "ended";
      clearTimeout(watchdog);
      watchdog = setTimeout(close, SILENCE);
      heardAt.value = Date.now();
      for (const { event, data } of events.push(value)) tell({ kind: event, data: parsed(data) });
    }
  } catch {
    return "ended"; // the wait that follows, and the banner, are the answer
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener("abort", close);
    connection.abort();
  }
}

function tell(message: LiveMessage): void {
  for (const listener of listeners) listener(message);
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
