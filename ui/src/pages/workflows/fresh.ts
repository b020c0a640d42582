/** Asks again when the server says that a run changed, after a gap of the stream, and every few seconds. */
import { useEffect, useState } from "preact/hooks";
import { onLive } from "../../api/live";
import { isAdmin, who } from "../../api/session";

const SOON = 2000; // ms: something is under way
const SELDOM = 10_000;
const TOLD = new Set(["run", "open", "resync"]);

/** Who administers may do everything. */
export const mayAct = (): boolean => isAdmin.value || (who.value?.scopes.includes("act") ?? false);

export function useFresh(underWay: boolean): readonly [number, () => void] {
  const [moment, setMoment] = useState(0);
  const next = () => setMoment((count) => count + 1);
  useEffect(() => onLive(({ kind }) => void (TOLD.has(kind) && next())), []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || next(), underWay ? SOON : SELDOM);
    return () => clearInterval(timer);
  }, [underWay]);
  return [moment, next];
}
