/** Queries that were run on this computer, newest first, each once. They stay in this browser. */
import type { Lang } from "./forms";

const KEY = "heapwatch.queries";
const MOST = 100;
const LONGEST = 10_000;

export interface Remembered {
  readonly query: string;
  readonly lang: Lang;
  readonly at: number;
}

export function added(list: readonly Remembered[], next: Remembered): Remembered[] {
  const rest = list.filter((one) => one.query !== next.query || one.lang !== next.lang);
  return [next, ...rest].slice(0, MOST);
}

/** What is stored may be of another version, or of somebody's hand. */
export function understood(text: string | null): Remembered[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(list)) return [];
    return list.filter((one): one is Remembered =>
      typeof one === "object" && one !== null && typeof one.query === "string" && (one.lang === "metrics" || one.lang === "logs") && typeof one.at === "number");
  } catch {
    return [];
  }
}

export const recall = (): Remembered[] => understood(localStorage.getItem(KEY));

export function remember(query: string, lang: Lang, at: number): void {
  if (!query.trim() || query.length > LONGEST) return;
  try {
    localStorage.setItem(KEY, JSON.stringify(added(recall(), { query, lang, at })));
  } catch {
    // no room or not allowed: then it is not remembered
  }
}

export const forget = (): void => localStorage.removeItem(KEY);
