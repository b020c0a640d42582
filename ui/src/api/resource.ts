/** An answer of the server in a component: what was known stays on the screen while the next one is fetched. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get, post, token, type Value } from "./client";

export interface Resource<T> {
  readonly data: T | null;
  readonly error: ApiError | null;
  readonly loading: boolean;
  readonly reload: () => void;
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "unexpected", String(error));
}

/** Loads again whenever the parameters (or `moment`) change; `null` parameters load nothing. */
export function useApi<T>(path: string, params: Readonly<Record<string, Value>> | null, moment = 0): Resource<T> {
  return useAnswer<T, Readonly<Record<string, Value>>>(path, params, moment, get);
}

/** The same with a body: a query and its range. */
export function usePost<T>(path: string, body: Readonly<Record<string, unknown>> | null, moment = 0): Resource<T> {
  return useAnswer<T, Readonly<Record<string, unknown>>>(path, body, moment, post);
}

type Load<Asked> = <T>(path: string, asked: Asked, abort: AbortSignal) => Promise<T>;

function useAnswer<T, Asked>(path: string, params: Asked | null, moment: number, load: Load<Asked>): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, "reload">>({ data: null, error: null, loading: true });
  const [again, setAgain] = useState(0);
  const key = params === null ? null : JSON.stringify(params);
  const latest = useRef(params);
  latest.current = params;
  useEffect(() => {
    const wanted = latest.current;
    if (wanted === null) {
      setState({ data: null, error: null, loading: false });
      return undefined;
    }
    const abort = new AbortController();
    setState((old) => (old.loading ? old : { ...old, loading: true }));
    load<T>(path, wanted, abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ data, error: null, loading: false });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setState((old) => ({ ...old, error: asApiError(error), loading: false }));
      },
    );
    return () => abort.abort();
  }, [path, key, again, moment, token.value]);
  return { ...state, reload: () => setAgain((count) => count + 1) };
}
