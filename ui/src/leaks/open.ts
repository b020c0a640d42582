/**
 * The leaks that are open now, known to every page: the header counts them, fleet, JVM and class name theirs. Asked
 * for again when the server says that one changed, after a gap of the stream, and now and then (a forecast moves).
 */
import { computed, effect, signal, untracked } from "@preact/signals";
import { get, token, tokenAsked, unreachable } from "../api/client";
import { onLive, type LiveMessage } from "../api/live";
import type { Leak, LeakList } from "../api/types";
import { isOpen } from "./states";

const EVERY = 30_000;
const TOLD = new Set(["leak", "open", "resync"]);

const concernsLeaks = ({ kind, data }: LiveMessage): boolean => TOLD.has(kind) || (kind === "event" && data["kind"] === "leak");

/** Changes whenever leaks are to be asked for again. */
export const leakMoment = signal(0);
/** null until the first answer. */
export const openLeaks = signal<readonly Leak[] | null>(null);
/** What the header counts: nobody has said yet that they know. */
export const unseen = computed(() => (openLeaks.value ?? []).filter((leak) => isOpen(leak) && !leak.acknowledged));

export const askAgain = (): void => {
  leakMoment.value++;
};

export function startLeaks(): void {
  onLive((message) => {
    if (concernsLeaks(message)) askAgain();
  });
  setInterval(() => {
    if (!document.hidden) askAgain();
  }, EVERY);
  effect(() => {
    void leakMoment.value;
    void token.value;
    if (tokenAsked.value || unreachable.value) return undefined;
    const abort = new AbortController();
    untracked(() => ask(abort.signal));
    return () => abort.abort(); // a late answer to an old token must not ask for another one
  });
}

function ask(abort: AbortSignal): void {
  get<LeakList>("leaks", { state: "open" }, abort).then(
    (answer) => {
      if (!abort.aborted) openLeaks.value = answer.leaks;
    },
    () => undefined, // the page itself says what is wrong; what was known stays
  );
}
