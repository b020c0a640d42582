/** The time chart for pages that have something to show before it: its library is fetched with the first of them. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { TimeChartProps } from "./timechart";

let known: ComponentType<TimeChartProps> | null = null;

export function TimeChart(props: TimeChartProps) {
  const [state, setState] = useState<"loading" | "here" | "failed">(known ? "here" : "loading");
  useEffect(() => {
    if (known) return;
    import("./timechart").then(
      (module) => {
        known = module.TimeChart;
        setState("here");
      },
      () => setState("failed"),
    );
  }, []);
  const Known = known;
  if (Known) return <Known {...props} />;
  return (
    <figure class="chart" role="figure" aria-label={props.title} aria-busy={state === "loading"}>
      <figcaption><h3>{props.title}</h3></figcaption>
      <div class="chart-empty" style={{ height: `${props.height}px` }}>{state === "failed" ? <button type="button" onClick={() => location.reload()}>The charts could not be loaded. Load again</button> : <span class="skeleton fill" />}</div>
    </figure>
  );
}
