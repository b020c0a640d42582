"""The lines of `heapwatch top`, for the screen and for plain text alike."""

from __future__ import annotations

from typing import Callable, NamedTuple

from rich.cells import cell_len

from heapwatch import human
from heapwatch.cli.chart import sparkline
from heapwatch.cli.output import clean, cut
from heapwatch.cli.top_board import SUSPECT, Board, BoardRow
from heapwatch.cli.visit import Visitor, cost_ms
from heapwatch.model import LIVE

LEAST_CLASS = 22
GAP = 2
MARK = 2


class Field(NamedTuple):
    title: str
    width: int
    show: Callable[[BoardRow, int], str]  # row, total bytes
    sort: str  # the order in which this column is the key
    rank: int  # the highest goes first when the screen is narrow


FIELDS = (
    Field("BYTES", 9, lambda row, _: human.size(row.bytes), "bytes", 0),
    Field("SHARE", 6, lambda row, total: human.share(row.bytes / total) if total else human.NONE, "", 4),
    Field("+BYTES", 10, lambda row, _: human.size_change(row.delta_bytes), "growth", 1),
    Field("PER MIN", 10, lambda row, _: human.size_change(row.bytes_per_min), "rate", 0),
    Field("OBJECTS", 8, lambda row, _: human.count(row.instances), "instances", 2),
    Field("+OBJECTS", 9, lambda row, _: human.count_change(row.delta_instances), "", 3),
)


def fields_for(width: int) -> list[Field]:
    """The columns that leave the class names enough room."""
    fields = list(FIELDS)
    while sum(field.width + GAP for field in fields) + MARK + LEAST_CLASS > width:
        optional = [field for field in fields if field.rank]
        if not optional:
            break
        fields.remove(max(optional, key=lambda field: field.rank))
    return fields


def titles(width: int, board: Board) -> str:
    """The line of headings; the key of the order is marked."""
    cells = []
    for field in fields_for(width):
        title = field.title.replace("+", "Δ") if board.mark else field.title
        cells.append(f"{'▾' if field.sort == board.sort else ''}{title}".rjust(field.width))
    return "  ".join([*cells, "  " + ("▾" if board.sort == "class" else "") + "CLASS"])[:width]


def row_line(row: BoardRow, total: int, width: int) -> str:
    fields = fields_for(width)
    cells = [field.show(row, total).rjust(field.width) for field in fields]
    room = width - sum(field.width + GAP for field in fields) - MARK
    return "  ".join([*cells, row.mark.ljust(MARK) + cut(clean(row.name), max(1, room))])


def header(board: Board, visitor: Visitor, heap: dict[str, float], width: int, state: str) -> list[str]:
    """Four lines: who, the heap, what is in it, and what our visits cost."""
    target, latest = visitor.target, board.latest
    who = (
        f"{target.name} ({target.pid})  {target.collector or target.vm} {target.java_version}  {target.user}"
    )
    used, limit = heap.get("heap_used"), heap.get("heap_max")
    told = f"heap {human.size(used)} of {human.size(limit)}  " if used else "heap –  "
    graph = sparkline(list(board.heap_series), max(0, width - cell_len(told)), low=0.0)
    parts = [f"old {human.size(heap['old_used'])}"] if "old_used" in heap else []
    parts += [f"{heap['threads']:.0f} threads"] if "threads" in heap else []
    if latest is not None:
        found = latest.histogram
        parts.insert(
            0, f"{human.size(found.total_bytes)} shallow in {human.count(found.total_instances)} objects"
        )
        parts.insert(1, f"{len(found):,} classes")
    return [
        _sides(clean(who), state, width),
        told + graph,
        _fitted(parts, width),
        _fitted(_cost(board, visitor), width),
    ]


def suspicion(board: Board, width: int) -> str:
    """One line about what seems to leak; where only that is shown, also why there is nothing. Else empty."""
    found = board.suspects.found
    if not found:
        why = board.suspects.undecided or "nothing grows as a leak does"
        return cut(f"no suspects: {why}", width) if board.only_suspects else ""
    told = found[0].sentence(lambda time_ms: human.clock(time_ms)[:5])
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    room = max(1, width - len(others) - MARK)
    return SUSPECT.ljust(MARK) + cut(clean(told), room) + others


def _cost(board: Board, visitor: Visitor) -> list[str]:
    latest, first = board.latest, board.first
    if latest is None or first is None:
        return [f"the first histogram may stop it for {human.milliseconds(visitor.predicted_ms())}"]
    interval = visitor.budget.interval_s()
    floor = visitor.budget.limits.min_interval_s
    parts = [f"stopped for {human.milliseconds(cost_ms(latest))}{' (live)' if latest.mode == LIVE else ''}"]
    parts.append(f"every {human.duration(interval)}{' for the budget' if interval > floor else ''}")
    elapsed = (latest.time - first.time) + interval * 1000
    parts.append(f"{human.share(board.paused_ms / elapsed)} of its time")
    since = board.mark or first
    word = "Δ since mark" if board.mark else "+ since"
    parts.append(f"{word} {human.clock(since.time)}")
    return parts


def _fitted(parts: list[str], width: int) -> str:
    while len(parts) > 1 and cell_len("  ".join(parts)) > width:
        parts = parts[:-1]
    return "  ".join(parts)


def _sides(left: str, right: str, width: int) -> str:
    left = cut(left, max(10, width - cell_len(right) - 2))
    return left + " " * max(2, width - cell_len(left) - cell_len(right)) + right
