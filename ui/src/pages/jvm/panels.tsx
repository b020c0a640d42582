/** What the JVM counts itself, and what the system knows of it: small charts under one crosshair. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { Series } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { Failure } from "../../lib/controls";
import { span } from "../../lib/view";
import type { Over } from "../../query/overlays";
import { PANELS, panelLines, type Panel } from "./panelspecs";

const HEIGHT = 132;
const POINTS = 150; // as many as a small chart can show; more is noise
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

export const stepFor = (width: number): string => `${STEPS.find((step) => width / 1000 / step <= POINTS) ?? 604_800}s`;

interface Props {
  readonly who: { readonly host: readonly string[]; readonly jvm: readonly string[] };
  readonly over: Over;
}

export default function Panels({ who, over }: Props) {
  const { from, to } = span.value;
  const answer = useApi<Series>("metric", { ...who, metric: ["jvm.*", "cgroup.memory.*", "heapwatch.*"], from, to, interval: stepFor(to - from) });
  if (answer.error && !answer.data) return <Failure error={answer.error} onRetry={answer.reload} />;
  return (
    <section class="panels" aria-label="JVM and process">
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known />}
      {PANELS.map((panel) => <PanelChart key={panel.title} panel={panel} answer={answer.data} over={over} loading={answer.loading} />)}
    </section>
  );
}

function PanelChart({ panel, answer, over, loading }: { readonly panel: Panel; readonly answer: Series | null; readonly over: Over; readonly loading: boolean }) {
  const lines = useMemo(() => (answer ? panelLines(panel, answer) : []), [panel, answer]);
  return (
    <TimeChart title={panel.title} times={answer?.times ?? []} lines={lines} interval={(answer?.interval_s ?? 0) * 1000} unit={panel.unit}
      height={HEIGHT} stack={panel.stack ?? false} markers={over.markers} behind={over.behind} loading={loading} legendLimit={6} empty={panel.empty ?? "Not reported by this JVM"} />
  );
}
