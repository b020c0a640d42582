"""Runs query scripts (hwq.py) against a real store of their own, in a temporary directory.

`check(script)` is all of a file; `Stage` is one store that is brought to the state that a query of the file
wants, so that single queries can be run too, in any order.
"""

from __future__ import annotations

import shutil
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heapwatch.errors import HeapwatchError
from heapwatch.model import ALL, Batch, Event, Histogram, JvmId, LogBlock, MetricBlock, Snapshot
from heapwatch.query import hwq, verdict
from heapwatch.query.hwq import Clear, Load, LoadLogs, Now, Query, Rollup, Samples
from heapwatch.query.times import parse_interval
from heapwatch.store import Settings, Store, open_store
from heapwatch.wire.paths import Template

UNNAMED = "unnamed"
CLASS_METRICS = {"heap.bytes": "size", "heap.instances": "count"}
_IDENTITY = ("host", "jvm", "pid", "started", "class", "metric", "mode", "package")


@dataclass(frozen=True)
class Script:
    """A file that was read."""

    name: str
    commands: Sequence[tuple[int, hwq.Command]]

    @property
    def queries(self) -> list[Query]:
        return [command for _, command in self.commands if isinstance(command, Query)]


@dataclass(frozen=True)
class Outcome:
    """What came of one query: no problems, or each as some lines of text."""

    script: str
    query: Query
    problems: Sequence[str]

    @property
    def where(self) -> str:
        return f"{self.script}:{self.query.number}"


def read(path: Path, name: str = "") -> Script:
    """A script from its file; Unreadable names the line that is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise hwq.Unreadable(f"{path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from error
    return Script(name or str(path), hwq.read(text, name or str(path)))


def check(script: Script) -> Iterator[Outcome]:
    """Run a whole script, query by query."""
    with Stage(script) as stage:
        for query in script.queries:
            yield stage.run(query)


class Scene:
    """A store of its own that commands fill. A process has at most one open at a time."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self._directory = Path()
        self._sequence = 0
        self.now = 0

    @property
    def store(self) -> Store:
        if self._store is None:
            self._directory = Path(tempfile.mkdtemp(prefix="heapwatch-hwq-"))
            settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
            self._store = open_store(self._directory, settings, clock=lambda: self.now)
        return self._store

    def do(self, command: hwq.Given) -> None:
        """Carry out what brings data in."""
        if isinstance(command, Clear):
            self.close()
        elif isinstance(command, Rollup):
            self.store.rollup()
        elif isinstance(command, Now):
            self.now = command.time
        elif isinstance(command, Load):
            self._load(command)
        elif isinstance(command, LoadLogs):
            self._load_logs(command)

    def close(self) -> None:
        self.now = 0
        if self._store is not None:
            self._store.close()
            self._store = None
            shutil.rmtree(self._directory, ignore_errors=True)

    def note(self, events: Sequence[Event]) -> None:
        """Store events as they are."""
        self.now = max([self.now, *(each.time for each in events)])
        self._sequence += 1
        self.store.insert([Batch("hwq", self._sequence, events=list(events))])

    def _load(self, load: Load) -> None:
        longest = max((len(line.values) for line in load.lines), default=0)
        self.now = max(self.now, load.start + load.step * longest)
        snapshots = _snapshots(load)
        blocks = [_block(load, line) for line in load.lines if not line.path and not _of_class(line)]
        self._insert(snapshots, blocks)
        for line in load.lines:
            if line.path and _of_class(line) is None:
                times, numbers = _points(load, line)
                self.store.insert_samples([line.path] * len(times), times, numbers, "hwq")

    def _insert(self, snapshots: Sequence[Snapshot], blocks: Sequence[MetricBlock]) -> None:
        self._sequence += 1
        self.store.insert([Batch("hwq", self._sequence, list(snapshots), list(blocks), [])])

    def _load_logs(self, load: LoadLogs) -> None:
        self.now = max([self.now, *(message.time for message in load.messages)])
        blocks = [
            LogBlock(message.labels, array("q", [message.time]), [message.text]) for message in load.messages
        ]
        self.store.insert_logs(blocks)


class Stage:
    """One script's store, brought to the state that a query of the script wants."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._scene = Scene()
        self._done = 0  # commands of the script that are in the store

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._scene.close()

    def run(self, query: Query) -> Outcome:
        """The outcome of a query over what was loaded before it in the script."""
        place = next(at for at, (_, each) in enumerate(self._script.commands) if each is query)
        if place < self._done:
            self._begin_again()
        begin = max((at for at in range(place) if isinstance(self._script.commands[at][1], Clear)), default=0)
        if begin >= self._done > 0:
            self._begin_again()
        for at in range(max(begin, self._done), place):
            number, command = self._script.commands[at]
            try:
                if not isinstance(command, Query):
                    self._scene.do(command)
            except HeapwatchError as error:
                raise hwq.Unreadable(f"{self._script.name}:{number}: {error}") from error
        self._done = place
        return Outcome(self._script.name, query, verdict.problems(query, *self._ask(query)))

    def _begin_again(self) -> None:
        self._scene.close()
        self._done = 0

    def _ask(self, query: Query) -> tuple[dict[str, Any] | None, HeapwatchError | None]:
        try:
            return answer(self._scene.store, query), None
        except HeapwatchError as error:
            return None, error


def answer(store: Store, query: Query) -> dict[str, Any]:
    """What the store answers, as the API would give it."""
    options = query.options
    if query.language == "logs":
        from heapwatch.query.logs.run import run_logs

        found: dict[str, Any] = run_logs(
            store,
            query.text,
            query.from_,
            query.to,
            limit=int(options.get("limit", 1000)),
            order=options.get("order", "desc"),
        )
        return found
    from heapwatch.query.run import run

    interval = parse_interval(options["interval"]) if "interval" in options else None
    points: dict[str, Any] = run(store, query.text, query.from_, query.to, interval)
    return points


def _points(load: Load, line: Samples) -> tuple[list[int], list[float]]:
    """The line's points without the missing ones."""
    points = [
        (load.start + load.step * place, each) for place, each in enumerate(line.values) if each == each
    ]
    return [time for time, _ in points], [value for _, value in points]


def _of_class(line: Samples) -> tuple[JvmId, str, str, str, Mapping[str, str]] | None:
    """JVM, mode, class, measure and user labels of a class sample; None for any other metric."""
    if line.path:
        found = None if ";" in line.path else Template().read(line.path)
        if found is None:
            return None
        return JvmId(found.host, found.jvm or UNNAMED, 0, 0), ALL, found.class_name, found.measure, {}
    labels = line.labels
    measure = CLASS_METRICS.get(labels.get("metric", ""))
    if measure is None or "class" not in labels:
        return None
    who = JvmId(
        labels.get("host", "localhost"),
        labels.get("jvm", UNNAMED),
        int(labels.get("pid", 0)),
        int(labels.get("started", 0)),
    )
    others = {name: value for name, value in labels.items() if name not in _IDENTITY}
    return who, labels.get("mode", ALL), labels["class"], measure, others


def _snapshots(load: Load) -> list[Snapshot]:
    """One histogram for each JVM, mode and step at which any of its classes has a value."""
    tables: dict[tuple[JvmId, str, int], dict[str, dict[str, int]]] = {}
    labels: dict[JvmId, dict[str, str]] = {}
    for line in load.lines:
        sample = _of_class(line)
        if sample is None:
            continue
        who, mode, name, measure, others = sample
        labels.setdefault(who, {}).update(others)
        for time, value in zip(*_points(load, line), strict=True):
            tables.setdefault((who, mode, time), {}).setdefault(name, {})[measure] = round(value)
    return [
        Snapshot(who, time, mode, _histogram(table), None, None, {}, labels[who])
        for (who, mode, time), table in sorted(tables.items(), key=lambda each: each[0][2])
    ]


def _histogram(table: Mapping[str, Mapping[str, int]]) -> Histogram:
    return Histogram(
        list(table),
        array("q", [one.get("count", 0) for one in table.values()]),
        array("q", [one.get("size", 0) for one in table.values()]),
        array("q", [1] * len(table)),
    )


def _block(load: Load, line: Samples) -> MetricBlock:
    labels = dict(line.labels)
    name = labels.pop("metric", "")
    if not name:
        raise hwq.Unreadable("a line with labels needs metric=...")
    times, numbers = _points(load, line)
    return MetricBlock(labels, array("q", times), {name: array("d", numbers)})
