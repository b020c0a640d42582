"""A short recording of our own, by attach: which objects stay, who holds them, who made them.

    JFR.check      another `heapwatch` recording?  others are left alone
    JFR.start      with one event only, jdk.OldObjectSample; it ends by itself should we be killed
    (wait)         only objects made after the start are sampled
    JFR.stop       into a file: one safepoint in which the VM walks the heap, no longer than `cutoff`

`JFR.dump path-to-gc-roots=true` walks without a limit: where an array has more references than the VM's queue
takes, it reads the array again for each of the others. One of 4 million held 17.0.9 for more than six
minutes. So the time that is allowed is told with the recording.

17 and up take the event's settings as arguments; 8 and 11 read them from a file that we put into their /tmp.
"""

from __future__ import annotations

import contextlib
import re
import time
from typing import Any, Callable, Dict, Mapping

from heapwatch.errors import HeapwatchError
from heapwatch.jvm import holders
from heapwatch.jvm.outbox import Outbox, check_new, outbox
from heapwatch.jvm.process import start_ticks
from heapwatch.jvm.refusals import Gone, OperationRefused
from heapwatch.jvm.session import Session

NAME = "heapwatch"

_TIMEOUT_S = 120.0
_FORGOTTEN_S = 600  # the recording ends so long after it should have, if nobody stops it
_LARGEST = 64 << 20
_LOOK_S = 0.5
_START_MS = 100.0  # the first recording of a JVM's life changes classes
_SHORTEST_MS, _LONGEST_MS = 20.0, 60_000.0  # of the search for ways
_PATHS_FACTOR = 3.5  # of an -all histogram's pause
_PATHS_WITH_SHENANDOAH_SINCE = 23  # JDK-8279016
_ARGUMENTS_SINCE = 17
_SELDOM = 8  # where the event is a backport
_FILE, _END, _SETTINGS = "heapwatch.jfr", "end.jfr", "heapwatch.jfc"
_EVENT = "jdk.OldObjectSample"

_JFC = """<?xml version="1.0" encoding="UTF-8"?>
<configuration version="2.0" label="heapwatch" description="Old objects only" provider="heapwatch">
  <event name="{event}">
    <setting name="enabled">true</setting>
    <setting name="stackTrace">true</setting>
    <setting name="cutoff">{cutoff} ms</setting>
  </event>
</configuration>
"""

Tick = Callable[[float], None]


class NoFlightRecorder(HeapwatchError):
    """This JVM has no JFR, keeps it locked, or would be harmed by it."""


def predict(session: Session, options: Mapping[str, Any]) -> float:
    paths = options["paths"] and _can_search_paths(session)
    return _START_MS + (session.walk_ms(_PATHS_FACTOR) if paths else 0.0)


def record(session: Session, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Record, stop into a file, read. The JVM keeps nothing of it."""
    return record_with(session, options, lambda _: None)


def record_with(session: Session, options: Mapping[str, Any], tick: Tick) -> Dict[str, Any]:
    """As `record`; `tick` hears every half second how many seconds are left."""
    path = options["path"]
    if path:
        check_new(path)
    _check_harmless(session)
    paths = bool(options["paths"]) and _can_search_paths(session)
    others, before = _check(session), _collections(session)
    with outbox(session.target, session.proc) as box:
        _start(session, box, options["seconds"], _cutoff_ms(options) if paths else 0)
        try:
            _wait(session, options["seconds"], tick)
            _stop(session, box)
        except BaseException:
            with contextlib.suppress(HeapwatchError):
                session.jcmd(f"JFR.stop name={NAME}", _TIMEOUT_S)
            raise
        data = box.read(_FILE, _LARGEST)
        if path:
            box.fetch(_FILE, path)
    samples = holders.of_recording(data)
    groups = holders.grouped(samples)
    collected = _collections(session) != before
    text = _why_none(session, collected) if not groups else holders.told(groups)
    if paths and groups and not any(group.root for group in groups):
        text += (
            f"\nno way to a root was found within {_cutoff_ms(options)} ms: allow a longer pause "
            "(--max-pause, max_pause_ms), or a heap dump"
        )
    return {
        "seconds": options["seconds"],
        "bytes": len(data),
        "path": path or None,
        "paths": paths,
        "other_recordings": others,
        "samples": len(samples),
        "groups": [group.document() for group in groups],
        "text": text,
    }


def _why_none(session: Session, collected: bool) -> str:
    if not collected:
        return (
            "nothing yet: only objects that outlive a collection are told, and none happened; record longer"
        )
    if _feature(session) == _SELDOM:
        return "nothing: on Java 8 recordings often know no old objects; record longer, or allow a heap dump"
    return holders.told([])


def _collections(session: Session) -> float:
    return sum(count for name, count in session.heap().items() if name.endswith("_collections"))


def _can_search_paths(session: Session) -> bool:
    """Before 23 the search for paths is broken with Shenandoah (JDK-8279016)."""
    return session.target.collector != "Shenandoah" or _feature(session) >= _PATHS_WITH_SHENANDOAH_SINCE


def _check_harmless(session: Session) -> None:
    """Generational ZGC keeps all that was sampled until a major collection (JDK-8375615)."""
    target, feature = session.target, _feature(session)
    generational = feature >= 24 or (
        "-ZGenerational" not in target.vm_args if feature == 23 else "+ZGenerational" in target.vm_args
    )
    if target.collector == "ZGC" and generational:
        raise NoFlightRecorder(
            f"JVM {target.pid} runs generational ZGC, where such a recording can stall the application "
            "(JDK-8375615); a heap dump tells as much"
        )


def _feature(session: Session) -> int:
    match = re.match(r"(?:1\.)?(\d+)", session.target.java_version)
    return int(match[1]) if match else 0


def _check(session: Session) -> int:
    """How many recordings of others run. One of our name means that somebody diagnoses this JVM now."""
    try:
        text = session.jcmd("JFR.check", _TIMEOUT_S)
    except OperationRefused as error:
        if "Unknown diagnostic command" in str(error):
            raise _missing(session) from error
        raise
    if "not found" in text or "can not be enabled" in text:
        raise _missing(session)
    names = re.findall(
        r"^Recording:? \d+: name=(.*?)(?: \(|\s+(?:duration|maxsize|maxage)|$)", text, re.MULTILINE
    )
    if NAME in (name.strip('"') for name in names):
        if "(stopped)" not in text:
            raise NoFlightRecorder(
                f"a recording called {NAME!r} runs in JVM {session.target.pid}: another diagnosis is at "
                f"work. Wait for it, or end it: jcmd {session.target.pid} JFR.stop name={NAME}"
            )
        session.jcmd(f"JFR.stop name={NAME}", _TIMEOUT_S)
    return len(names)


def _missing(session: Session) -> NoFlightRecorder:
    version = session.target.java_version
    return NoFlightRecorder(
        f"JVM {session.target.pid} (Java {version}) has no Flight Recorder: it needs the module jdk.jfr, "
        "or 8u262 and up; a heap dump tells as much"
    )


def _cutoff_ms(options: Mapping[str, Any]) -> int:
    """How long the search for ways may last, of what is allowed for all of it."""
    return int(min(max(options["max_pause_ms"] - _START_MS, _SHORTEST_MS), _LONGEST_MS))


def _start(session: Session, box: Outbox, seconds: float, cutoff_ms: int) -> None:
    if _feature(session) >= _ARGUMENTS_SINCE:
        wanted = {"enabled": "true", "stackTrace": "true", "cutoff": f"{cutoff_ms}ms"}
        told = " ".join(f"+{_EVENT}#{name}={value}" for name, value in wanted.items())
        settings = f"settings=none {told} disk=false"
    else:
        jfc = _JFC.format(event=_EVENT, cutoff=cutoff_ms)
        settings = f"settings={box.put(_SETTINGS, jfc.encode())}"
    forgotten = int(seconds) + _FORGOTTEN_S
    # Without a file name a recording with a duration is written into the application's directory (21, 25).
    end = f"duration={forgotten}s filename={box.path(_END)}"
    answer = session.jcmd(f"JFR.start name={NAME} {end} {settings}", _TIMEOUT_S)
    if "Started recording" not in answer:
        said = " ".join(answer.split())[:300]
        if "not found" in said or "unlock" in said.lower():
            raise _missing(session)
        raise NoFlightRecorder(f"JVM {session.target.pid} did not start a recording: {said}")


def _wait(session: Session, seconds: float, tick: Tick) -> None:
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        tick(max(left, 0.0))
        if left <= 0:
            return
        time.sleep(min(left, _LOOK_S))
        if not _lives(session):
            raise Gone(f"JVM {session.target.pid} ended while it was recorded")


def _lives(session: Session) -> bool:
    try:
        return start_ticks(session.target.pid, session.proc) == session.target.start_ticks
    except ProcessLookupError:
        return False


def _stop(session: Session, box: Outbox) -> None:
    answer = session.jcmd(f"JFR.stop name={NAME} filename={box.path(_FILE)}", _TIMEOUT_S)
    if "written to" not in answer:
        raise OperationRefused(
            f"JVM {session.target.pid} did not write its recording: {' '.join(answer.split())[:300]}"
        )
