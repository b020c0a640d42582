"""`heapwatch metric [NAME...]`"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Mapping

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli import complete
from heapwatch.cli.client import Client
from heapwatch.cli.options import (
    CHART,
    EVERYTHING,
    LAST_HOUR,
    SERVER,
    ChartOutput,
    Range,
    Selection,
    ServerOptions,
)
from heapwatch.cli.output import Column, write
from heapwatch.cli.series import Show, show_series


def metric(
    *names: Annotated[str, Parameter(completer=complete.metrics)],
    rollup: Literal["avg", "max", "last"] = "avg",
    interval: str | None = None,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: ChartOutput = CHART,
    server: ServerOptions = SERVER,
) -> int:
    """Show a metric by time, or list the metrics.

    Heap, pools, collections, threads, process: what the agent reads beside the
    histograms, and whatever came in by Graphite. Without a name: which there are.

    For example:

        heapwatch metric
        heapwatch metric jvm.heap.after_gc --from -6h -o chart
        heapwatch metric 'jvm.gc.*' --jvm shop -o csv

    Parameters
    ----------
    names
        Metric names; * and ? stand for anything.
    rollup
        Of the samples of one step.
    interval
        Distance of the points, such as 1m [else one that fits the range].
    """
    with Client(server) as client:
        if not names:
            return _list(client.get("/api/v1/metrics", selection.params()), output.kind)
        wanted = {"metric": list(names), "rollup": rollup, "interval": interval}
        answer = client.get("/api/v1/metric", {**selection.params(), **range_.params(), **wanted})
    show_series(answer, ("values",), "values", _shown_as, output.kind)
    return 0


def _list(answer: Mapping[str, Any], kind: str) -> int:
    series: dict[str, list[dict[str, Any]]] = {}
    for found in answer["metrics"]:
        series.setdefault(found["metric"], []).append(found)
    rows = [
        {"metric": name, "series": len(found), "last_seen": max(each["last_seen"] for each in found)}
        for name, found in sorted(series.items())
    ]
    columns = [
        Column("metric", "METRIC", elastic=True),
        Column("series", "SERIES", str, right=True),
        Column("last_seen", "LAST", human.moment),
    ]
    foot = [] if rows else ["no metric is stored"]
    write(columns, rows, "table" if kind == "chart" else kind, answer, foot=foot)
    return 0


def _shown_as(labels: Mapping[str, Any]) -> Show:
    """By the endings of our names; a foreign metric is a plain number."""
    name = str(labels.get("metric", ""))
    if name.endswith("_ms"):
        return human.milliseconds
    if name.endswith((".load", "_share")):
        return human.share
    if name.startswith(("jvm.heap", "jvm.pool", "jvm.metaspace", "jvm.class_space", "cgroup.memory")):
        return human.size
    return human.size if name in ("jvm.process.rss", "jvm.process.swap") else human.count
