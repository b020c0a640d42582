/** Runs in words: what a state means, what began one, how long is left to answer. */
import { duration } from "../../lib/format";
import { plain } from "../../lib/text";

/** In the order in which a run goes through them; the last seven are ends. */
export const STATES = ["queued", "delayed", "running", "waiting_approval", "succeeded", "failed", "timed_out", "cancelled", "denied", "expired", "skipped"] as const;
const UNDER_WAY: readonly string[] = ["queued", "delayed", "running", "waiting_approval"];
const WORDS: Readonly<Record<string, string>> = {
  waiting_approval: "waits for approval", timed_out: "timed out", dry_run: "dry run", skipped: "left out", unknown: "unknown: it was interrupted",
  pending: "not begun yet",
};

export const said = (state: string): string => WORDS[state] ?? plain(state.replace(/_/g, " "));
export const underWay = (state: string): boolean => UNDER_WAY.includes(state);

/** What runs may do to others without being asked, in the words of a sentence. */
export function leave(destructive: string): string {
  if (destructive === "dry_run") return "only said, not done";
  return destructive === "allowed" ? "done without asking" : "done after an approval";
}

const KINDS: Readonly<Record<string, string>> = { manual: "by hand", every: "by the clock", cron: "by the clock", undo: "undoes a run" };
const OF_A_TRIGGER = ["monitor", "state", "by", "run", "text", "note"] as const;

/** `monitor: heap, critical`: what began a run, with what is known of it. */
export function began(trigger: Readonly<Record<string, unknown>>): string {
  const kind = String(trigger["kind"] ?? "–");
  const words = OF_A_TRIGGER.map((name) => trigger[name]).filter((value) => typeof value === "string" && value !== "");
  const first = KINDS[kind] ?? kind;
  return plain(words.length ? `${first}: ${words.join(", ")}` : first);
}

/** How long an answer is still taken; by the second, so that it is seen to go down. */
export function left(expires: number | null, now: number): string {
  if (expires === null) return "without end";
  return expires <= now ? "over" : `${duration(Math.ceil((expires - now) / 1000) * 1000)} left`;
}

/** How long something took, or takes until now. */
export function took(started: number | null, ended: number | null, now: number): number | null {
  return started === null ? null : Math.max(0, (ended ?? Math.max(now, started)) - started);
}

/** `host=web1`, one a line; null where a line is no such pair. */
export function labelsOf(text: string): Record<string, string> | null {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const pairs = lines.map((line) => [line.slice(0, Math.max(line.indexOf("="), 0)).trim(), line.slice(line.indexOf("=") + 1).trim()] as const);
  return pairs.every(([name]) => name) ? Object.fromEntries(pairs) : null;
}

const MOST = 20_000;

/** Lines stay lines, everything else that could rearrange them is written out; no more than a screen can bear. */
export function block(text: string): string {
  const shown = text.slice(0, MOST).split(/\r?\n/).map((line) => plain(line.replace(/\t/g, "    "))).join("\n");
  return text.length > MOST ? `${shown}\n… and ${text.length - MOST} more characters` : shown;
}

/** Texts as they are, under their names; everything else as JSON. */
export function written(values: Readonly<Record<string, unknown>>): string {
  return block(Object.entries(values).map(([name, value]) => `${name}: ${typeof value === "string" ? (value.includes("\n") ? `\n${value}` : value) : JSON.stringify(value, null, 2)}`).join("\n"));
}
