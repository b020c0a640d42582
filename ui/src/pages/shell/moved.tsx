/** Pages that have another address now: old links lead there, with all that they said. */
import { useEffect } from "preact/hooks";
import { go, query, written } from "../../lib/router";

export function moved(to: string) {
  return function Moved() {
    useEffect(() => go(written(to, query.value), "replace"), []);
    return null;
  };
}
