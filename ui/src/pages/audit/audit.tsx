/** What was changed, by whom, from where, and how it ended; the newest first. */
import { useEffect, useState } from "preact/hooks";
import { get } from "../../api/client";
import { liveFilter } from "../../api/live";
import { asApiError, useApi } from "../../api/resource";
import type { AuditEntries, AuditEntry } from "../../api/types";
import { Failure, Filter, Segments } from "../../lib/controls";
import { exact } from "../../lib/format";
import { patch, query } from "../../lib/router";
import { Time, plain } from "../../lib/text";

const AT_ONCE = 100;
const OUTCOMES = [
  { value: "", title: "All" },
  { value: "done", title: "Done" },
  { value: "refused", title: "Refused" },
  { value: "failed", title: "Failed" },
] as const;
type Outcome = (typeof OUTCOMES)[number]["value"];

export default function Audit() {
  useEffect(() => {
    document.title = "Audit · heapwatch";
    liveFilter.value = {};
  }, []);
  const wanted = { who: query.value.get("who"), what: query.value.get("what"), outcome: query.value.get("outcome"), limit: AT_ONCE };
  const newest = useApi<AuditEntries>("audit", wanted);
  const [older, setOlder] = useState<AuditEntries | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => setOlder(null), [newest.data]);
  const entries = [...(newest.data?.entries ?? []), ...(older?.entries ?? [])];
  const more = older ? older.more : newest.data?.more;
  const readOlder = () =>
    get<AuditEntries>("audit", { ...wanted, before: more ?? null }).then(
      (found) => setOlder({ entries: [...(older?.entries ?? []), ...found.entries], more: found.more }),
      (error: unknown) => setFailed(asApiError(error).message),
    );
  return (
    <section class="page">
      <div class="bar">
        <h1>Audit</h1>
        <Filter label="Who" placeholder="user:ann, token:web1, cli:root" value={wanted.who ?? ""} onChange={(who) => patch({ who })} />
        <Filter label="What" placeholder="login, token.create, …" width={200} value={wanted.what ?? ""} onChange={(what) => patch({ what })} />
        <Segments<Outcome> label="Outcome" choices={OUTCOMES} value={outcomeOf(wanted.outcome)} onChoose={(outcome) => patch({ outcome })} />
        <span class="spacer" />
        <button type="button" onClick={newest.reload}>Read again</button>
      </div>
      {newest.error && <Failure error={newest.error} onRetry={newest.reload} known={newest.data !== null} />}
      {newest.data && <section class="card"><Entries entries={entries} /></section>}
      {failed && <p class="problem" role="alert">{plain(failed)}</p>}
      {more != null && <p class="row"><button type="button" onClick={() => void readOlder()}>Older ones</button></p>}
    </section>
  );
}

const outcomeOf = (text: string | null): Outcome => OUTCOMES.find((one) => one.value === text)?.value ?? "";

function Entries({ entries }: { readonly entries: readonly AuditEntry[] }) {
  if (!entries.length) return <p class="no-match">No change like that.</p>;
  return (
    <table class="plain-table" aria-label="Changes">
      <thead><tr><th scope="col" class="number">No.</th><th scope="col">Time</th><th scope="col">Who</th><th scope="col">From</th><th scope="col">What</th><th scope="col">Target</th><th scope="col">Outcome</th><th scope="col">Detail</th></tr></thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.n}>
            <td class="number">{exact(entry.n)}</td><td><Time value={entry.time} /></td>
            <td><bdi>{plain(entry.who)}</bdi></td><td><bdi>{plain(entry.from)}</bdi></td><td>{plain(entry.what)}</td><td><bdi>{plain(entry.target)}</bdi></td>
            <td class={entry.outcome === "done" ? "" : "problem"}>{plain(entry.outcome)}</td><td><bdi>{plain(entry.detail)}</bdi></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
