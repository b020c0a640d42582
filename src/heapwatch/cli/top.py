"""`heapwatch top PID|NAME`"""

from __future__ import annotations

import sys
import time
from math import inf
from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch.cli import complete
from heapwatch.cli.options import Seconds
from heapwatch.cli.output import terminal_width
from heapwatch.cli.top_board import Board
from heapwatch.cli.top_text import header, row_line, suspicion, titles
from heapwatch.cli.visit import MAX_PAUSE_MS, Visitor, ask_leave, cost_ms
from heapwatch.errors import UsageError
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.discover import find
from heapwatch.model import ALL, LIVE


def top(
    jvm: Annotated[str, Parameter(completer=complete.jvms_here)],
    /,
    *,
    interval: Annotated[Seconds, Parameter(alias=["-d"])] = 5.0,
    sort: Literal["bytes", "instances", "growth", "rate", "class"] = "bytes",
    filter: str = "",  # noqa: A002 - the word of the command line
    live: bool = False,
    once: bool = False,
    batch: Annotated[int | None, Parameter(alias="-n", metavar="N")] = None,
    rows: int = 20,
    yes: bool = False,
    allow_pause: bool = False,
    max_pause: float = MAX_PAUSE_MS,
    budget: float = 0.5,
) -> int:
    """Watch the classes of a heap live, and what grows.

    Takes a histogram every --interval, or less often where the stops would take
    more than --budget of the application's time. Keys: b i g r c order by bytes,
    objects, growth, rate, class; / filter; a the application's own classes only;
    l only what seems to leak; space freeze; m mark, from which growth counts;
    n a histogram now; ? help; q quit. Without a terminal, or with --batch, it
    prints plain text.

    After 40 histograms a sentence above the table says what seems to leak, how
    fast and since when; its class is marked with !, those that grow with it with +.

    For example:

        heapwatch top shop
        heapwatch top 4711 --interval 2s --sort growth
        heapwatch top shop --batch 3 --interval 10s > growth.txt

    Parameters
    ----------
    jvm
        Process id, name, or a part of the name that fits no other.
    interval
        From one histogram to the next, at least.
    sort
        What stands first.
    filter
        Only classes with this in their name; with * or ? the whole name.
    live
        Count only what is alive: a full collection each time.
    once
        Print one screen as plain text; the same as --batch 1.
    batch
        Print so many screens as plain text.
    rows
        Classes on a screen of plain text; 0 is all.
    yes
        Do not ask before --live.
    allow_pause
        Go on although a stop may be longer than --max-pause.
    max_pause
        The longest stop that is allowed, in ms.
    budget
        The largest share of time that the application may stand for it, in %.
    """
    if interval <= 0 or not 0 < budget <= 100:
        raise UsageError("--interval is a time above 0, --budget is between 0 and 100 %")
    board = Board(sort, filter)
    limits = Limits(
        share=budget / 100, max_pause_ms=inf if allow_pause else max_pause, min_interval_s=interval
    )
    with Visitor(find(jvm), LIVE if live else ALL, limits) as visitor:
        ask_leave(visitor, yes)
        board.main_class = visitor.target.command.split(" ", 1)[0]
        screens = 1 if once else batch
        if screens is None and all(s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr)):
            from heapwatch.cli.top_screen import TopApp

            error = TopApp(visitor, board).run()
            if error is not None:
                raise error
        else:
            _print_screens(visitor, board, screens or 1, rows or None)
    return 0


def _print_screens(visitor: Visitor, board: Board, screens: int, rows: int | None) -> None:
    width = terminal_width() or 120
    for number in range(screens):
        if number:
            print()
            time.sleep(visitor.budget.interval_s())
        snapshot = visitor.take(time.monotonic())
        heap = dict(snapshot.heap)
        board.add(snapshot, cost_ms(snapshot))
        board.observe(heap.get("heap_used", float(snapshot.histogram.total_bytes)))
        state = f"{number + 1} of {screens}" if screens > 1 else ""
        for line in header(board, visitor, heap, width, state):
            print(line.rstrip())
        suspect = suspicion(board, width)
        if suspect:
            print(suspect)
        print()
        print(titles(width, board))
        total = snapshot.histogram.total_bytes
        for row in board.rows()[:rows]:
            print(row_line(row, total, width))
        sys.stdout.flush()
