"""`heapwatch watch PID|NAME...`"""

from __future__ import annotations

import csv
import io
import sys
import time
import uuid
from contextlib import ExitStack, closing
from typing import Annotated, Literal, Protocol

from cyclopts import Parameter

from heapwatch import human
from heapwatch.agent.suspects import Suspects
from heapwatch.cli import complete
from heapwatch.cli.options import Seconds
from heapwatch.cli.visit import MAX_PAUSE_MS, Visitor
from heapwatch.errors import HeapwatchError, Unavailable, UsageError
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.discover import find
from heapwatch.model import ALL, LIVE, Batch, Snapshot
from heapwatch.ship.graphite import GraphiteSink
from heapwatch.ship.records import Records
from heapwatch.ship.stdout import StdoutSink
from heapwatch.wire.paths import DEFAULT, Template

CSV_COLUMNS = ("time", "host", "jvm", "pid", "mode", "class", "instances", "bytes")


class Out(Protocol):
    """Where the histograms go."""

    def send(self, batch: Batch, /) -> None: ...
    def close(self) -> None: ...


class CsvOut:
    """A row a class, under one line of headings."""

    def __init__(self) -> None:
        self._head = True

    def send(self, batch: Batch, /) -> None:
        block = io.StringIO()
        writer = csv.writer(block, lineterminator="\n")
        if self._head:
            writer.writerow(CSV_COLUMNS)
        self._head = False
        for snapshot in batch.snapshots:
            jvm, found = snapshot.jvm, snapshot.histogram
            who = (snapshot.time, jvm.host, jvm.jvm, jvm.pid, snapshot.mode)
            for name, instances, held in zip(found.classes, found.instances, found.bytes):
                writer.writerow((*who, name, instances, held))
        sys.stdout.write(block.getvalue())
        sys.stdout.flush()

    def close(self) -> None:
        """Standard output is not ours to close."""


def watch(
    *jvms: Annotated[str, Parameter(completer=complete.jvms_here)],
    every: Seconds = 10.0,
    output: Annotated[
        Literal["graphite", "csv", "jsonl", "text"], Parameter(name=["--output", "-o"], metavar="KIND")
    ] = "graphite",
    count: Annotated[int | None, Parameter(alias="-n")] = None,
    to: str | None = None,
    template: str = DEFAULT,
    host: str | None = None,
    live: bool = False,
    max_pause: float = MAX_PAUSE_MS,
    budget: float = 0.5,
) -> int:
    """Print histograms again and again for other programs.

    A JVM that is gone is looked for again by its name, so a restart is followed.
    The pauses stay within --budget: where they would not, the next histogram
    comes later than --every, and stderr says so. It also says which classes seem
    to leak, once there are 40 histograms of a JVM.

    For example:

        heapwatch watch shop --every 30s | nc -q0 localhost 2003
        heapwatch watch shop billing --to graphite.example:2003
        heapwatch watch 4711 -o jsonl --count 10 > shop.jsonl
        heapwatch watch shop -o csv | gzip > shop.csv.gz

    Parameters
    ----------
    jvms
        Process ids, names, or parts of a name that fit no other.
    every
        From one histogram to the next.
    output
        Graphite's line protocol, a row a class, a JSON object or jmap's text a histogram.
    count
        Stop after so many rounds.
    to
        Send to this host:port (Graphite) instead of printing.
    template
        How Graphite paths are made; <jvm> too may stand in it.
    host
        What this machine is called in the output [else its host name].
    live
        Count only what is alive: a full collection each time.
    max_pause
        The longest stop that is allowed, in ms.
    budget
        The largest share of time that the application may stand for it, in %.
    """
    if not jvms:
        raise UsageError("watch what? name JVMs by process id or name (`heapwatch ps` lists them)")
    limits = Limits(share=budget / 100, max_pause_ms=max_pause, min_interval_s=every)
    watched = [_Watched(text, LIVE if live else ALL, limits, host) for text in jvms]
    with ExitStack() as open_things:
        out = open_things.enter_context(closing(_out(output, to, template)))
        for one in watched:
            open_things.callback(one.close)
        _rounds(watched, out, every, count)
    return 0 if any(one.taken for one in watched) else 2


def _rounds(watched: list[_Watched], out: Out, every: float, count: int | None) -> None:
    agent, number = f"watch:{uuid.uuid4().hex}", 0
    due = time.monotonic()
    while count is None or number < count:
        for one in watched:
            snapshot = one.visit()
            if snapshot is not None:
                one.send(out, Batch(agent, number, [snapshot]))
        number += 1
        due = max(due + every, time.monotonic())
        if number != count:
            time.sleep(max(0.0, due - time.monotonic()))


class _Watched:
    """One JVM by the words of the user; the process behind them may change."""

    def __init__(self, text: str, mode: str, limits: Limits, host: str | None) -> None:
        self.taken = self.sent = 0
        self._text = text
        self._mode = mode
        self._limits = limits
        self._host = host
        self._visitor: Visitor | None = None
        self._suspects = Suspects()
        self._said = ""
        self._not_before = 0.0

    def visit(self) -> Snapshot | None:
        """A histogram, or None when there is none to be had now."""
        now = time.monotonic()
        if now < self._not_before:
            return None
        try:
            visitor = self._at_the_door()
            decision = visitor.budget.decide(now, visitor.used())
            if not decision.allowed:
                self._say(f"{self._text}: {decision.why}; later")
                return None
            snapshot = visitor.take(now)
            self._keep_budget(now, visitor.budget.interval_s())
        except HeapwatchError as error:
            self.close()
            self._say(str(error))
            return None
        self.taken += 1
        if self._suspects.add(snapshot, visitor.target.command.split(" ", 1)[0]):
            for text in self._suspects.news(human.clock):
                print(f"heapwatch: {self._text}: {text}", file=sys.stderr)
        return snapshot

    def send(self, out: Out, batch: Batch) -> None:
        """A receiver that goes away later is waited for; one that was never there is an error."""
        try:
            out.send(batch)
        except Unavailable as error:
            if not self.sent:
                raise
            self._say(str(error))
        else:
            self.sent += 1

    def _keep_budget(self, now: float, interval: float) -> None:
        self._not_before = now
        if interval > self._limits.min_interval_s:
            self._not_before += interval
            self._say(f"{self._text}: every {human.duration(interval)} only, to keep the pause budget")
        else:
            self._said = ""

    def close(self) -> None:
        visitor, self._visitor = self._visitor, None
        if visitor is not None:
            visitor.__exit__(None, None, None)

    def _at_the_door(self) -> Visitor:
        if self._visitor is None:
            self._visitor = Visitor(find(self._text), self._mode, self._limits)
            if self._host:
                self._visitor.host = self._host
        return self._visitor

    def _say(self, message: str) -> None:
        """Once, until something else is to be said."""
        if message != self._said:
            print(f"heapwatch: {message}", file=sys.stderr)
        self._said = message


def _out(output: str, to: str | None, template: str) -> Out:
    if to is not None:
        if output != "graphite":
            raise UsageError("--to sends Graphite lines; leave -o away")
        name, _, port = to.rpartition(":")
        if not name or not port.isdigit():
            raise UsageError(f"--to {to!r}: write host:port, such as localhost:2003")
        return GraphiteSink(name.strip("[]"), int(port), template=Template(template))
    if output == "csv":
        return CsvOut()
    return StdoutSink(Records(output, Template(template)))
