/** The root's instances on every host of the service, with the moment the leak began. */
import { useMemo } from "preact/hooks";
import { useApi } from "../../api/resource";
import type { ClassHistory, Leak } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import type { Marker } from "../../charts/overlay";
import { Failure } from "../../lib/controls";
import { link } from "../../lib/router";
import { plain } from "../../lib/text";
import { onsetMark, spanToShow } from "../../leaks/onset";
import { now, setRange, span } from "../../lib/view";
import { useOverlays } from "../../query/overlays";
import { linesOf, present } from "../class/history";

const HEIGHT = 330;
const LINES = 20;
const MOST_MARKED = 8; // of more hosts the events would hide the curves

export function Growth({ leak }: { readonly leak: Leak }) {
  const { from, to } = span.value;
  const jvms = useMemo(() => [...new Set(leak.jvms.map((one) => one.jvm))], [leak]);
  const answer = useApi<ClassHistory>("class", leak.class ? { class: leak.class, jvm: jvms, by: "host", from, to } : null);
  const data = useMemo(() => answer.data && present(answer.data), [answer.data]);
  const lines = useMemo(() => (data ? linesOf(data, "instances", "host") : []), [data]);
  const overlays = useOverlays(lines.length <= MOST_MARKED && jvms.length ? { jvm: jvms } : null);
  const markers = useMemo<readonly Marker[]>(() => [...onsetMark(leak), ...overlays.markers], [leak, overlays.markers]);
  if (!leak.class) return null;
  const early = leak.since !== null && leak.since < from;
  return (
    <div class="growth">
      {answer.error && <Failure error={answer.error} onRetry={answer.reload} known={answer.data !== null} />}
      <TimeChart title="Instances of the class" times={data?.times ?? []} lines={lines.slice(0, LINES)} interval={(data?.interval_s ?? 0) * 1000} unit="count" height={HEIGHT}
        markers={markers} behind={overlays.behind} loading={answer.loading} legendLimit={10} empty="No histogram of these JVMs in this range"
        note={lines.length > LINES ? `the ${LINES} largest of ${lines.length}` : undefined}
        controls={<>
          {early && <button type="button" class="quiet" title="The leak is older than what is shown" onClick={() => setRange(spanToShow(leak.since as number, now.peek()))}>Show since it began</button>}
          <a class="quiet-link" href={link("/class", { class: leak.class, jvm: jvms })}>All of <bdi>{plain(leak.class.slice(leak.class.lastIndexOf(".") + 1))}</bdi></a>
        </>} />
    </div>
  );
}
