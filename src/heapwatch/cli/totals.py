"""`heapwatch totals`"""

from __future__ import annotations

from typing import Literal

from heapwatch import human
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
from heapwatch.cli.series import show_series


def totals(
    *,
    by: Literal["bytes", "instances", "classes"] = "bytes",
    mode: Literal["all", "live"] = "all",
    interval: str | None = None,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: ChartOutput = CHART,
    server: ServerOptions = SERVER,
) -> int:
    """Show the heap's total by time.

    The sum over all classes of every stored histogram, a series for each life of
    a JVM. JSON is the API's answer as it is, CSV every point.

    For example:

        heapwatch totals
        heapwatch totals --host memleak3 --from -6h -o chart
        heapwatch totals --jvm shop --by instances -o csv > shop.csv

    Parameters
    ----------
    by
        What is added up.
    mode
        Histograms of everything, or those after a full collection.
    interval
        Distance of the points, such as 1m [else one that fits the range].
    """
    params = {**selection.params(), **range_.params(), "mode": mode, "interval": interval}
    with Client(server) as client:
        answer = client.get("/api/v1/totals", params)
    show = human.size if by == "bytes" else human.count
    show_series(answer, ("bytes", "instances", "classes"), by, lambda _: show, output.kind)
    return 0
