/** What came with a stretch of time: log signatures that appeared, vanished or changed, and events, ranked. */
import { useState } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { Correlation, SignatureRow } from "../../api/types";
import { spoken } from "../../charts/overlay";
import { Failure } from "../../lib/controls";
import { count, duration, exact } from "../../lib/format";
import { link } from "../../lib/router";
import { Time, plain } from "../../lib/text";
import { zoomTo } from "../../lib/view";
import { WarningList } from "../../query/asked";
import type { Who } from "../../query/overlays";
import { scoped } from "../../query/scope";

interface Props {
  readonly who: Who;
  readonly from: number;
  readonly to: number;
  readonly onClose: () => void;
}

const FIRST = 6;

export default function Correlated({ who, from, to, onClose }: Props) {
  const answer = useApi<Correlation>("correlate", { host: who.host ?? [], jvm: who.jvm ?? [], from: Math.round(from), to: Math.round(to) });
  const { data } = answer;
  const nothing = data && data.appeared.length + data.vanished.length + data.changed.length + data.events.length === 0;
  return (
    <section class="card correlated" aria-label="What came with it" aria-busy={answer.loading}>
      <header>
        <h2>What came with it</h2>
        <p class="instants"><Time value={from} /> <span aria-label="to">→</span> <Time value={to} /> <i>{duration(to - from)}</i>{data && <i>against {duration(data.before.to - data.before.from)} before</i>}</p>
        <span class="spacer" />
        <button type="button" class="quiet" onClick={() => zoomTo(from, to)}>Zoom here</button>
        <button type="button" class="quiet" onClick={onClose}>End selection</button>
      </header>
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known={data !== null} />}
      {!data && !answer.error && <div class="page-loading"><span class="skeleton wide" /></div>}
      {data?.warnings && <WarningList warnings={data.warnings} />}
      {nothing && <p class="no-match">No event and no unusual log message of {[...(who.jvm ?? []), ...(who.host ?? [])].map(plain).join(", ") || "any host"} in this stretch.</p>}
      {data && !nothing && (
        <div class="findings">
          {data.events.length > 0 && (
            <section aria-label="Events">
              <h3>Events</h3>
              <ul>{data.events.slice(0, 20).map((event) => (
                <li key={`${event.time} ${event.kind} ${event.text}`}><Time value={event.time} /> <span class="event-kind" data-kind={event.kind}>{plain(spoken(event.kind))}</span> <bdi>{plain(event.labels["host"] ?? "")}</bdi> {plain(event.text)}</li>
              ))}</ul>
            </section>
          )}
          <Signatures title="Appeared" rows={data.appeared} who={who} from={from} to={to} />
          <Signatures title="Changed" rows={data.changed} who={who} from={from} to={to} />
          <Signatures title="Vanished" rows={data.vanished} who={who} from={data.before.from} to={data.before.to} />
        </div>
      )}
    </section>
  );
}

function Signatures({ title, rows, who, from, to }: { readonly title: string; readonly rows: readonly SignatureRow[]; readonly who: Who; readonly from: number; readonly to: number }) {
  const [all, setAll] = useState(false);
  if (!rows.length) return null;
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  return (
    <section aria-label={title}>
      <h3>{title} <span class="note">{count(rows.length)}</span></h3>
      <table class="plain-table">
        <thead><tr><th scope="col" class="number">Now</th><th scope="col" class="number">Before</th><th scope="col">Message</th><th scope="col">On</th></tr></thead>
        <tbody>
          {(all ? rows : rows.slice(0, FIRST)).map((row) => (
            <tr key={row.signature}>
              <td class="number" title={exact(row.count)}>{count(row.count)}</td>
              <td class="number" title={exact(row.before)}>{count(row.before)}</td>
              <td class="sample" title={plain(row.sample || row.signature)}><a href={link("/logs", { q: scoped(row.query, who), ...range })}><code>{plain(row.signature)}</code></a></td>
              <td><bdi>{row.hosts.slice(0, 3).map(plain).join(", ")}{row.hosts.length > 3 && ` and ${row.hosts.length - 3} more`}</bdi></td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > FIRST && !all && <button type="button" class="quiet" onClick={() => setAll(true)}>Show all {rows.length}</button>}
    </section>
  );
}
