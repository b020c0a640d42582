/** The moment a leak began, on charts. */
import type { Leak } from "../api/types";
import type { Marker } from "../charts/overlay";
import type { Range } from "../lib/range";
import { plusMinus } from "./words";

export const onsetMark = (leak: Pick<Leak, "since" | "since_between">): readonly Marker[] =>
  leak.since === null ? [] : [{ time: leak.since, kind: "leak_begins", text: plusMinus(leak.since_between) }];

const MINUTE = 60_000;

/** A moving range, in whole minutes, that has the beginning in its first fifth. */
export const spanToShow = (since: number, now: number): Range => ({ kind: "relative", span: Math.max(5, Math.ceil(((now - since) * 1.2) / MINUTE)) * MINUTE });
