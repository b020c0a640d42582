/**
 * Messages as they come in: one stream, newest first, over fetch because EventSource cannot carry a token. Opened
 * again with back-off when it breaks; only the newest are kept.
 */
import { useEffect, useState } from "preact/hooks";
import { ApiError, address, headers } from "../../api/client";
import { backOff } from "../../api/live";
import { asApiError } from "../../api/resource";
import { EventReader } from "../../api/sse";
import type { Columns } from "../../api/types";
import { messages, type Message } from "./rows";

const KEPT = 2000;
const SILENCE = 60_000;

export interface Tail {
  readonly rows: readonly Message[];
  readonly state: "connecting" | "open" | "lost";
  readonly error: ApiError | null;
}

/** What came last stands first; each message once, also after the stream was opened again. */
export function joined(fresh: readonly Message[], known: readonly Message[], kept = KEPT): Message[] {
  const keys = new Set(known.map((row) => row.key));
  const added = fresh.filter((row) => !keys.has(row.key)).sort((a, b) => b.time - a.time);
  return [...added, ...known].slice(0, kept);
}

/** The columns of one event; what is not understood is left out. */
export function parsedTail(data: string): Message[] {
  try {
    const value = JSON.parse(data) as { columns?: Columns; order?: string[] } | null;
    return value?.columns ? messages(value.columns, value.order ?? []) : [];
  } catch {
    return [];
  }
}

export function useTail(query: string | null): Tail {
  const [tail, setTail] = useState<Tail>({ rows: [], state: "connecting", error: null });
  useEffect(() => {
    setTail({ rows: [], state: "connecting", error: null });
    if (query === null) return undefined;
    const stop = new AbortController();
    void follow(query, stop.signal, (change) => setTail((old) => ({ ...old, ...change(old) })));
    return () => stop.abort();
  }, [query]);
  return tail;
}

type Change = (change: (old: Tail) => Partial<Tail>) => void;

async function follow(query: string, stop: AbortSignal, change: Change): Promise<void> {
  let tries = 0;
  while (!stop.aborted) {
    const refused = await listen(query, stop, change, () => (tries = 0));
    if (stop.aborted) return;
    if (refused) {
      change(() => ({ state: "lost", error: refused }));
      return;
    }
    change(() => ({ state: "lost" }));
    await new Promise((resolve) => setTimeout(resolve, backOff(tries++)));
  }
}

/** One connection from its opening to its end; an error of the query is the end of all. */
async function listen(query: string, stop: AbortSignal, change: Change, onOpen: () => void): Promise<ApiError | null> {
  const connection = new AbortController();
  const close = () => connection.abort();
  stop.addEventListener("abort", close);
  let watchdog = setTimeout(close, SILENCE);
  try {
    const response = await fetch(address("logs/tail", { query }), { headers: { ...headers(), accept: "text/event-stream" }, signal: connection.signal });
    if (response.status >= 400 && response.status < 500) {
      const body = (await response.json()) as { error?: { code?: string; message?: string; hint?: string } };
      return new ApiError(response.status, body.error?.code ?? "error", body.error?.message ?? "The server refused.", body.error?.hint ?? "");
    }
    if (!response.ok || !response.body) return null;
    change(() => ({ state: "open" }));
    onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return null;
      clearTimeout(watchdog);
      watchdog = setTimeout(close, SILENCE);
      const fresh = events.push(value).filter(({ event }) => event === "logs").flatMap(({ data }) => parsedTail(data));
      if (fresh.length) change((old) => ({ rows: joined(fresh, old.rows) }));
    }
  } catch (error) {
    return stop.aborted || !(error instanceof SyntaxError) ? null : asApiError(error);
  } finally {
    clearTimeout(watchdog);
    stop.removeEventListener("abort", close);
    connection.abort();
  }
}
