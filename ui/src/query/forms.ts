/** One query in the forms in which it can be taken elsewhere: a shell command, curl, a file's name. Pure. */
import type { Range } from "../lib/range";
import { writeSpan } from "../lib/range";

export type Lang = "metrics" | "logs";

/** One word for a POSIX shell, whatever is in it. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

export function fromTo(range: Range): { from: string; to: string } {
  if (range.kind === "relative") return { from: `-${writeSpan(range.span)}`, to: "now" };
  return { from: new Date(range.from).toISOString(), to: new Date(range.to).toISOString() };
}

export function asCommand(query: string, lang: Lang, range: Range, interval: string, server: string): string {
  const { from, to } = fromTo(range);
  const words = ["heapwatch", lang === "logs" ? "logs" : "query", shellWord(query), "--from", from];
  if (to !== "now") words.push("--to", to);
  if (interval && lang === "metrics") words.push("--interval", interval);
  if (server !== "http://127.0.0.1:7077") words.push("--server", shellWord(server));
  return words.join(" ");
}

export function asCurl(query: string, lang: Lang, range: Range, interval: string, server: string, token: boolean): string {
  const body = { query, ...fromTo(range), ...(lang === "metrics" && interval ? { interval } : {}) };
  const path = lang === "logs" ? "logs/query" : "query";
  const who = token ? ` -H "Authorization: Bearer $HEAPWATCH_TOKEN"` : "";
  return `curl -sS ${shellWord(`${server}/api/v1/${path}`)} -H 'Content-Type: application/json'${who} -d ${shellWord(JSON.stringify(body))}`;
}

/** `heapwatch-2026-11-22T140309Z` */
export const fileName = (what: string, at: number): string => `heapwatch-${what}-${new Date(at).toISOString().slice(0, 19).replace(/:/g, "")}Z`;
