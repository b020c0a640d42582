/** Search in messages: how many came when, the messages, their signatures, or what the query made of them. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { usePost } from "../../api/resource";
import type { Counts, LogsAnswer } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { Segments } from "../../lib/controls";
import { count, exact } from "../../lib/format";
import { later } from "../../lib/later";
import { go, link, patch, query } from "../../lib/router";
import { moving, span } from "../../lib/view";
import { Refused, ReadOf, WarningList } from "../../query/asked";
import { QueryBar } from "../../query/bar";
import { remember } from "../../query/history";
import { narrowedBy } from "../../query/scope";
import { OverlaySwitches, useOverlays } from "../../query/overlays";
import { Take } from "../../query/take";
import { Aggregate } from "./aggregate";
import { MessageList } from "./list";
import { messages } from "./rows";
import { Signatures } from "./signatures";
import { useTail } from "./tail";

const Keep = later(() => import("../../query/keep"));

const LIMIT = 1000;
const STEP = 5000; // ms: messages are many, so they are not read again with every sample of a metric
const HINT = "error OR exception host=web*      // then | parse, where, count by, logreduce …";

export default function Logs() {
  const q = query.value.get("q") ?? "";
  const asked = q.trim() || "*";
  const view = query.value.get("view") === "signatures" ? "signatures" : "messages";
  const order = query.value.get("order") === "asc" ? "asc" : "desc";
  const following = query.value.get("follow") === "1";
  const [text, setText] = useState(q);
  const [keeping, setKeeping] = useState(false);
  const { from, to } = span.value;
  const end = moving.value ? Math.ceil(to / STEP) * STEP : Math.round(to);
  const start = Math.round(end - (to - from));
  const answer = usePost<LogsAnswer>("logs/query", following ? null : { query: asked, from: String(start), to: String(end), limit: LIMIT, order });
  useEffect(() => {
    document.title = "Logs · heapwatch";
    liveFilter.value = {};
  }, []);
  useEffect(() => setText(q), [q]);
  const run = (next: string) => {
    remember(next, "logs", Date.now());
    if (next.trim() === q.trim()) answer.reload();
    else patch({ q: next.trim() }, "push");
  };
  const narrow = (name: string, value: string, not: boolean) => run(narrowedBy(q, name, value, not));
  const { data } = answer;
  return (
    <section class="page logs">
      <div class="bar">
        <h1>Logs</h1>
        <Segments label="Language" value="logs" onChoose={(value) => value === "metrics" && go(link("/explore"))} choices={[{ value: "metrics", title: "Metrics", help: "Ask about numbers" }, { value: "logs", title: "Logs" }]} />
        <button type="button" aria-pressed={following} class="follow" onClick={() => patch({ follow: following ? null : "1" }, "push")} title="Show messages as they come in">{following ? "Stop following" : "Follow"}</button>
        <span class="spacer" />
        <Take query={asked} lang="logs" />
        <button type="button" onClick={() => setKeeping(true)}>Save to dashboard</button>
      </div>
      <QueryBar lang="logs" text={text} asked={q} error={following ? null : answer.error} known={data !== null} hint={HINT} busy={answer.loading} onText={setText} onRun={run}>
        <span class="spacer" />
        {data && !following && (
          <p class="used">
            {data.kind === "messages" && <span title={exact(data.total)}>{data.total === 1 ? "1 message" : `${count(data.total)} messages`}{data.total > LIMIT && `, the ${order === "desc" ? "newest" : "oldest"} ${exact(LIMIT)} below`}</span>}
            <ReadOf read={data.read} took={data.took_ms} />
          </p>
        )}
      </QueryBar>
      {following ? <Following asked={asked} onField={narrow} onUse={run} /> : (
        <>
          {data && <WarningList warnings={data.warnings} />}
          {data?.counts && <Histogram counts={data.counts} loading={answer.loading} />}
          {data?.kind === "aggregate" && <Aggregate answer={data} loading={answer.loading} />}
          {data?.kind === "messages" && <Found data={data} asked={asked} view={view} order={order} from={start} to={end} onField={narrow} outdated={answer.loading} />}
          {!data && !answer.error && <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>}
        </>
      )}
      {keeping && <Keep panel={{ logs: asked, unit: "number", chart: data?.kind === "aggregate" && "_timeslice" in data.columns ? "line" : "table" }} onClose={() => setKeeping(false)} />}
    </section>
  );
}

function Histogram({ counts, loading }: { readonly counts: Counts; readonly loading: boolean }) {
  const overlays = useOverlays({});
  const lines = useMemo(() => [{ key: "count", label: "messages", values: counts.values, slot: 0, bars: true }], [counts]);
  return (
    <TimeChart title="Messages over time" times={counts.times} lines={lines} interval={counts.interval_s * 1000} unit="count" height={96} markers={overlays.markers} loading={loading}
      empty="No message in this range" controls={<OverlaySwitches problem="" only="events" />} />
  );
}

interface FoundProps {
  readonly data: LogsAnswer;
  readonly asked: string;
  readonly view: "messages" | "signatures";
  readonly order: "asc" | "desc";
  readonly from: number;
  readonly to: number;
  readonly outdated: boolean;
  readonly onField: (name: string, value: string, not: boolean) => void;
}

function Found({ data, asked, view, order, from, to, outdated, onField }: FoundProps) {
  const wrap = query.value.get("wrap") === "1";
  const rows = useMemo(() => messages(data.columns, data.order), [data]);
  return (
    <section class="card fill-rest" aria-label={view === "messages" ? "Messages" : "Signatures"}>
      <header>
        <Segments label="Shown as" value={view} onChoose={(next) => patch({ view: next === "messages" ? null : next }, "push")}
          choices={[{ value: "messages", title: "Messages" }, { value: "signatures", title: "Signatures", help: "Kinds of messages: what varies in them is a star" }]} />
        {view === "messages" && (
          <>
            <Segments label="Order" value={order} onChoose={(next) => patch({ order: next === "desc" ? null : next }, "push")} choices={[{ value: "desc", title: "Newest first" }, { value: "asc", title: "Oldest first" }]} />
            <button type="button" aria-pressed={wrap} class="quiet" onClick={() => patch({ wrap: wrap ? null : "1" })}>{wrap ? "Cut long lines" : "Wrap lines"}</button>
          </>
        )}
      </header>
      {view === "signatures" ? <Signatures asked={asked} from={from} to={to} /> : rows.length ? (
        <MessageList rows={rows} wrap={wrap} today={to} view={`${asked} ${order}`} onField={onField} />
      ) : (
        <p class="no-match" data-outdated={outdated}>No message matches in this range. {asked === "*" && <>Logs come in by HTTP, syslog and from agents that follow files.</>}</p>
      )}
    </section>
  );
}

function Following({ asked, onField, onUse }: { readonly asked: string; readonly onField: (name: string, value: string, not: boolean) => void; readonly onUse: (query: string) => void }) {
  const tail = useTail(asked);
  const wrap = query.value.get("wrap") === "1";
  return (
    <>
      {tail.error && <Refused error={tail.error} onRetry={() => onUse(asked)} onUse={onUse} known={false} />}
      <section class="card fill-rest" aria-label="Messages as they come in">
        <header>
          <p class="tally" role="status">{tail.state === "open" ? `Following: ${count(tail.rows.length)} so far, newest first` : tail.state === "lost" ? "The stream ended; trying again" : "Connecting"}</p>
          <button type="button" aria-pressed={wrap} class="quiet" onClick={() => patch({ wrap: wrap ? null : "1" })}>{wrap ? "Cut long lines" : "Wrap lines"}</button>
        </header>
        {tail.rows.length ? <MessageList rows={tail.rows} wrap={wrap} today={Date.now()} view={asked} onField={onField} following /> : <p class="no-match">Nothing came yet that matches.</p>}
      </section>
    </>
  );
}
