/** A leak's curves the size of a word: the class on each host, asked for by the rows that are in sight. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { ClassHistory, Leak } from "../../api/types";
import { bridged, largest, last, longestStep } from "../../charts/columns";
import { color, dash } from "../../charts/palette";
import { pathOf } from "../../charts/sparkline";
import { leakMoment } from "../../leaks/open";
import { count } from "../../lib/format";
import { range, span, theme } from "../../lib/view";

const [WIDTH, HEIGHT, PAD] = [110, 42, 2];
const LINES = 6;

/** Times move with the leaks and not with every sample: a list asks for many curves at once. */
export function Curves({ leak }: { readonly leak: Leak }) {
  const { from, to } = useMemo(() => span.peek(), [leakMoment.value, range.value]);
  const jvms = [...new Set(leak.jvms.map((one) => one.jvm))];
  const { data } = useApi<ClassHistory>("class", leak.class && jvms.length ? { class: leak.class, jvm: jvms, by: "host", from, to } : null);
  if (!leak.class || data?.series.length === 0) return <span class="none">–</span>;
  if (!data) return <span class="skeleton" />;
  const series = [...data.series].sort((a, b) => (last(b.instances) ?? 0) - (last(a.instances) ?? 0)).slice(0, LINES);
  const most = Math.max(1, ...series.map((one) => largest(one.instances) ?? 0));
  const toX = (time: number) => ((time - from) / Math.max(1, to - from)) * (WIDTH - 2 * PAD) + PAD;
  const toY = (value: number) => HEIGHT - PAD - (value / most) * (HEIGHT - 2 * PAD);
  return (
    <svg class="mini" width={WIDTH} height={HEIGHT} role="img" aria-label={`Instances on ${data.series.length} host${data.series.length === 1 ? "" : "s"}, at most ${count(most)}`}>
      {series.map((one, slot) => (
        <path key={JSON.stringify(one.labels)} fill="none" stroke={color(theme.value, slot)} stroke-width="1.5" stroke-dasharray={dash(slot).join(" ")}
          d={pathOf(data.times, bridged(data.times, one.instances, longestStep(data.times, one.instances, data.interval_s * 1000)), toX, toY)} />
      ))}
    </svg>
  );
}
