/** The editor's questions to the server while a query is being written. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, post } from "../api/client";
import { asApiError } from "../api/resource";
import type { Completions } from "../editor/mount";
import type { Lang } from "./forms";

export const complete = (lang: Lang) => (query: string, position: number, abort: AbortSignal): Promise<Completions> =>
  post<Completions>("query/complete", { query, position, language: lang }, abort);

export const format = async (query: string, lang: Lang): Promise<string> => (await post<{ query: string }>("query/format", { query, language: lang })).query;

const REST = 500; // ms without a key before the text is judged

/** What is wrong with a text that was not run yet; null while it is being written, and when all is well. */
export function useFlaw(text: string, lang: Lang, asked: string): ApiError | null {
  const [flaw, setFlaw] = useState<{ text: string; error: ApiError } | null>(null);
  useEffect(() => {
    if (!text.trim() || text === asked) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      post("query/check", { query: text, language: lang }, abort.signal).then(
        () => setFlaw(null),
        (error: unknown) => {
          if (!abort.signal.aborted) setFlaw({ text, error: asApiError(error) });
        },
      );
    }, REST);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, lang, asked]);
  return flaw?.text === text && flaw.error.flaw ? flaw.error : null;
}
