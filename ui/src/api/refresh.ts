/**
 * When the pages read again: at once on the first news, then at most once a spacing, and never while answers are
 * still under way. Moving `now` is what makes every range-dependent request of a page run again.
 */
import { effect } from "@preact/signals";
import { advance, moving, now, span } from "../lib/view";
import { pending, serverNow } from "./client";
import { liveState, onLive } from "./live";

const QUIET = 15_000; // nothing heard: ages and the right edge of charts move all the same
const POLL = 10_000; // the stream is down: ask
const SHORTEST = 900;

/** Long ranges have coarse buckets; reading them again every second would show nothing new. */
export const spacing = (width: number): number => Math.min(30_000, Math.max(SHORTEST, width / 4000));

export function startRefresh(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wanted = false;
  const attempt = () => {
    timer = undefined;
    if (!wanted || pending.peek() > 0) return;
    wanted = false;
    advance();
  };
  const soon = () => {
    wanted = true;
    if (timer !== undefined || !moving.peek()) return;
    const { from, to } = span.peek();
    const wait = now.peek() + spacing(to - from) - serverNow();
    timer = setTimeout(attempt, Math.max(0, wait));
  };
  effect(() => {
    if (pending.value === 0 && wanted) soon();
  });
  onLive(({ kind }) => {
    if (kind !== "hello") soon();
  });
  setInterval(() => {
    const age = serverNow() - now.peek();
    if (!document.hidden && age > (liveState.peek() === "open" ? QUIET : POLL)) soon();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) soon();
  });
}
