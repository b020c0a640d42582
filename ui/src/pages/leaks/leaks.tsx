/** What leaks: the open leaks first, each with its sentence and figures; those that were dealt with behind a filter. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { LeakList } from "../../api/types";
import { leakMoment } from "../../leaks/open";
import { Undecided } from "../../leaks/undecided";
import type { Group } from "../../leaks/words";
import { Failure, Filter, Segments } from "../../lib/controls";
import { count } from "../../lib/format";
import { go, link, patch, query } from "../../lib/router";
import { Table, sortOf } from "../../lib/table";
import { Ago, plain } from "../../lib/text";
import { second } from "../../lib/view";
import { COLUMNS, leakLink } from "./columns";
import { DEFAULT_SORT, groupOf, shownLeaks, tally } from "./list";

const ROW = 82;
const OLD = 15 * 60_000; // a watch that has not looked for so long has stopped

const TITLES: Readonly<Record<Group, readonly [string, string]>> = {
  open: ["Open", "Suspect or confirmed, and nobody has acknowledged it"],
  confirmed: ["Confirmed", "What grew is not garbage"],
  suspect: ["Suspect", "Whether it is garbage is open"],
  acknowledged: ["Acknowledged", "Open, and somebody knows"],
  stopped: ["Stopped", "Grows on no live JVM any more"],
  fixed: ["Fixed", "Proved by before and after"],
  all: ["All", "Whatever became of them"],
};

export default function Leaks() {
  useEffect(() => {
    document.title = "Leaks · heapwatch";
    liveFilter.value = {};
  }, []);
  const [host, jvm] = [query.value.getAll("host"), query.value.getAll("jvm")];
  const answer = useApi<LeakList>("leaks", { host, jvm, state: "all" }, leakMoment.value);
  const group = groupOf(query.value);
  const filter = query.value.get("filter") ?? "";
  const counts = useMemo(() => tally(answer.data?.leaks ?? []), [answer.data]);
  const only = [...jvm, ...host];
  return (
    <section class="page leaks">
      <div class="bar">
        <h1>Leaks</h1>
        <Filter label="Filter leaks" placeholder="class, service or host" value={filter} onChange={(text) => patch({ filter: text })} width={280} />
        <Segments label="State" value={group} onChoose={(value) => patch({ state: value === "open" ? null : value }, "push")}
          choices={(Object.keys(TITLES) as Group[]).map((value) => ({ value, title: answer.data ? `${TITLES[value][0]} ${counts[value]}` : TITLES[value][0], help: TITLES[value][1] }))} />
        {only.length > 0 && <button type="button" class="chip" onClick={() => patch({ host: null, jvm: null }, "push")}>only {only.map(plain).join(" ")} <span aria-hidden="true">✕</span></button>}
        <span class="spacer" />
        <Judged answer={answer.data} />
      </div>
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} />}
      {(answer.data || !answer.error) && <Listed answer={answer.data} group={group} filter={filter} who={{ host, jvm }} />}
    </section>
  );
}

/** How many were judged, and when last. */
function Judged({ answer }: { readonly answer: LeakList | null }) {
  if (!answer) return null;
  const { leaking, suspect, clean, undecided } = answer.jvms;
  const old = answer.judged !== null && second.value - answer.judged > OLD;
  return (
    <p class="tally">
      <span><strong>{count(leaking + suspect + clean + undecided)}</strong> JVMs</span>
      {([["leaking", leaking], ["suspect", suspect], ["clean", clean], ["undecided", undecided]] as const).filter(([, number]) => number > 0).map(([name, number]) => <span key={name}>{count(number)} {name}</span>)}
      <span class={old ? "warn" : ""} title={old ? "The watch looks once a block of histograms; it may have stopped: see Agents & doors" : "When the newest verdict was given"}>{answer.judged === null ? "not judged yet" : <>judged <Ago value={answer.judged} /></>}</span>
    </p>
  );
}

interface ListedProps {
  readonly answer: LeakList | null;
  readonly group: Group;
  readonly filter: string;
  readonly who: { readonly host: readonly string[]; readonly jvm: readonly string[] };
}

function Listed({ answer, group, filter, who }: ListedProps) {
  const sort = sortOf(query.value, DEFAULT_SORT);
  const shown = useMemo(() => shownLeaks(answer?.leaks ?? [], group, filter, sort), [answer, group, filter, sort.key, sort.order]);
  if (answer && shown.length === 0) return <Nothing answer={answer} group={group} filter={filter} who={who} />;
  return (
    <>
      <Table label="Leaks" columns={COLUMNS} total={answer ? shown.length : 3} rowAt={(index) => (answer ? shown[index] : undefined)} rowKey={(leak) => leak.id}
        rowHeight={ROW} minWidth="1260px" sort={sort} onSort={(next) => patch({ sort: next.key, order: next.order })} generation={0}
        onOpen={(leak) => go(leakLink(leak.id))} />
      {answer && answer.jvms.undecided > 0 && <NotJudged number={answer.jvms.undecided} who={who} />}
    </>
  );
}

function NotJudged({ number, who }: { readonly number: number; readonly who: ListedProps["who"] }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="not-judged" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{count(number)} JVM{number === 1 ? "" : "s"} cannot be judged yet</summary>
      {open && <Undecided {...who} />}
    </details>
  );
}

const NONE_OF: Readonly<Record<Group, string>> = {
  open: "No leak is open", confirmed: "No leak is confirmed", suspect: "Nothing is suspect", acknowledged: "No open leak is acknowledged",
  stopped: "No leak has stopped by itself", fixed: "No leak has been proved fixed yet", all: "No leak has been seen",
};

/** Nothing to show is a statement too, and only about what could be judged. */
function Nothing({ answer, group, filter, who }: { readonly answer: LeakList } & Omit<ListedProps, "answer">) {
  const { leaking, suspect, clean, undecided } = answer.jvms;
  const judged = leaking + suspect + clean;
  const others = tally(answer.leaks);
  const all = group === "open" && leaking + suspect === 0 && judged > 0;
  if (filter) {
    return <p class="no-match">{NONE_OF[group]} that matches “{filter}”. <button type="button" onClick={() => patch({ filter: null })}>Show all</button></p>;
  }
  return (
    <div class="blank">
      <h2>{judged + undecided === 0 ? "No JVM has been judged yet" : all ? `Nothing leaks in ${count(judged)} JVM${judged === 1 ? "" : "s"}` : NONE_OF[group]}</h2>
      {judged + undecided === 0 && <p>A verdict needs about forty histograms of one life of a JVM, with three young collections among them. Who sends at all is on the <a href={link("/")}>fleet</a>.</p>}
      {group === "open" && others.acknowledged > 0 && <p><a href={link("/leaks", { state: "acknowledged" })}>{count(others.acknowledged)} acknowledged</a> still grow{others.acknowledged === 1 ? "s" : ""}.</p>}
      {undecided > 0 && <><p>{count(undecided)} cannot be judged yet:</p><Undecided {...who} /></>}
      {group !== "all" && others.all > 0 && <p><a href={link("/leaks", { state: "all" })}>All leaks that were ever seen</a></p>}
    </div>
  );
}
