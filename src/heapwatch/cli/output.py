"""One table, three ways out: aligned text for people, JSON and CSV with exact values for programs.

A row is a mapping; a column says which of its values to show, under which heading and how. On a terminal
that is too narrow, columns with a `rank` go first (highest rank first), then the `elastic` column is cut
in its middle. What goes into a pipe is never cut.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping, Sequence, TextIO

from rich.cells import cell_len

from heapwatch.human import NONE

Row = Mapping[str, Any]

BOLD, DIM, RED, YELLOW, GREEN = "1", "2", "31", "33", "32"

COMFORT, LEAST = 30, 16
"""Of an elastic column: other columns go before it gets below the first, lines wrap below the second."""


def plain(value: object) -> str:
    return NONE if value is None or value == "" else str(value)


@dataclass(frozen=True)
class Column:
    key: str
    title: str
    show: Callable[[Any], str] = plain
    right: bool = False
    elastic: bool = False
    rank: int = 0  # 0: always there
    paint: Callable[[Any], str] | None = None  # value -> SGR code, "" for none


def number(
    key: str, title: str, show: Callable[[Any], str], rank: int = 0, paint: Callable[[Any], str] | None = None
) -> Column:
    return Column(key, title, show, right=True, rank=rank, paint=paint)


def growth_paint(value: float | None) -> str:
    return YELLOW if value is not None and value > 0 else ""


def write(
    columns: Sequence[Column],
    rows: Sequence[Row],
    kind: str,
    document: object = None,
    head: Iterable[str] = (),
    foot: Iterable[str] = (),
) -> None:
    """Print `rows` as `kind`; `document` is the JSON where it is more than that, head and foot are extra."""
    if kind == "json":
        write_json([_exact(columns, row) for row in rows] if document is None else document)
    elif kind == "csv":
        _csv(columns, rows, sys.stdout)
    else:
        for line in (*map(clean, head), *table(columns, rows, terminal_width(), colour()), *map(clean, foot)):
            print(line)


def write_json(document: object) -> None:
    json.dump(document, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    print()


def terminal_width() -> int | None:
    """Columns to stay within, or None where nothing must be cut (a pipe, a file)."""
    if os.environ.get("COLUMNS", "").isdigit():
        return int(os.environ["COLUMNS"]) or None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):  # no terminal, or no file at all
        return None


def colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def clean(text: str) -> str:
    """Without what a terminal would obey: class names and command lines are other people's text."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def cut(text: str, width: int) -> str:
    """At most `width` cells; of a class name the simple name stays: `scala.…NewRedBlackTree$Tree`."""
    if cell_len(text) <= width:
        return text
    tail = cell_len(text) - cell_len(text[: text.rfind(".") + 1])
    if not 0 < tail <= width - 4:
        tail = max(1, (width - 1) * 2 // 3)
    return f"{_fitting(text, width - 1 - tail)}…{_fitting(text[::-1], tail)[::-1]}"


def table(columns: Sequence[Column], rows: Sequence[Row], width: int | None, coloured: bool) -> list[str]:
    """The lines of a table no wider than `width`."""
    cells = {column.key: [clean(column.show(row.get(column.key))) for row in rows] for column in columns}
    columns = [
        column for column in columns if not column.rank or any(cell != NONE for cell in cells[column.key])
    ]
    widths = {c.key: max(map(cell_len, [c.title, *cells[c.key]])) for c in columns}
    columns = _fit(columns, widths, width)
    lines = [_line(columns, widths, [c.title for c in columns], [BOLD] * len(columns) if coloured else None)]
    for i, row in enumerate(rows):
        paint = [c.paint(row.get(c.key)) if c.paint else "" for c in columns] if coloured else None
        lines.append(_line(columns, widths, [cells[c.key][i] for c in columns], paint))
    return lines


def _fit(columns: Sequence[Column], widths: dict[str, int], width: int | None) -> list[Column]:
    """Leave out or narrow columns until a line is at most `width`; changes `widths` of elastic ones."""
    left = list(columns)
    if width is None:
        return left
    while True:
        excess = sum(widths[c.key] + 2 for c in left) - 2 - width
        elastic = [c for c in left if c.elastic]
        slack = sum(max(0, widths[c.key] - COMFORT) for c in elastic)
        optional = [c for c in left if c.rank]
        if excess <= slack or not optional:
            break
        left.remove(max(optional, key=lambda c: c.rank))
    for column in elastic:
        given = max(0, min(excess, widths[column.key] - LEAST))
        widths[column.key] -= given
        excess -= given
    return left


def _line(
    columns: Sequence[Column], widths: Mapping[str, int], cells: Sequence[str], paint: Sequence[str] | None
) -> str:
    parts = []
    for i, (column, cell) in enumerate(zip(columns, cells)):
        cell = cut(cell, widths[column.key]) if column.elastic else cell
        pad = " " * (widths[column.key] - cell_len(cell))
        if paint and paint[i]:
            cell = f"\x1b[{paint[i]}m{cell}\x1b[0m"
        parts.append(pad + cell if column.right else cell + pad)
    return "  ".join(parts).rstrip()


def _fitting(text: str, width: int) -> str:
    taken = 0
    for i, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:i]
    return text


def _exact(columns: Sequence[Column], row: Row) -> dict[str, Any]:
    return {column.key: row.get(column.key) for column in columns}


def _csv(columns: Sequence[Column], rows: Iterable[Row], out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    for row in rows:
        writer.writerow(["" if row.get(c.key) is None else row[c.key] for c in columns])
