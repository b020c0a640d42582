/** What arrives from where, what was refused and why, and how the server itself is. */
import { useEffect } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import { isAdmin } from "../../api/session";
import type { Cardinality, Rejects, Status, Targets as TargetsAnswer } from "../../api/types";
import { Failure, Segments } from "../../lib/controls";
import { link, patch, query } from "../../lib/router";
import { plain } from "../../lib/text";
import { now } from "../../lib/view";
import { Agents } from "./agents";
import { Empty } from "./empty";
import { Facts } from "./facts";
import { Refused } from "./refused";
import { nothingYet, sectionOf, type Section } from "./rows";
import { Series } from "./series";
import { Targets } from "./targets";
import { Doors as Ways } from "./ways";

const CHOICES: readonly { readonly value: Section | ""; readonly title: string; readonly help: string }[] = [
  { value: "", title: "All", help: "Everything at a glance" },
  { value: "doors", title: "Doors", help: "Where data comes in" },
  { value: "agents", title: "Agents", help: "Who watches JVMs" },
  { value: "targets", title: "Targets", help: "What is scraped" },
  { value: "refused", title: "Refused", help: "What was turned away, and why" },
  { value: "series", title: "Series", help: "Who made how many" },
];

export default function Doors() {
  useEffect(() => {
    document.title = "Agents & doors · heapwatch";
    liveFilter.value = {};
  }, []);
  const show = sectionOf(query.value.get("show"));
  const door = query.value.get("door") ?? "";
  const reason = query.value.get("reason") ?? "";
  const seen = (section: Section) => show === "" || show === section;
  const tick = Math.floor(now.value / 5000);
  const status = useApi<Status>("status", {}, tick);
  const rejects = useApi<Rejects>("ingest/rejects", seen("refused") ? { door, reason, limit: show ? 500 : 100 } : null, tick);
  const targets = useApi<TargetsAnswer>("targets", seen("targets") ? {} : null, tick);
  const series = useApi<Cardinality>("cardinality", seen("series") ? {} : null, Math.floor(now.value / 15_000));
  if (status.error && !status.data) return <Failure error={status.error} onRetry={status.reload} />;
  if (!status.data) return <div class="page-loading" aria-busy="true"><span class="skeleton wide" /><span class="skeleton tall" /></div>;
  const graphite = status.data.doors.find((one) => one.name === "graphite-tcp")?.address ?? "";
  return (
    <section class="page doors">
      <div class="bar">
        <h1>Agents &amp; doors</h1>
        <Segments<Section | ""> label="Show" choices={CHOICES} value={show} onChoose={(next) => patch({ show: next }, "push")} />
        <span class="spacer" />
        {isAdmin.value && <a class="button" href={link("/audit")}>What was changed</a>}
      </div>
      {status.error && <Failure error={status.error} onRetry={status.reload} known />}
      {status.data.problems.map((problem) => <p class="warnings" role="alert" key={problem}>{plain(problem)}</p>)}
      {nothingYet(status.data) && <Empty graphite={graphite} />}
      {show === "" && <Facts answer={status.data} />}
      {seen("doors") && <Ways answer={status.data} />}
      {seen("agents") && <Agents agents={status.data.agents} whole={show !== ""} />}
      {seen("targets") && (show !== "" || targets.error || (targets.data?.targets.length ?? 0) > 0) && <Targets answer={targets} />}
      {seen("refused") && <Refused answer={rejects} door={door} reason={reason} whole={show !== ""} />}
      {seen("series") && <Series answer={series} whole={show !== ""} />}
    </section>
  );
}
