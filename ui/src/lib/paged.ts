/** A pager that lives as long as its component. */
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { token } from "../api/client";
import { Pager, type Fetch } from "./pager";

export function usePaged<Row, Head>(view: string, moment: string, fetch: Fetch<Row, Head>, size?: number) {
  const [, redraw] = useReducer((count: number, _: null) => count + 1, 0);
  const [pager] = useState(() => new Pager<Row, Head>(() => redraw(null), size));
  const views = useRef(0);
  useEffect(() => {
    if (pager.show(`${token.value} ${view}`, moment, fetch)) {
      views.current++;
      redraw(null);
    }
  }, [view, moment, token.value]);
  useEffect(() => () => pager.cancel(), []);
  return { pager, generation: views.current };
}
