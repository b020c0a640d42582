"""What a report is made of: findings as JSON says them, and the columns of its charts. No store, no clock.

All moments are milliseconds: since 1970, or since the start of a recording that knows no calendar.
Columns of one curve have the same length; None is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heapwatch import __version__

Object = Mapping[str, Any]
Values = Sequence["float | None"]


@dataclass(frozen=True)
class Curve:
    """How many objects of a leak's class one host has, by time."""

    host: str
    times: Sequence[float]  # ms, rising
    counts: Values  # objects; levels with garbage taken off, or instances as they are


@dataclass(frozen=True)
class Case:
    """One leak, with its curves."""

    leak: Object  # as `detect.objects.whole` or the API gives it; moments in ms
    curves: Sequence[Curve] = ()  # of the class that names it: leaking hosts and clean ones
    after: Sequence[Curve] = ()  # the same class after a change; the proof is in leak["proof"]
    fresh: bool = False  # it came with the change


@dataclass(frozen=True)
class Resource:
    """What one host has of something that ends, by time: heap, metaspace, threads, container."""

    resource: str
    host: str
    times: Sequence[float]
    values: Values  # bytes, or threads
    limit: float | None = None
    end: Object | None = None  # Exhaustion of the API: in_s and between_s are counted from the last time
    service: str = ""


@dataclass(frozen=True)
class Judged:
    """One life of a JVM that was looked at, and what was said of it."""

    host: str
    service: str
    histograms: int
    first: float | None = None
    last: float | None = None
    verdict: str = ""  # leaking, suspect, clean, undecided
    reason: str = ""  # why it is undecided
    version: str = ""
    mode: str = ""  # all, live
    young: float | None = None  # collections between the first histogram and the last
    old: float | None = None
    heap_max: float | None = None


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    made: float  # ms since 1970
    cases: Sequence[Case] = ()
    resources: Sequence[Resource] = ()
    judged: Sequence[Judged] = ()
    after: Sequence[Judged] = ()  # the JVMs after a change, when there was one
    settings: Mapping[str, object] = field(default_factory=dict)  # thresholds that are not the default
    source: str = ""  # where the histograms come from, as a reader would say it
    version: str = __version__
