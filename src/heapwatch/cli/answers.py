"""Answers of the query language for people and programs: series, tables, log messages."""

from __future__ import annotations

import re
import sys
import time
from typing import Any, Mapping, Sequence

from heapwatch import human
from heapwatch.cli.output import DIM, RED, YELLOW, Column, clean, colour, number, write, write_json
from heapwatch.cli.series import Show, rows_of, show_series

Answer = Mapping[str, Any]

LEVELS = {"fatal": RED, "error": RED, "warn": YELLOW, "debug": DIM, "trace": DIM}
MOMENTS = ("_time", "_timeslice", "time", "reaches", "earliest", "latest")
_BYTES = re.compile(
    r"heap\.bytes|\.size\.|jvm\.heap|jvm\.pool|metaspace|\.rss\b|cgroup\.memory", re.IGNORECASE
)
_NOT_BYTES = re.compile(r"heap\.instances|\.count\.|\|\s*count\b|rate\b|[*/]|pct of", re.IGNORECASE)


def show_query(answer: Answer, text: str, kind: str) -> None:
    """The rows of a metric query, one after the other."""
    if kind == "json":
        write_json(answer)
        return
    rows, show = answer["rows"], _shown_as(text)
    if kind == "csv":
        _csv(rows)
    for row in rows if kind != "csv" else []:
        if len(rows) > 1:
            print(f"#{row['letter']}")
        if row["table"] and kind == "chart" and row["series"]:
            show_series({**row, "warnings": []}, ("values",), "values", lambda _: show, kind)
        if row["table"]:
            _table(row["table"]["columns"], show)
        else:
            # The warnings of all rows come below them.
            show_series({**row, "warnings": []}, ("values",), "values", lambda _: show, kind)
    if kind != "csv":
        print(_made_from(answer))
    warn(answer)


def show_logs(answer: Answer, kind: str) -> None:
    """Messages with the newest at the bottom, or the table of an aggregation."""
    names = answer["order"]
    if kind == "json":
        write_json(answer)
    elif answer["kind"] == "aggregate" or kind == "csv":
        columns = [_column(name, answer["columns"][name], kind) for name in names]
        write(columns, rows_of(answer["columns"]), kind)
    else:
        messages(answer["columns"], names, reverse=True)
        shown, total = len(answer["columns"]["_time"]), answer["total"]
        if total > shown:
            warning = f"{human.plural(total, 'message')}, these are the newest {shown:,}: see --limit"
            print(f"heapwatch: {warning}", file=sys.stderr)
    if kind != "json":
        warn(answer)


def messages(columns: Mapping[str, Sequence[Any]], names: Sequence[str], reverse: bool = False) -> None:
    """One message a line (or several lines), after its time, whose it is and what was parsed out of it."""
    places = range(len(columns["_time"]))
    own = [name for name in names if not name.startswith("_") and name not in ("host", "jvm")]
    for place in reversed(places) if reverse else places:
        said = [_time(columns["_time"][place])]
        who = [
            str(columns[name][place]) for name in ("host", "jvm") if name in columns and columns[name][place]
        ]
        said += ["/".join(who)] if who else []
        found = [f"{name}={columns[name][place]}" for name in own if columns[name][place] not in (None, "")]
        text = "\n".join(map(clean, str(columns["_text"][place]).split("\n"))) if "_text" in columns else ""
        level = columns.get("_level", [""] * len(places))[place] or ""
        if colour():
            code = next((code for name, code in LEVELS.items() if level.lower().startswith(name)), "")
            text = f"\x1b[{code}m{text}\x1b[0m" if code else text
        print(*map(clean, said), *map(clean, found), text)


def warn(answer: Answer) -> None:
    """What was left out, on stderr."""
    for warning in answer["warnings"]:
        row = f"#{warning['row']}: " if warning.get("row") and len(answer.get("rows", ())) > 1 else ""
        often = f" ({warning['count']:,})" if warning.get("count") else ""
        print(f"heapwatch: {row}{warning['message']}{often}", file=sys.stderr)


def _csv(rows: Sequence[Answer]) -> None:
    tables = [row["table"]["columns"] for row in rows if row["table"]]
    if tables:
        write([Column(name, name) for name in tables[0]], rows_of(tables[0]), "csv")
        return
    labels = list(dict.fromkeys(name for row in rows for one in row["series"] for name in one["labels"]))
    points = [
        {"time": moment, "row": row["letter"], **one["labels"], "value": value}
        for row in rows
        for one in row["series"]
        for moment, value in zip(row["times"], one["values"])
        if value is not None
    ]
    names = ["time", *(["row"] if len(rows) > 1 else []), *labels, "value"]
    write([Column(name, name) for name in names], points, "csv")


def _table(columns: Mapping[str, Sequence[Any]], show: Show) -> None:
    shown = [_column(name, cells, "table", show) for name, cells in columns.items()]
    write(shown, rows_of(columns), "table", foot=[] if any(columns.values()) else ["nothing to compare"])


def _column(name: str, cells: Sequence[Any], kind: str, show: Show | None = None) -> Column:
    numbers = all(cell is None or isinstance(cell, (int, float)) for cell in cells)
    if kind != "csv" and name in MOMENTS:
        return Column(name, name, human.moment)
    if numbers and any(cell is not None for cell in cells):
        return number(name, name, show or _plain)
    return Column(name, name, elastic=name in ("class", "_text", "_signature", "signature"))


def _made_from(answer: Answer) -> str:
    series = sum(len(row["series"]) for row in answer["rows"])
    how = {
        f"every {human.duration(row['interval_s'])}, {row['rollup']}"
        for row in answer["rows"]
        if row["times"]
    }
    points = human.plural(answer["read"]["points"], "point")
    return f"{'; '.join(sorted(how)) or 'nothing'}: {series} series of {points} in {answer['took_ms']:.0f} ms"


def _shown_as(text: str) -> Show:
    """Bytes as such where the query speaks of nothing else."""
    return human.size if _BYTES.search(text) and not _NOT_BYTES.search(text.replace("**", "")) else _plain


def _plain(value: float | None) -> str:
    if value is None:
        return human.NONE
    return human.count(value) if float(value).is_integer() or abs(value) >= 10_000 else f"{value:.4g}"


def _time(epoch_ms: float) -> str:
    whole, rest = divmod(int(epoch_ms), 1000)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(whole))}.{rest:03d}"
