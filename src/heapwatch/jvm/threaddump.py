"""Thread dumps, as `jcmd PID Thread.print` and jstack write them: how many threads there are of which kind.

    "pool-3-thread-12" #27 prio=5 os_prio=0 cpu=1.2ms elapsed=9.1s tid=0x... nid=0x... waiting on condition
       java.lang.Thread.State: TIMED_WAITING (parking)
            at jdk.internal.misc.Unsafe.park(java.base@17.0.9/Native Method)

A leak of threads is a leak of one pool's threads: names that differ in numbers only are one group.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Dict, List, NamedTuple

from heapwatch.errors import Truncated, Unreadable

_THREAD = re.compile(
    r'^"(.*)" (?:#(\d+) )?(?:\[\d+\] )?(daemon )?(?:prio=-?\d+ )?(?:os_prio=|cpu=|tid=)', re.MULTILINE
)
_STATE = re.compile(r"^\s+java\.lang\.Thread\.State: (\w+)", re.MULTILINE)
_FRAME = re.compile(r"^\s+at ([^\s(]+)\(", re.MULTILINE)
_CARRIES = re.compile(r"^\s+Carrying virtual thread #", re.MULTILINE)
_DEADLOCK = re.compile(r"^Found one Java-level deadlock:|^Found (\d+) deadlocks?\.", re.MULTILINE)
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|\d+")
_PLUMBING = ("java.", "jdk.internal.", "sun.", "javax.")


class ThreadGroup(NamedTuple):
    """Threads whose names differ in numbers only, shown as `#`."""

    name: str
    threads: int
    states: Dict[str, int]  # RUNNABLE, WAITING, ...; a thread of the VM itself has none
    frame: str  # the method that most of them are in: the application's where there is one


class ThreadDump(NamedTuple):
    """What a thread dump says of all threads together. `java` leaves the VM's own threads out."""

    java: int
    vm: int
    daemon: int
    deadlocks: int
    groups: List[ThreadGroup]  # the largest first


def parse(text: str) -> ThreadDump:
    """The dump in `text`. Truncated when it ends before its last line."""
    starts = list(_THREAD.finditer(text))
    if not starts:
        raise Unreadable("no thread dump in this text")
    if "\nJNI global ref" not in text:
        raise Truncated(f"thread dump is cut off after {len(starts)} threads")
    counts: Counter[str] = Counter()
    states: Dict[str, Counter[str]] = {}
    frames: Dict[str, Counter[str]] = {}
    java = daemon = 0
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        name = pattern(start[1])
        state = _STATE.search(text, start.end(), end)
        counts[name] += 1
        if state is None:
            continue
        java += 1
        daemon += bool(start[3])
        states.setdefault(name, Counter())[state[1]] += 1
        frame = _frame(_FRAME.findall(text, start.end(), end))
        if frame:
            frames.setdefault(name, Counter())[frame] += 1
    groups = [
        ThreadGroup(
            name,
            count,
            dict(states.get(name, Counter()).most_common()),
            frames[name].most_common(1)[0][0] if name in frames else "",
        )
        for name, count in counts.most_common()
    ]
    return ThreadDump(java, len(starts) - java, daemon, _deadlocks(text), groups)


def pattern(name: str) -> str:
    """`pool-3-thread-12` -> `pool-#-thread-#`"""
    return _NUMBER.sub("#", name)


def _frame(frames: List[str]) -> str:
    own = [frame for frame in frames if not frame.startswith(_PLUMBING)]
    return (own or frames or [""])[0]


def _deadlocks(text: str) -> int:
    found = list(_DEADLOCK.finditer(text))
    told = [int(match[1]) for match in found if match[1]]
    return told[-1] if told else len(found)
