"""What can be done to a JVM by its name: one table for the command line, a probe on another host, a workflow.

    run("thread_dump", 4711)  ->  {"operation": "thread_dump", "pid": 4711, "text": "...",
                                   "predicted_pause_ms": 1.2, "pause_ms": 0.3, "duration_ms": 4.1, ...}

Each operation says before it is carried out how long the application may stand for it, and is refused when
that is more than `max_pause_ms` (500 unless the caller says otherwise); afterwards it says how long the
application stood. Both are 0 for what needs no safepoint.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Generator, List, Mapping, Optional, Tuple, Union

from heapwatch.errors import Refused, UsageError
from heapwatch.jvm import discover, heapdump, histogram, jfr_visit, sample
from heapwatch.jvm.commands import COMMANDS
from heapwatch.jvm.session import Session
from heapwatch.model import ALL, LIVE

MAX_PAUSE_MS = 500.0

_GC_TIMEOUT_S = 120.0
_TOP = 25

Options = Mapping[str, Any]
Perform = Callable[[Session, Options], Dict[str, Any]]
Predict = Callable[[Session, Options], float]


class PauseTooLong(Refused):
    """The application would stand longer than is allowed; nothing was done."""


@dataclass(frozen=True)
class Operation:
    """One row of the table. `options` has the default of each; its type is the default's."""

    summary: str
    predict: Predict
    perform: Perform
    options: Mapping[str, Any] = field(default_factory=dict)


def run(name: str, pid: int, options: Optional[Options] = None, proc: str = "/proc") -> Dict[str, Any]:
    """Carry out one operation on the JVM `pid` of this machine. The answer can be written as JSON."""
    chosen(name, options or {})  # a wrong word is told before anything is looked at
    target = discover.find(str(pid), discover.discover(proc))
    with Session(target, proc) as session:
        return carry_out(session, name, options)


def carry_out(session: Session, name: str, options: Optional[Options] = None) -> Dict[str, Any]:
    """As `run`, on a JVM that is open already."""
    answered = _permitted(session, name, options or {})
    operation, given = chosen(name, options or {})
    return answered(operation.perform(session, given))


def predict(name: str, pid: int, options: Optional[Options] = None, proc: str = "/proc") -> float:
    """How long the application may stand for an operation, in ms; nothing is asked of it."""
    with Session(discover.find(str(pid), discover.discover(proc)), proc) as session:
        return predicted_ms(session, name, options)


def send_dump(
    pid: int, options: Options, room: int, proc: str = "/proc"
) -> Generator[Union[Dict[str, Any], bytes], None, None]:
    """As `run` of heap_dump, for a machine that asks from afar and has so much room for the file.

    First `{"is": "file", "bytes": ...}`, then the bytes in pieces, then `{"is": "result", ...}`.
    """
    _, given = chosen("heap_dump", options)
    with Session(discover.find(str(pid), discover.discover(proc)), proc) as session:
        answered = _permitted(session, "heap_dump", options)
        with contextlib.closing(heapdump.send(session, given, room)) as parts:
            for part in parts:
                if isinstance(part, dict) and "is" not in part:
                    yield {"is": "result", "result": answered(part)}
                else:
                    yield part


def _permitted(session: Session, name: str, options: Options) -> Callable[[Dict[str, Any]], Dict[str, Any]]:
    """Refuse what may take too long. Else its time begins, and what was found can be made an answer."""
    operation, given = chosen(name, options)
    target = session.target
    expected = operation.predict(session, given)
    if expected > given["max_pause_ms"]:
        raise PauseTooLong(
            f"{name} may stop {target.name} ({target.pid}) for {expected:.0f} ms, "
            f"{given['max_pause_ms']:.0f} ms are allowed (max_pause_ms); nothing was done"
        )
    session.forget_costs()
    began_at, began = int(time.time() * 1000), time.monotonic()

    def answered(found: Dict[str, Any]) -> Dict[str, Any]:
        return {
            "operation": name,
            "pid": target.pid,
            "jvm": target.name,
            "java_version": target.java_version,
            "collector": target.collector,
            "time": began_at,
            "predicted_pause_ms": round(expected, 3),
            "pause_ms": _rounded(session.pause_ms()),
            "duration_ms": round((time.monotonic() - began) * 1000, 3),
            **found,
        }

    return answered


def predicted_ms(session: Session, name: str, options: Optional[Options] = None) -> float:
    """How long the application may stand for an operation."""
    operation, given = chosen(name, options or {})
    return operation.predict(session, given)


def chosen(name: str, options: Options) -> Tuple[Operation, Dict[str, Any]]:
    """The operation of this name with all its options; UsageError tells a wrong word."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise UsageError(f"no operation {name!r}; there are {', '.join(OPERATIONS)}")
    given = {**operation.options, "max_pause_ms": operation.options.get("max_pause_ms", MAX_PAUSE_MS)}
    for key, value in options.items():
        if key not in given:
            raise UsageError(f"{name} has no option {key!r}; it has {', '.join(sorted(given))}")
        given[key] = _read(name, key, value, given[key])
    return operation, given


def _read(name: str, key: str, value: Any, default: Any) -> Any:
    """A value of an option, also one that was written as text (a template, a command line)."""
    wrong = UsageError(f"{name}: {key} cannot be {value!r}")
    if isinstance(default, bool):
        if isinstance(value, str):
            value = {"true": True, "yes": True, "false": False, "no": False}.get(value.lower(), value)
        if not isinstance(value, bool):
            raise wrong
        return value
    if isinstance(default, float):
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise wrong from None
        if isinstance(value, bool) or not number >= 0:
            raise wrong
        return number
    if not isinstance(value, str) or "\0" in value:
        raise wrong
    if key == "mode" and value not in (ALL, LIVE):
        raise UsageError(f"{name}: mode is {ALL!r} or {LIVE!r}, not {value!r}")
    return value


# -- one function an operation ------------------------------------------------------------------------------


def _asking(name: str) -> Perform:
    """One diagnostic command and what its answer says."""
    command = COMMANDS[name]

    def perform(session: Session, _options: Options) -> Dict[str, Any]:
        text = session.jcmd(command.words)
        return {"text": text, **command.read(text)}

    return perform


def _standing(name: str) -> Predict:
    command = COMMANDS[name]
    return lambda session, _options: command.stands(session.heap())


def _heap_info(session: Session, options: Options) -> Dict[str, Any]:
    return {**_asking("heap_info")(session, options), "heap": session.heap()}


def _histogram_ms(session: Session, options: Options) -> float:
    return session.walk_ms(mode=options["mode"])


def _histogram(session: Session, options: Options) -> Dict[str, Any]:
    mode, used = options["mode"], session.used()
    with session.cost(collects=mode == LIVE) as cost:
        text = session.attachment.histogram_text(mode, parallel=sample.threads_for(session.target))
    session.learn(cost.pause_ms, used, mode)
    found = histogram.parse(text)
    order = sorted(range(len(found)), key=lambda at: -found.bytes[at])
    top: List[Dict[str, Any]] = [
        {"class": found.classes[at], "instances": found.instances[at], "bytes": found.bytes[at]}
        for at in order[:_TOP]
    ]
    return {
        "text": text,
        "mode": mode,
        "classes": len(found),
        "instances": found.total_instances,
        "bytes": found.total_bytes,
        "top": top,
    }


def _gc_ms(session: Session, _options: Options) -> float:
    return session.collection_ms()


def _gc(session: Session, _options: Options) -> Dict[str, Any]:
    before = session.used()
    text = session.jcmd("GC.run", _GC_TIMEOUT_S, collects=True)
    return {"text": text, "used_before": before, "used_after": session.used()}


def _rounded(value: Optional[float]) -> Optional[float]:
    return None if value is None else round(value, 3)


OPERATIONS: Dict[str, Operation] = {
    "version": Operation("Which Java it is.", _standing("version"), _asking("version")),
    "histogram": Operation(
        "Count the objects of each class; mode `live` collects first.",
        _histogram_ms,
        _histogram,
        {"mode": ALL},
    ),
    "heap_info": Operation("How full each part of the heap is.", _standing("heap_info"), _heap_info),
    "thread_dump": Operation(
        "What each thread does, and how many there are of a kind.",
        _standing("thread_dump"),
        _asking("thread_dump"),
    ),
    "classloader_stats": Operation(
        "How many class loaders there are, with how many classes.",
        _standing("classloader_stats"),
        _asking("classloader_stats"),
    ),
    "finalizer_info": Operation(
        "What waits for its finalizer.", _standing("finalizer_info"), _asking("finalizer_info")
    ),
    "native_memory": Operation(
        "What the VM itself uses, where it counts that (-XX:NativeMemoryTracking).",
        _standing("native_memory"),
        _asking("native_memory"),
    ),
    "gc": Operation("Force a full collection.", _gc_ms, _gc),
    "jfr": Operation(
        "Record for some seconds which objects stay, who holds them and who made them.",
        jfr_visit.predict,
        jfr_visit.record,
        {"seconds": 30.0, "paths": True, "path": ""},
    ),
    "heap_dump": Operation(
        "Write all objects with their content to a file; somebody has to allow it.",
        heapdump.predict,
        heapdump.take,
        {"path": "", "gz": False, "live": True, "approved_by": "", "max_pause_ms": 60_000.0},
    ),
}
"""Every operation by its name."""
