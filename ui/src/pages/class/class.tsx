/** A class, or all that match a pattern, on all hosts: whether the growth is one machine's or everybody's. */
import { useEffect, useMemo } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { ClassHistory, Labels } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { CopyButton, Failure, Filter, Segments, Warnings } from "../../lib/controls";
import { bytes, count } from "../../lib/format";
import { link, patch, query } from "../../lib/router";
import { ClassName, plain } from "../../lib/text";
import { span } from "../../lib/view";
import { OverlaySwitches, useOverlays, type Who } from "../../query/overlays";
import { onsetMark } from "../../leaks/onset";
import { fixedLink } from "../jvm/head";
import Holders from "./holders";
import { linesOf, places, present, type Part } from "./history";
import { Places } from "./places";
import { Search } from "./search";
import Suspect, { leaksWith } from "./suspect";

const HEIGHT = 250;
const LINES = 20;

export const isGlob = (name: string) => /[*?]/.test(name);

export default function Class() {
  const names = query.value.getAll("class");
  useEffect(() => {
    document.title = `${names.map(plain).join(", ") || "Classes"} · heapwatch`;
    liveFilter.value = {};
  }, [names.join("\n")]);
  return names.length ? <History names={names} /> : <Search />;
}

const MOST_HOSTS = 12;

/** On few hosts what happened there is worth its marks; on many it would hide the curves. */
function whereOf(rows: readonly { readonly labels: Labels }[]): Who | null {
  const values = (name: string) => [...new Set(rows.map((row) => String(row.labels[name] ?? "")))].filter(Boolean);
  const [host, jvm] = [values("host"), values("jvm")];
  const fits = host.length + jvm.length > 0 && host.length <= MOST_HOSTS && jvm.length <= MOST_HOSTS;
  return fits ? { host, jvm } : null;
}

function useHistory(names: readonly string[], by: Part) {
  const { from, to } = span.value;
  const answer = useApi<ClassHistory>("class", {
    class: names, from, to, by: by === "life" ? null : by, host: query.value.getAll("host"), jvm: query.value.getAll("jvm"), mode: query.value.get("mode"),
  });
  const data = useMemo(() => answer.data && present(answer.data), [answer.data]);
  return { ...answer, data };
}

function History({ names }: { readonly names: readonly string[] }) {
  const patterns = names.length > 1 || names.some(isGlob);
  const asked = query.value.get("by");
  const usual: Part = patterns ? "host" : "life";
  const by: Part = asked === "life" || asked === "host" || asked === "jvm" || asked === "class" || asked === "none" ? asked : usual;
  const shown = query.value.get("show") ?? "both";
  const answer = useHistory(names, by);
  const bytesLines = useMemo(() => (answer.data ? linesOf(answer.data, "bytes", by) : []), [answer.data, by]);
  const countLines = useMemo(() => (answer.data ? linesOf(answer.data, "instances", by) : []), [answer.data, by]);
  const rows = useMemo(() => (answer.data ? places(answer.data, by) : []), [answer.data, by]);
  const interval = (answer.data?.interval_s ?? 0) * 1000;
  const note = rows.length > LINES ? `the ${LINES} largest of ${count(rows.length)}` : undefined;
  const who = useMemo(() => whereOf(rows), [rows]);
  const overlays = useOverlays(who);
  const leaks = leaksWith(names);
  const markers = useMemo(() => [...leaks.flatMap(onsetMark), ...overlays.markers], [leaks.map((leak) => `${leak.id} ${leak.since}`).join(" "), overlays.markers]);
  const chart = { markers, behind: overlays.behind, times: answer.data?.times ?? [], interval, height: HEIGHT, loading: answer.loading, note, legendLimit: 10, empty: "No sample of it in this range" };
  return (
    <section class="page class-page">
      <div class="bar">
        <nav class="crumbs" aria-label="Breadcrumbs"><a href={link("/class", {})}>Classes</a><span aria-hidden="true">/</span></nav>
        <h1>{names.map((name) => <ClassName key={name} name={name} />)}</h1>
        <span class="spacer" />
        <CopyButton text={fixedLink} title="A link to this view with its range fixed">Copy link</CopyButton>
      </div>
      <div class="bar slim">
        <Pattern names={names} />
        <Segments label="A line for each" value={by} onChoose={(value) => patch({ by: value === usual ? null : value }, "push")}
          choices={[
            patterns ? { value: "class" as const, title: "Class" } : { value: "life" as const, title: "JVM", help: "A line for each life of each JVM" },
            { value: "host", title: "Host", help: "The JVMs of a host added up" }, { value: "jvm", title: "Name", help: "The JVMs of one name on all hosts added up" }, { value: "none", title: "Together" },
          ]} />
        <Segments label="Measure" value={shown === "bytes" || shown === "instances" ? shown : "both"} onChoose={(value) => patch({ show: value === "both" ? null : value }, "push")}
          choices={[{ value: "both", title: "Both" }, { value: "bytes", title: "Bytes" }, { value: "instances", title: "Instances" }]} />
        <OverlaySwitches problem={overlays.problem} />
        <Systemic rows={rows} by={by} />
        <span class="spacer" />
        {query.value.getAll("jvm").length + query.value.getAll("host").length > 0 && <button type="button" class="chip" onClick={() => patch({ host: null, jvm: null }, "push")}>only {[...query.value.getAll("jvm"), ...query.value.getAll("host")].map(plain).join(" ")} <span aria-hidden="true">✕</span></button>}
      </div>
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} />}
      <Warnings texts={answer.data?.warnings} />
      {leaks.length > 0 && <Suspect leaks={leaks} name={names[0] ?? ""} />}
      {(answer.data || !answer.error) && <div class={shown === "both" ? "pair" : "single"}>
        {shown !== "instances" && <TimeChart {...chart} title="Shallow bytes" lines={bytesLines.slice(0, LINES)} unit="bytes" />}
        {shown !== "bytes" && <TimeChart {...chart} title="Instances" lines={countLines.slice(0, LINES)} unit="count" />}
      </div>}
      {(answer.data || !answer.error) && <Places rows={rows} by={by} loading={!answer.data} names={names} />}
      {!patterns && <Holders key={names[0]} name={names[0] ?? ""} />}
    </section>
  );
}

/** The class or pattern, to change in place. */
function Pattern({ names }: { readonly names: readonly string[] }) {
  return <Filter label="Class or pattern" width={360} placeholder="class or pattern, e.g. akka.actor.*" value={names.join(" ")} onChange={(text) => text.trim() && patch({ class: text.trim().split(/\s+/) })} />;
}

function Systemic({ rows, by }: { readonly rows: ReturnType<typeof places>; readonly by: Part }) {
  const alive = rows.filter((row) => row.ended === null);
  const rising = alive.filter((row) => row.grows);
  if (alive.length < 2 || by === "class" || by === "none") return null;
  const slopes = rising.map((row) => row.bytesPerMinute ?? 0).sort((a, b) => a - b);
  const noun = by === "host" ? "hosts" : by === "jvm" ? "services" : "JVMs";
  return (
    <span class="verdict">
      {rising.length === 0 ? `grows on none of ${alive.length} ${noun}` : `still grows on ${rising.length} of ${alive.length} ${noun}`}
      {rising.length > 1 && `, by ${bytes(slopes[0])} to ${bytes(slopes[slopes.length - 1])} a minute`}
    </span>
  );
}
