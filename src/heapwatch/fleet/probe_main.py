"""What runs on a host of the fleet: sent over the connection's standard input, kept nowhere there.

    <- {"do": "collect", "host": "web1", "mode": "all", "limits": {...}, ...}      one line
    -> {"is": "hello", "python": "3.9.18", "user": "app", "time": 1790000000000}   a line each, then gone
    -> {"is": "jvm", "pid": 4711, "name": "shop", "outcome": "ok", "pause_ms": 3.1, "batch": "aHdi..."}
    -> {"is": "end", "jvms": 1}
    <- stop                                                                        it ends at once

`look` tells the JVMs and what a histogram would cost, `collect` takes histograms, `operate` asks one JVM for
one thing (jvm/operations.py), `predict` what that may cost. `dump` takes a heap dump, and sends its bytes
between two lines (arriving.py). Standard library only, Python 3.9, like all that is sent along with it.
"""

from __future__ import annotations

import base64
import fcntl
import getpass
import json
import os
import platform
import select
import signal
import sys
import time
from array import array
from contextlib import ExitStack, closing
from dataclasses import replace
from fnmatch import fnmatchcase
from math import inf
from typing import IO, Any, Dict, Generator, Iterator, List, Mapping, Optional, Union

from heapwatch.errors import HeapwatchError, Unreadable, UsageError
from heapwatch.jvm import perfdata, process, sample
from heapwatch.jvm.budget import Limits, PauseBudget
from heapwatch.jvm.discover import discover, find
from heapwatch.jvm.histogram import Parser
from heapwatch.jvm.refusals import AttachError
from heapwatch.model import ALL, LIVE, Batch, MetricBlock, Snapshot, Target
from heapwatch.wire.batch import encode

Record = Dict[str, Any]
Part = Union[Record, bytes]

_STALLED_S = 60  # for the next piece of a file to be taken
_COMMAND_LENGTH = 300
_PASSING = (
    "jcmd",
    "jmap",
    "jps",
    "jstack",
    "jstat",
    "jinfo",
    "JCmd",
    "JMap",
    "Jps",
    "JStack",
    "Jstat",
    "JInfo",
)
"""The JDK's own tools: gone before one has looked at them."""


def main(words: IO[str], out: IO[str]) -> None:
    """One request, and its answers."""
    request = json.loads(words.readline())
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ended)
    _end_when_told()
    signal.alarm(max(1, int(request.get("deadline_s", 60))))  # who asked has given us up by then
    with closing(answers(request)) as parts:
        for part in parts:
            if isinstance(part, bytes):
                signal.alarm(_STALLED_S)
                out.buffer.write(part)  # type: ignore[attr-defined]
            else:
                out.write(json.dumps(part, separators=(",", ":")) + "\n")
                out.flush()


def _ended(number: int, _frame: object) -> None:
    """What lies at the JVM for us is removed on the way out; a signal's own way would leave it."""
    raise SystemExit(f"heapwatch: ended by {signal.Signals(number).name}")


def _end_when_told() -> None:
    """By the signal that more has come: a thread that reads would keep us out of a JVM's namespaces."""

    def on_more(_number: int, _frame: object) -> None:
        if select.select([0], [], [], 0)[0] and os.read(0, 64):
            raise SystemExit("heapwatch: told to end")

    signal.signal(signal.SIGIO, on_more)
    try:
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        pass  # it is a file; the alarm is left


def answers(request: Mapping[str, Any]) -> Generator[Part, None, None]:
    """What there is to say to a request, from `hello` to `end`."""
    yield {
        "is": "hello",
        "python": platform.python_version(),
        "user": _user(),
        "time": int(time.time() * 1000),
        "hostname": platform.node(),
    }
    if request["do"] in ("operate", "predict", "dump"):
        yield from _dump(request) if request["do"] == "dump" else [_operate(request)]
        yield {"is": "end", "jvms": 1}
        return
    count = 0
    for target in discover():
        if _wanted(target, request.get("jvms") or (), request.get("only") or ()):
            count += 1
            yield _visit(target, request)
    yield {"is": "end", "jvms": count}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def _wanted(target: Target, patterns: Any, only: Any) -> bool:
    if target.name.rpartition(".")[2] in _PASSING:
        return False
    if only and not any(fnmatchcase(target.name, pattern) for pattern in only):
        return False
    return not patterns or any(
        pattern == str(target.pid) or fnmatchcase(target.name, pattern) for pattern in patterns
    )


# -- histograms -------------------------------------------------------------------------------------------


def _visit(target: Target, request: Mapping[str, Any]) -> Record:
    told: Record = {
        "is": "jvm",
        "pid": target.pid,
        "name": target.name,
        "user": target.user,
        "java": target.java_version,
        "collector": target.collector,
        "started": target.started,
    }
    try:
        with ExitStack() as opened:
            return {**told, **_Visit(target, request, opened).told()}
    except AttachError as error:
        return {**told, "outcome": error.reason, "why": str(error)}
    except HeapwatchError as error:
        return {**told, "outcome": "failed", "why": str(error)}
    except OSError as error:  # it ends as we look at it
        return {**told, "outcome": "gone", "why": f"JVM {target.pid}: {error.strerror}"}


class _Visit:
    """One JVM, from what it costs nothing to know to its histogram."""

    def __init__(self, target: Target, request: Mapping[str, Any], opened: ExitStack) -> None:
        self._target = target
        self._request = request
        self._mode = LIVE if request.get("mode") == LIVE else ALL
        self._limits = _limits(request.get("limits") or {})
        try:
            counters: Optional[perfdata.PerfData] = opened.enter_context(perfdata.open_for(target))
        except (perfdata.NoPerfData, Unreadable):
            counters = None
        self._counters = counters

    def told(self) -> Record:
        raw = self._raw()
        plan = self._counters.plan if self._counters is not None else None
        heap = plan.heap_counters(raw) if plan is not None and raw is not None else {}
        used = heap.get("heap_used") or float(process.status(self._target.pid).rss or 0)
        expected = self._expected_ms(used)
        told: Record = {
            "heap_used": int(used),
            "heap_max": int(heap["heap_max"]) if "heap_max" in heap else None,
            "predicted_ms": round(expected, 3),
        }
        if self._request["do"] == "look":
            return {**told, "outcome": "ok"}
        if self._is_early():
            return {**told, "outcome": "put-off", "why": "its pause budget is used up"}
        if expected > self._limits.max_pause_ms:
            most = self._limits.max_pause_ms
            why = f"a pause of {expected:.0f} ms is expected, {most:.0f} ms are allowed"
            return {**told, "outcome": "put-off", "why": why}
        snapshot = sample.take(
            self._target,
            self._mode,
            Parser(),
            self._counters,
            str(self._request["host"]),
            parallel=sample.threads_for(self._target),
        )
        snapshot = replace(snapshot, labels=self._labels())
        return {**told, **_taken(snapshot), "batch": self._batch(snapshot, raw)}

    def _raw(self) -> Optional[Mapping[str, Any]]:
        if self._counters is None:
            return None
        try:
            return self._counters.sample()
        except Unreadable:
            return None

    def _known(self) -> Mapping[str, Any]:
        key = f"{self._target.pid}-{self._target.started}"
        known = (self._request.get("known") or {}).get(key)
        return known if isinstance(known, dict) else {}

    def _is_early(self) -> bool:
        return bool(self._known().get("early"))

    def _expected_ms(self, used: float) -> float:
        """By what the visit before took, which whoever asks remembers for us; else by the heap's size."""
        target = self._target
        budget = PauseBudget(self._limits, target.collector, self._mode, target.java_version)
        known = self._known()
        if "pause_ms" in known:
            budget.visited(0.0, float(known["pause_ms"]), float(known.get("used") or 0) or None)
        return budget.prediction_ms(used)

    def _batch(self, snapshot: Snapshot, raw: Optional[Mapping[str, Any]]) -> str:
        batch = Batch(str(self._request["agent"]), 0, [snapshot], [self._metrics(snapshot, raw)])
        return base64.b64encode(encode(batch)).decode("ascii")

    def _metrics(self, snapshot: Snapshot, raw: Optional[Mapping[str, Any]]) -> MetricBlock:
        """The counters beside it, as an agent sends them."""
        host, jvm, pid, started = snapshot.jvm
        labels = {"host": host, "jvm": jvm, "pid": str(pid), "started": str(started), **snapshot.labels}
        values = dict(process.metrics(pid, process.ControlGroup(process.cgroup_paths(pid))))
        if self._counters is not None and raw is not None:
            values.update(self._counters.plan.metrics(raw))
        cost = snapshot.pause if snapshot.pause is not None else snapshot.duration
        values["heapwatch.pause_ms"] = cost or 0.0
        columns = {name: array("d", [value]) for name, value in values.items()}
        return MetricBlock(labels, array("q", [snapshot.time]), columns)

    def _labels(self) -> Mapping[str, str]:
        target = self._target
        facts = {
            "java": target.java_version,
            "collector": target.collector,
            "user": target.user,
            "container": target.container,
            "command": target.command.split(" ", 1)[0][:_COMMAND_LENGTH],
        }
        labels = {**(self._request.get("labels") or {}), **target.labels, **facts}
        return {name: value for name, value in labels.items() if value}


def _limits(told: Mapping[str, Any]) -> Limits:
    most = told.get("max_pause_ms")
    return Limits(max_pause_ms=inf if most is None else float(most))


def _taken(snapshot: Snapshot) -> Record:
    return {
        "outcome": "ok",
        "pause_ms": snapshot.pause,
        "duration_ms": snapshot.duration,
        "classes": len(snapshot.histogram),
        "instances": snapshot.histogram.total_instances,
        "bytes": snapshot.histogram.total_bytes,
    }


# -- operations -------------------------------------------------------------------------------------------


def _operate(request: Mapping[str, Any]) -> Record:
    from heapwatch.jvm import operations

    try:
        target = _one(str(request["jvm"]))
        name, options = str(request["operation"]), request.get("options") or {}
        if request["do"] == "predict":
            told: Record = {"predicted_pause_ms": operations.predict(name, target.pid, options)}
        else:
            told = operations.run(name, target.pid, options)
        return {"is": "result", "result": told}
    except (HeapwatchError, OSError) as error:
        return _failed(error)


def _dump(request: Mapping[str, Any]) -> Iterator[Part]:
    from heapwatch.jvm import operations

    begun = False
    try:
        target, options = _one(str(request["jvm"])), request.get("options") or {}
        with closing(operations.send_dump(target.pid, options, int(request["room"]))) as parts:
            for part in parts:
                begun = True
                yield part
    except (HeapwatchError, OSError) as error:
        if begun:  # words would be taken for the file's
            raise SystemExit(f"heapwatch: {error}") from error
        yield _failed(error)


def _failed(error: Exception) -> Record:
    if isinstance(error, OSError):
        return {"is": "failed", "reason": "failed", "why": error.strerror or str(error)}
    return {
        "is": "failed",
        "reason": getattr(error, "reason", type(error).__name__.lower()),
        "why": str(error),
    }


def _one(text: str) -> Target:
    """The JVM that is meant; "" is the only one."""
    if text:
        return find(text)
    found: List[Target] = discover()
    if len(found) != 1:
        raise UsageError(f"{len(found)} JVMs run there: say which")
    return found[0]


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
