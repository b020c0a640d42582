"""The demo in the terminal: a table that renews itself, or one line a host where no one watches."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from dataclasses import dataclass
from typing import Any, Iterator, Mapping, Protocol, Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from heapwatch import human
from heapwatch.cli.demo.figures import HostFigures
from heapwatch.cli.demo.hosts import Happening, Host

SHOWN_HAPPENINGS = 6
COLOURS = {
    "oom": "red",
    "crash": "red",
    "exit": "red",
    "failed": "red",
    "confirmed": "bold red",
    "suspect": "yellow",
    "waiting_approval": "bold yellow",
    "fixed": "bold green",
}
PLAIN_EVERY_S = 10.0

STATES = {
    "down": ("down", "red"),
    "starting": ("starting", "yellow"),
    "up": ("up", "green"),
    "dying": ("out of memory", "bold red"),
    "leaving": ("deploying", "yellow"),
}


@dataclass(frozen=True)
class View:
    """All that one picture shows."""

    url: str
    actors: str
    elapsed_s: float
    hosts: Sequence[Host]
    figures: Mapping[str, HostFigures]
    happenings: Sequence[Happening]
    fixed: bool
    asked: bool = False  # whether a run waits for a yes


class Screen(Protocol):
    def say(self, text: str) -> None: ...

    def happened(self, happening: Happening) -> None: ...

    def show(self, view: View) -> None: ...

    def key(self) -> str: ...

    def close(self) -> None: ...


class PlainScreen:
    """Lines for logs and pipes."""

    def __init__(self, every_s: float = PLAIN_EVERY_S) -> None:
        self._every_s = every_s
        self._shown = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{human.clock(time.time() * 1000)}  {text}", flush=True)

    def happened(self, happening: Happening) -> None:
        self.say(f"{happening.host}: {happening.text}")

    def show(self, view: View) -> None:
        if time.monotonic() - self._shown < self._every_s:
            return
        self._shown = time.monotonic()
        for host in view.hosts:
            self.say(_line(host, view.figures.get(host.name, HostFigures())))

    def key(self) -> str:
        return ""

    def close(self) -> None:
        pass


def _line(host: Host, figures: HostFigures) -> str:
    parts = [
        f"{host.name} {host.release.version} {STATES[host.state][0]}",
        f"heap {human.size(figures.heap_used)} of {human.size(figures.heap_max)}",
        f"Child {human.count(figures.children)} ({human.count_change(figures.children_per_min)}/min)",
        f"{figures.snapshots} histograms",
        f"pause {human.milliseconds(figures.pause_ms)}",
    ]
    return ", ".join(parts)


class LiveScreen:
    """A table in place, and keys. The terminal is given back as it was, whatever happens."""

    def __init__(self, console: Console) -> None:
        self._restore = contextlib.ExitStack()
        self._restore.enter_context(_keys_at_once())
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._restore.enter_context(self._live)

    def say(self, text: str) -> None:
        self._live.console.print(Text(f"  {text}"))

    def happened(self, happening: Happening) -> None:
        """The next picture has it."""

    def show(self, view: View) -> None:
        self._live.update(_picture(view, self._live.console.width), refresh=True)

    def key(self) -> str:
        if sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]:
            return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
        return ""

    def close(self) -> None:
        self._restore.close()


@contextlib.contextmanager
def _keys_at_once() -> Iterator[None]:
    """Keys without Enter and without echo; Ctrl-C still interrupts."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _picture(view: View, width: int) -> Group:
    head = Text.assemble(
        ("heapwatch demo", "bold"),
        f"  three JVMs on {view.actors}, {human.duration(view.elapsed_s)}  ",
        (view.url, "underline"),
    )
    lines = [
        Text.assemble(
            (f"  {human.clock(happening.time)}  ", "dim"),
            (f"{happening.host:<9}", "bold"),
            (f" {happening.text}", COLOURS.get(happening.kind, "")),
        )
        for happening in view.happenings[-SHOWN_HAPPENINGS:]
    ]
    keys = "q end" if view.fixed else "q end   f deploy the fix"
    keys += "   y say yes   n say no" if view.asked else ""
    foot = Text(f"  {keys}   o open the browser", style="dim")
    return Group(head, _table(view, width), *lines, foot)


COLUMNS = (
    # title, right-aligned, shown from this width on
    ("host", False, 0),
    ("version", False, 100),
    ("state", False, 0),
    ("heap", False, 90),
    ("used", True, 0),
    ("of", True, 60),
    ("growth/min", True, 112),
    ("Child actors", True, 0),
    ("per min", True, 72),
    ("histograms", True, 125),
    ("pause", True, 134),
)


def _table(view: View, width: int) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    shown = [i for i, (_, _, least) in enumerate(COLUMNS) if width >= least]
    for title, right, _ in (COLUMNS[i] for i in shown):
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for host in view.hosts:
        cells = _cells(host, view.figures.get(host.name, HostFigures()))
        table.add_row(*(cells[i] for i in shown))
    return table


def _cells(host: Host, figures: HostFigures) -> list[Any]:
    word, style = STATES[host.state]
    used, limit = figures.heap_used or 0.0, figures.heap_max or 1.0
    share = min(1.0, used / limit)
    colour = "red" if share > 0.85 else "yellow" if share > 0.6 else "green"
    return [
        Text(host.name, style="bold"),
        host.release.version,
        Text(word, style=style),
        ProgressBar(total=1.0, completed=share, width=16, complete_style=colour, finished_style="red"),
        human.size(figures.heap_used),
        human.size(figures.heap_max),
        human.size_change(figures.growth_per_min),
        human.count(figures.children),
        human.count_change(figures.children_per_min),
        human.count(figures.snapshots),
        human.milliseconds(figures.pause_ms),
    ]


def choose(plain: bool) -> Screen:
    if plain or not sys.stdout.isatty():
        return PlainScreen()
    return LiveScreen(Console())
