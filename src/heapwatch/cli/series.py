"""Answers of the API that are series: one row each with a sparkline, a drawing each, or every point."""

from __future__ import annotations

import sys
from typing import Any, Callable, Mapping, Sequence

from heapwatch import human
from heapwatch.cli.chart import line_chart, sparkline
from heapwatch.cli.output import Column, clean, growth_paint, number, terminal_width, write, write_json

Show = Callable[["float | None"], str]
Answer = Mapping[str, Any]

SPARK = 24
CHART_HEIGHT = 10
CHARTS = 12
"""More series than these are too many to draw; the rest is named."""

HIDDEN = ("started",)
"""Labels that only tell lives of one process apart."""


def show_series(
    answer: Answer, measures: Sequence[str], main: str, show: Callable[[Answer], Show], kind: str
) -> None:
    """Print an answer; `main` of its `measures` is summed up or drawn, as `show` of the labels says."""
    if kind == "json":
        write_json(answer)
    elif kind == "csv":
        _points(answer, measures)
    elif kind == "chart":
        _charts(answer, main, show)
    else:
        _table(answer, main, show)
    for warning in answer.get("warnings", []) if kind != "json" else []:
        print(f"heapwatch: {warning}", file=sys.stderr)


def _points(answer: Answer, measures: Sequence[str]) -> None:
    labels = _label_names(answer)
    rows = [
        {"time": time, **series["labels"], **{name: series[name][i] for name in measures}}
        for series in answer["series"]
        for i, time in enumerate(answer["times"])
        if any(series[name][i] is not None for name in measures)
    ]
    write([Column(name, name) for name in ("time", *labels, *measures)], rows, "csv")


def _table(answer: Answer, main: str, show: Callable[[Answer], Show]) -> None:
    labels = [name for name in _label_names(answer) if name not in HIDDEN]
    rows = [_row(answer["times"], series, main, show(series["labels"])) for series in answer["series"]]
    columns = [
        *(Column(name, name.upper(), elastic=name in ("class", "jvm", "metric")) for name in labels),
        number("first", "FIRST", str, rank=2),
        number("last", "LAST", str),
        number("change", "CHANGE", str, paint=lambda text: growth_paint(1.0) if text.startswith("+") else ""),
        number("per_hour", "PER HOUR", str, rank=1),
        number("max", "MAX", str, rank=3),
        Column("spark", "", rank=4),
    ]
    write(columns, rows, "table", foot=[] if rows else ["nothing is stored for this range"])


def _row(times: Sequence[int], series: Answer, main: str, show: Show) -> dict[str, Any]:
    there = [(time, value) for time, value in zip(times, series[main]) if value is not None]
    row: dict[str, Any] = dict(series["labels"])
    spark = sparkline(series[main], SPARK)
    if not there:
        return {
            **row,
            "first": human.NONE,
            "last": human.NONE,
            "change": human.NONE,
            "per_hour": human.NONE,
            "max": human.NONE,
            "spark": spark,
        }
    (began, first), (ended, last) = there[0], there[-1]
    hours = (ended - began) / 3_600_000
    return {
        **row,
        "first": show(first),
        "last": show(last),
        "change": human.change(last - first, show),
        "per_hour": human.change((last - first) / hours, show) if hours > 0 else human.NONE,
        "max": show(max(value for _, value in there)),
        "spark": spark,
    }


def _charts(answer: Answer, main: str, show: Callable[[Answer], Show]) -> None:
    width = terminal_width() or 100
    for series in answer["series"][:CHARTS]:
        labels = series["labels"]
        title = "  ".join(f"{name}={value}" for name, value in labels.items() if name not in HIDDEN)
        print(clean(title))
        for line in line_chart(answer["times"], [series[main]], width, CHART_HEIGHT, show(labels)):
            print(line)
        print()
    left = len(answer["series"]) - CHARTS
    if left > 0:
        print(f"and {left} more series: select fewer with --host or --jvm")
    if not answer["series"]:
        print("nothing is stored for this range")


def _label_names(answer: Answer) -> list[str]:
    names: dict[str, None] = {}
    for series in answer["series"]:
        names.update(dict.fromkeys(series["labels"]))
    return list(names)


def rows_of(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Columns of an answer as rows."""
    names = list(columns)
    return [dict(zip(names, cells)) for cells in zip(*columns.values())] if names else []
