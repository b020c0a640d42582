"""`heapwatch collect -i INVENTORY`"""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import ExitStack, closing, redirect_stdout
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.carrying import Carrier, ToFolder, ToServer, graphite
from heapwatch.cli.fleet import COLUMNS, HOSTS, HostOptions, document, progress, row
from heapwatch.cli.options import SERVER, TABLE, Seconds, ServerOptions, TableOutput
from heapwatch.cli.output import write
from heapwatch.cli.visit import MAX_PAUSE_MS
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.fleet.asked import COLLECT, LOOK, Asked
from heapwatch.fleet.reach import Fleet
from heapwatch.fleet.results import HostResult
from heapwatch.jvm.budget import Limits
from heapwatch.model import ALL, LIVE
from heapwatch.ship.records import Records
from heapwatch.ship.stdout import StdoutSink
from heapwatch.wire.paths import DEFAULT, Template

_TO = "Where to"
_MOST_TOLD = 10


@Parameter(name="*")
@dataclass(frozen=True)
class WhereTo:
    """Where the histograms go; several may be given. Without any: the server."""

    out: Annotated[Path | None, Parameter(group=_TO)] = None
    "A folder: a text a histogram, as `heapwatch import` reads it."
    graphite: Annotated[str | None, Parameter(group=_TO, metavar="HOST:PORT")] = None
    "Graphite's line protocol."
    print_: Annotated[Literal["jsonl", "text", "graphite"] | None, Parameter(name="--print", group=_TO)] = (
        None
    )
    "Standard output; the table of hosts is then on standard error."
    template: Annotated[str, Parameter(group=_TO)] = DEFAULT
    "How Graphite paths are made."

    def carriers(self, server: ServerOptions) -> list[Carrier]:
        found: list[Carrier] = []
        if self.out is not None:
            found.append(ToFolder(self.out))
        if self.graphite is not None:
            found.append(graphite(self.graphite, self.template))
        if self.print_ is not None:
            found.append(StdoutSink(Records(self.print_, Template(self.template))))
        if not found or server.server != SERVER.server:
            found.append(ToServer(server))
        return found


NOWHERE_ELSE = WhereTo()


def collect(
    *,
    jvm: tuple[str, ...] = (),
    every: Seconds | None = None,
    count: Annotated[int | None, Parameter(alias="-n")] = None,
    live: bool = False,
    max_pause: float = MAX_PAUSE_MS,
    allow_pause: bool = False,
    budget: float = 0.5,
    check: bool = False,
    verbose: Annotated[bool, Parameter(alias="-v")] = False,
    which: HostOptions = HOSTS,
    where: WhereTo = NOWHERE_ELSE,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Take histograms of many hosts by SSH.

    Nothing is installed there: a probe is sent along and run by the host's own
    Python (3.9 or newer) from memory; without one, the JDK's jcmd is asked. Your
    ~/.ssh/config, agent and jump hosts are used, and host keys must be known.
    Each host has a line with how it went and how long its JVMs stood; one that
    is dead or slow holds up nobody. The exit code is 1 when a host failed.

    For example:

        heapwatch collect -i hosts.toml
        heapwatch collect -i inventory.ini --limit web --every 60s
        heapwatch collect -i web1,web2 --out histograms
        heapwatch collect -i hosts.yml --graphite graphite.example:2003
        heapwatch collect -i hosts.toml --check

    Parameters
    ----------
    jvm
        Only this JVM, by name (with * and ?) or pid; repeatable.
    every
        Again and again, this far apart, until Ctrl-C, which ends with a summary.
    count
        Stop after so many rounds.
    live
        Count only what is alive: forces a full collection of each JVM.
    max_pause
        The longest stop that is allowed, in ms.
    allow_pause
        Go on although a stop may be longer than --max-pause.
    budget
        The largest share of time that an application may stand for it, in %.
    check
        Only say what would be done: who answers, and what it would cost.
    verbose
        A line a JVM, too, on standard error.
    """
    limits = Limits(share=budget / 100, max_pause_ms=inf if allow_pause else max_pause, min_interval_s=0.0)
    inventory = which.read()
    inventory.select(which.limit)
    with ExitStack() as opened:
        carriers = [] if check else where.carriers(server)
        for carrier in carriers:
            opened.enter_context(closing(carrier))
        fleet = opened.enter_context(
            Fleet(
                inventory,
                forks=which.forks,
                connect_timeout_s=which.connect_timeout,
                ssh_config=which.ssh_config,
                keep=every is not None,
                limits=limits,
            )
        )
        asked = fleet.asked(
            do=LOOK if check else COLLECT, mode=LIVE if live else ALL, jvms=jvm, timeout_s=which.timeout
        )
        round_ = _Round(fleet, which.limit, asked, carriers, verbose)
        return _rounds(round_, every, count, output.kind, sys.stderr if where.print_ else sys.stdout)


def _rounds(round_: _Round, every: float | None, count: int | None, kind: str, out: object) -> int:
    rounds = count if count is not None else 1 if every is None else None
    told, due = _Summary(), time.monotonic()
    try:
        while rounds is None or told.rounds < rounds:
            results = round_.run()
            told.note(results)
            with redirect_stdout(out):  # type: ignore[type-var]
                write(COLUMNS, [row(each) for each in results], kind, [document(each) for each in results])
                sys.stdout.flush()
            if told.rounds != rounds:
                due = max(due + (every or 0.0), time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        if every is None:
            raise
        print(f"heapwatch: {told.text(round_.sent, round_.lost)}", file=sys.stderr)
    return 1 if told.failures or round_.lost else 0


class _Summary:
    """What all rounds together came to."""

    def __init__(self) -> None:
        self.rounds = 0
        self.failures: Counter[str] = Counter()

    def note(self, results: list[HostResult]) -> None:
        self.rounds += 1
        self.failures.update(result.host for result in results if result.failed)

    def text(self, sent: int, lost: int) -> str:
        parts = [human.plural(self.rounds, "round"), human.plural(sent, "histogram")]
        parts += [f"{lost} lost"] * bool(lost)
        worst = self.failures.most_common(_MOST_TOLD)
        told = ", ".join(f"{host} {count} times" if count > 1 else f"{host} once" for host, count in worst)
        more = len(self.failures) - len(worst)
        told += f" and {human.plural(more, 'more host')}" if more else ""
        return "; ".join([", ".join(parts), f"failed: {told}" if told else "no host failed"])


class _Round:
    """All hosts once; what comes is sent on at once, so that little waits here."""

    def __init__(
        self, fleet: Fleet, limit: str, asked: Asked, carriers: list[Carrier], verbose: bool
    ) -> None:
        self._fleet = fleet
        self._limit = limit
        self._asked = asked
        self._carriers = carriers
        self._verbose = verbose
        self.sent = 0
        self.lost = 0

    def run(self) -> list[HostResult]:
        chosen = self._fleet.inventory.select(self._limit)
        found: dict[str, HostResult] = {}
        with progress(len(chosen), self._asked.do) as done:
            for result in self._fleet.results(self._limit, self._asked):
                self._send(result)
                found[result.host] = result
                if self._verbose:
                    _tell(result)
                done()
        return [found[host.name] for host in chosen]

    def _send(self, result: HostResult) -> None:
        """A receiver that was never there is an error; one that goes away later costs what it misses."""
        for jvm in result.jvms:
            if jvm.batch is None:
                continue
            for carrier in self._carriers:
                try:
                    carrier.send(jvm.batch)
                except HeapwatchError as error:
                    if not self.sent or isinstance(error, UsageError):
                        raise
                    self.lost += 1
                    print(f"heapwatch: lost, {result.host} {jvm.name}: {error}", file=sys.stderr)
            self.sent += 1


def _tell(result: HostResult) -> None:
    for jvm in result.jvms:
        expected, pause = human.milliseconds(jvm.predicted_ms), human.milliseconds(jvm.pause_ms)
        what = f"{jvm.outcome} {jvm.why}".strip()
        print(
            f"{result.host}: {jvm.name} ({jvm.pid}, {jvm.java}): {what}; stood {pause}, expected {expected}",
            file=sys.stderr,
        )
