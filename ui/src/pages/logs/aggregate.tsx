/** What operators made of messages: a table, and curves when it is over time. */
import { useMemo } from "preact/hooks";
import type { LogsAnswer } from "../../api/types";
import { TimeChart } from "../../charts/chart";
import { Segments } from "../../lib/controls";
import { patch, query } from "../../lib/router";
import { plain } from "../../lib/text";
import { ColumnsTable } from "../../query/tables";
import { curvesOf } from "./rows";

export function Aggregate({ answer, loading }: { readonly answer: LogsAnswer; readonly loading: boolean }) {
  const curves = useMemo(() => curvesOf(answer.columns, answer.order), [answer]);
  const asked = query.value.get("as");
  const kind = asked === "line" || asked === "stacked" || asked === "bar" ? asked : "line";
  const lines = useMemo(() => (curves?.lines ?? []).map((line, index) => ({ key: line.name, label: plain(line.name), values: line.values, slot: index, ...(kind === "bar" ? { bars: true } : {}) })), [curves, kind]);
  return (
    <>
      {curves && (
        <TimeChart title="Result over time" times={curves.times} lines={lines} interval={(curves.times[1] ?? 0) - (curves.times[0] ?? 0)} unit="number" height={240} stack={kind === "stacked"} loading={loading}
          controls={<Segments label="Kind of chart" value={kind} onChoose={(as) => patch({ as: as === "line" ? null : as })} choices={[{ value: "line", title: "Lines" }, { value: "stacked", title: "Stacked" }, { value: "bar", title: "Columns" }]} />} />
      )}
      <section class="card fill-rest"><ColumnsTable columns={answer.columns} order={answer.order} height="max(240px, 38vh)" label="Result" /></section>
    </>
  );
}
