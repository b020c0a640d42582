/**
 * What is laid over metric charts, chosen in the address: events as marks (`events=off` takes them away) and the
 * counts of a search in logs behind the curves (`behind=error`). The same choice goes for all charts of a page.
 */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApi, usePost } from "../api/resource";
import type { Events, LogsAnswer } from "../api/types";
import type { Behind } from "../charts/behind";
import type { Marker } from "../charts/overlay";
import { patch, query } from "../lib/router";
import { plain } from "../lib/text";
import { span } from "../lib/view";
import { scoped } from "./scope";

export interface Who {
  readonly host?: readonly string[];
  readonly jvm?: readonly string[];
}

/** What a chart needs of it. */
export interface Over {
  readonly markers: readonly Marker[];
  readonly behind: Behind | null;
}
export interface Overlays extends Over {
  readonly problem: string;
}

const NOTHING: readonly Marker[] = [];

export const markersOf = (events: Events | null): readonly Marker[] =>
  (events?.events ?? []).map((event) => ({ time: event.time, kind: event.kind, text: plain(event.text ?? "") }));

export function behindOf(answer: LogsAnswer | null, label: string): Behind | null {
  return answer?.counts ? { label, times: answer.counts.times, values: answer.counts.values, step: answer.counts.interval_s * 1000 } : null;
}

/** `known` are events that the page has asked for anyway. */
export function useOverlays(who: Who | null, known?: Events | null): Overlays {
  const { from, to } = span.value;
  const text = query.value.get("behind") ?? "";
  const withEvents = query.value.get("events") !== "off";
  const events = useApi<Events>("events", who && withEvents && known === undefined ? { ...who, from, to } : null);
  const search = who && text ? scoped(text, who) : null;
  const logs = usePost<LogsAnswer>("logs/query", search === null ? null : { query: search, from: String(from), to: String(to), limit: 0 });
  const told = known === undefined ? events.data : known;
  const markers = useMemo(() => (withEvents ? markersOf(told) : NOTHING), [told, withEvents]);
  const behind = useMemo(() => (text ? behindOf(logs.data, text) : null), [logs.data, text]);
  return { markers, behind, problem: text && logs.error ? logs.error.message : "" };
}

export function OverlaySwitches({ problem, only }: { readonly problem: string; readonly only?: "events" }) {
  const text = query.value.get("behind") ?? "";
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const withEvents = query.value.get("events") !== "off";
  return (
    <form class="overlays" onSubmit={(event) => { event.preventDefault(); patch({ behind: typed.trim() }, "push"); }}>
      <button type="button" class="chip" aria-pressed={withEvents} title="Starts, exits, deploys, out-of-memories as marks on the charts" onClick={() => patch({ events: withEvents ? "off" : null })}>Events</button>
      {only !== "events" && <label class="select">Logs behind
        <input type="search" value={typed} placeholder="such as error" spellcheck={false} autocomplete="off" aria-label="Count these log messages behind the charts" title="A search; Enter draws how many messages came when"
          onInput={(event) => { setTyped(event.currentTarget.value); if (!event.currentTarget.value) patch({ behind: null }); }} />
      </label>}
      {problem && <span class="problem" role="alert">{plain(problem)}</span>}
    </form>
  );
}
