/** Numbers of a leak as elements, with the exact ones on hover. */
import type { Exhaustion, Interval, Leak } from "../api/types";
import { exact, moment, utc } from "../lib/format";
import { Bytes, Time, plain } from "../lib/text";
import { companions, ends, fullBetween, fullIn, pace, paceBetween, plusMinus } from "./words";

type Maybe = number | null | undefined;

export const Pace = ({ value, beside = 0 }: { readonly value: Maybe; readonly beside?: number | undefined }) => (
  <span title={value == null ? undefined : `${exact(value)} objects per second`}>{pace(value, beside)}</span>
);

export const PaceBetween = ({ between }: { readonly between: readonly [number | null, number | null] | null }) =>
  between ? <i title="95 % interval">{paceBetween(between)}</i> : null;

export function Since({ at, between }: { readonly at: number | null; readonly between: Interval | null }) {
  const hover = between ? `between ${moment(between[0])} and ${moment(between[1])}\n${utc(between[0])} – ${utc(between[1])}` : undefined;
  return <><Time value={at} />{between && <> <i title={hover}>{plusMinus(between)}</i></>}</>;
}

/** Shallow bytes that each leaked object keeps, with what comes along. */
export function Each({ leak }: { readonly leak: Pick<Leak, "bytes_per_leak" | "family" | "class"> }) {
  const others = companions(leak);
  if (!leak.bytes_per_leak) return <span class="none">–</span>;
  return <><Bytes value={leak.bytes_per_leak} noun="bytes, shallow" /> <i>shallow{others > 0 && `, with ${others} companion${others === 1 ? "" : "s"}`}</i></>;
}

/** When a heap (or another resource) ends: the estimate, its interval, and where. */
export function End({ end, host = true, what = false }: { readonly end: Exhaustion | null; readonly host?: boolean; readonly what?: boolean }) {
  if (!end) return <span class="none" title="Nothing ends as far as this can be foreseen">–</span>;
  const between = fullBetween(end.between_s);
  return (
    <>
      <span title={end.in_s === null ? undefined : `${ends(end)} in ${exact(end.in_s, "seconds")}`}>{fullIn(end.in_s)}</span>{" "}
      <i>{[what && ends(end), between, host && end.host && `on ${plain(end.host)}`].filter(Boolean).join(", ")}</i>
    </>
  );
}
