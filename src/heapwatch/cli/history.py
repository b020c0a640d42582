"""`heapwatch class NAME`"""

from __future__ import annotations

from typing import Annotated, Literal

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
from heapwatch.cli.series import show_series
from heapwatch.errors import UsageError


def history(
    *names: Annotated[str, Parameter(completer=complete.classes)],
    by: Literal["bytes", "instances"] = "bytes",
    sum_by: Literal["host", "jvm", "class", "none"] | None = None,
    mode: Literal["all", "live"] = "all",
    interval: str | None = None,
    selection: Selection = EVERYTHING,
    range_: Range = LAST_HOUR,
    output: ChartOutput = CHART,
    server: ServerOptions = SERVER,
) -> int:
    """Show one class by time, on every JVM.

    When it grows on all hosts alike, the fault is in the program and not in a
    machine. JSON is the API's answer as it is, CSV every point.

    For example:

        heapwatch class akka.actor.ActorCell
        heapwatch class 'com.shop.*' --sum-by class --from -1d
        heapwatch class com.shop.Cart --host shop1 -o chart

    Parameters
    ----------
    names
        Class names; * and ? stand for anything.
    by
        What is shown.
    sum_by
        Add up by this; none is one series of all.
    mode
        Histograms of everything, or those after a full collection.
    interval
        Distance of the points, such as 1m [else one that fits the range].
    """
    if not names:
        raise UsageError("which class? name it in full, or with * and ?")
    params = {
        **selection.params(),
        **range_.params(),
        "class": list(names),
        "by": sum_by,
        "mode": mode,
        "interval": interval,
    }
    with Client(server) as client:
        answer = client.get("/api/v1/class", params)
    show = human.size if by == "bytes" else human.count
    show_series(answer, ("bytes", "instances"), by, lambda _: show, output.kind)
    return 0
