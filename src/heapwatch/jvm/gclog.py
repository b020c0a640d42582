"""What a line of a GC log says: how long the JVM stood for it, and what the collection left.

    [2026-11-22T10:00:00.123+0000][info][gc] GC(7) Pause Young (Normal) 24M->4M(256M) 3.456ms
    [1.234s][info][gc] GC(8) Pause Full (System.gc()) 10M->2M(30M) 12.345ms
    1.234: [GC (Allocation Failure) [PSYoungGen: 65536K->1000K(76288K)] 65536K->1008K(251392K), 0.0012 secs]
    1.234: [GC pause (G1 Evacuation Pause) (young), 0.0123 secs]   [... Heap: 24.0M(256.0M)->4.0M(256.0M)]

A line without a pause in it says nothing here: most are details of one that does.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from heapwatch.errors import Unreadable

_UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = r"(\d+(?:[.,]\d+)?)([BKMGT])"

_UNIFIED = re.compile(
    rf"\bPause (?P<what>[A-Z][A-Za-z ]*?)(?: \(.*?\))?"
    rf"(?: (?P<before>{_SIZE})->(?P<after>{_SIZE})\({_SIZE}\))? (?P<ms>\d+[.,]\d+)ms\s*$"
)
_OLD = re.compile(r"\[(?P<what>GC|Full GC)\b")
_INNER = re.compile(r"\[(?!GC|Full GC)[^\[\]]*\]")
_LEFT = re.compile(rf"{_SIZE}->(?P<after>{_SIZE})\({_SIZE}\)")
_HEAP = re.compile(rf"Heap: {_SIZE}\({_SIZE}\)->(?P<after>{_SIZE})\({_SIZE}\)")
_SECONDS = re.compile(r"(\d+[.,]\d+) secs\]")
_CONCURRENT = ("Remark", "Cleanup", "Init Mark", "Final Mark", "Mark Start", "Mark End", "Relocate Start")
_BESIDE = re.compile(r"Initial Mark|[Rr]emark|cleanup")
_LOOKS = re.compile(
    r"^(?:\[[^\]]*\])*\[gc[^\]]*\]|^(?:\S+: )?\d+[.,]\d{3}: \[(?:GC|Full GC)\b|^\[\d+[.,]\d{3}s\]",
    re.MULTILINE,
)


class Pause(NamedTuple):
    """One stop of the JVM. `after` is the heap in use behind it, in bytes, where the line says it."""

    gc: str  # young, old or concurrent, as in jvm.gc.count
    ms: float
    after: Optional[float]


def pause(message: str) -> Pause | None:
    """The pause that a message of a GC log tells of; None when it tells of none."""
    first = message.partition("\n")[0]
    if "Pause " in first:
        return _unified(first)
    return _old(message) if "[GC" in first or "[Full GC" in first else None


def looks_like_one(text: str) -> bool:
    """Whether a text is the beginning of a GC log."""
    return _LOOKS.search(text) is not None


def _unified(line: str) -> Pause | None:
    found = _UNIFIED.search(line)
    if found is None:
        return None
    what = found["what"]
    gc = "old" if what.startswith("Full") else "concurrent" if what.startswith(_CONCURRENT) else "young"
    after = found["after"]
    return Pause(gc, _number(found["ms"]), _bytes(after) if after else None)


def _old(message: str) -> Pause | None:
    head = _OLD.search(message)
    heap = _HEAP.search(message)
    outer = message
    while True:
        shorter = _INNER.sub("", outer)
        if shorter == outer:
            break
        outer = shorter
    seconds = _SECONDS.findall(outer) or _SECONDS.findall(message)
    left = heap or _LEFT.search(outer)
    if head is None or not seconds:
        return None
    gc = "old" if head["what"] == "Full GC" else "concurrent" if _BESIDE.search(outer) else "young"
    return Pause(gc, _number(seconds[-1]) * 1000, _bytes(left["after"]) if left else None)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _bytes(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS:
        raise Unreadable(f"{text!r} is no size")
    return _number(number) * _UNITS[unit]
