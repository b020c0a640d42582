/** One JVM (or the same service on several hosts): its memory over time, and what that memory is made of. */
import { useEffect, useMemo } from "preact/hooks";
import { liveFilter } from "../../api/live";
import { useApi } from "../../api/resource";
import type { Events, Fleet, Totals } from "../../api/types";
import { Failure } from "../../lib/controls";
import { later } from "../../lib/later";
import { link, patch, query } from "../../lib/router";
import { plain } from "../../lib/text";
import { span } from "../../lib/view";
import { OverlaySwitches, useOverlays } from "../../query/overlays";
import { Head } from "./head";
import { isOne, narrowed, readChoice, type Choice } from "./selection";
import { Top } from "./top";
import { Total } from "./total";

/** Its rows are asked for after the curves; it comes while those are drawn. */
const Classes = later(() => import("./classes"));
/** Below the first screenful, so it need not come with it. */
const Panels = later(() => import("./panels"));

/** Has an answer of its own to wait for. */
const Suspects = later(() => import("./suspects"), true);

const Correlated = later(() => import("../correlate/correlate"));

/** The dashboard of the story, about what is looked at here. */
const leakOf = (choice: Choice) => ({ "v.host": choice.host[0] ?? null, "v.jvm": choice.jvm[0] ?? null });

export default function Jvm() {
  const choice = useMemo(() => readChoice(query.value), [query.value]);
  const { from, to } = span.value;
  const who = { host: choice.host, jvm: choice.jvm };
  const named = choice.host.length + choice.jvm.length > 0;
  const fleet = useApi<Fleet>("fleet", named ? { ...who, from, to, limit: 50, sort: "growth_per_hour" } : null);
  const totals = useApi<Totals>("totals", named ? { ...who, from, to, mode: choice.mode } : null);
  const events = useApi<Events>("events", named ? { ...who, from, to } : null);
  const overlays = useOverlays(named ? who : null, events.data);
  const title = [...choice.jvm, ...choice.host].join(" · ");
  useEffect(() => {
    document.title = `${plain(title) || "JVM"} · heapwatch`;
    liveFilter.value = who;
  }, [title]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (readChoice(query.peek()).brush) patch({ before: null, at: null }, "push");
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  if (!named) return <Unknown />;
  if (fleet.error?.status === 404 && !fleet.data) return <Unknown name={title} hint={fleet.error.hint} />;
  if (fleet.error && !fleet.data && !totals.data) return <Failure error={fleet.error} onRetry={fleet.reload} />;
  if (fleet.data && fleet.data.total === 0 && totals.data?.series.length === 0) return <Unknown name={title} />;
  return (
    <section class="page jvm">
      <Head rows={fleet.data?.rows ?? null} choice={choice} events={events.data?.events ?? []} />
      <Suspects host={choice.host} jvm={choice.jvm} />
      {fleet.error && <Failure error={fleet.error} onRetry={fleet.reload} known />}
      {totals.error && <Failure error={totals.error} onRetry={totals.reload} known={totals.data !== null} />}
      <div class="bar slim">
        <OverlaySwitches problem={overlays.problem} />
        <span class="spacer" />
        <a href={link("/dashboards/memory-leak", leakOf(choice))}>Memory leak dashboard</a>
      </div>
      <div class="pair">
        <Total totals={totals.data} rows={fleet.data?.rows ?? []} choice={choice} over={overlays} loading={totals.loading || fleet.loading} />
        <Top choice={choice} over={overlays} />
      </div>
      {(fleet.data || isOne(choice)) && <Classes choice={narrowed(choice, fleet.data?.rows ?? [])} rows={fleet.data?.rows ?? []} />}
      {choice.brush && <Correlated who={who} from={choice.brush.from} to={choice.brush.to} onClose={() => patch({ before: null, at: null }, "push")} />}
      <Panels who={who} over={overlays} />
    </section>
  );
}

function Unknown({ name, hint }: { readonly name?: string; readonly hint?: string }) {
  return (
    <section class="blank">
      <h1>{name ? <>Nothing is known of <bdi>{plain(name)}</bdi> in this range</> : "Which JVM?"}</h1>
      <p>{name ? "It may be older than the time range, or be called differently." : "The address names no host and no JVM."} {hint}</p>
      <p><a href={link("/", {})}>All JVMs</a>{name && <> · <a href={link("/jvm", { host: query.value.getAll("host"), jvm: query.value.getAll("jvm"), from: "-7d", to: null })}>Look at the last 7 days</a></>}</p>
    </section>
  );
}
