"""The verdict on one life of one JVM: which families leak, since when, how fast, and whether that is sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from heapwatch.detect import battery, cycles, kinds, load
from heapwatch.detect.families import LOOSE, Family, alike, bytes_per_leak, families
from heapwatch.detect.forecast import Exhaustion, Span, ends, onset
from heapwatch.detect.history import Floats, History
from heapwatch.detect.levels import Levels, garbage_of, levels
from heapwatch.detect.settings import Settings
from heapwatch.detect.statistics import or_zero, slope_of
from heapwatch.model import ALL

PARTS = (1.0, 0.5, 0.25)
RUNNING = 0.5
"""Of the growth of a thread leak that has to run."""
UNKNOWN, ALIVE, IN_PART, GARBAGE = "unknown", "alive", "in part", "garbage"
FILLED = {
    "heap": ("heap", "container"),
    "class-loader": ("metaspace", "heap", "container"),
    "thread": ("threads", "container", "heap"),
    "off-heap": ("container", "heap"),
}
"""What a leak of each kind fills, by the names of forecast.py."""


@dataclass(frozen=True)
class Kept:
    """What a probe found alive of the growth of a leak's root."""

    share: float  # of the growth
    alive: float  # objects in all
    rate: float  # objects a second, by what lives


@dataclass(frozen=True)
class Leak:
    """One family that leaks in one JVM."""

    root: str
    family: dict[str, float]  # class -> objects for each of the root, the root's own 1 with it
    equals: list[str]  # what comes one to one with the root
    kind: str  # heap, thread, class-loader, off-heap
    state: str  # suspect, confirmed
    since: Span
    rate: float  # objects of the root a second
    rate_low: float
    rate_high: float
    bytes_each: float  # shallow, with its companions
    balance: load.Balance
    window: float  # s
    grown: float  # objects of the root in the window
    confirmed_by: str  # old collection, probe, or nothing
    kept: Kept | None = None  # by a probe, if there was one


@dataclass(frozen=True)
class Judgement:
    """What is said of one JVM."""

    history: History
    leaks: list[Leak] = field(default_factory=list)
    ends: list[Exhaustion] = field(default_factory=list)
    undecided: str = ""  # why nothing can be said yet
    votes: tuple[frozenset[str], ...] = ()
    """The candidates of this evaluation and of those before that still count, newest first."""

    @property
    def heap(self) -> Exhaustion | None:
        """When the heap is full."""
        return next((end for end in self.ends if end.resource == "heap"), None)

    def end_of(self, kind: str) -> Exhaustion | None:
        """What a leak of this kind fills first."""
        filled = [end for end in self.ends if end.resource in FILLED[kind]]
        return min(filled, key=lambda end: end.seconds, default=None)


@dataclass(frozen=True)
class _Found:
    """The candidates of one window."""

    levels: Levels
    places: NDArray[np.intp]
    cyclic: frozenset[int] = frozenset()

    def only(self, which: frozenset[str]) -> _Found:
        names = self.levels.window.classes
        kept = [each for each in self.places.tolist() if names[each] in which]
        return replace(self, places=np.array(kept, np.intp))


def judge(
    history: History, settings: Settings | None = None, votes: Sequence[frozenset[str]] | None = None
) -> Judgement:
    """The verdict at the end of a history.

    Who judges a life again and again, when a block ends, gives the `votes` of the judgement before. Without
    them the evaluations at the ends of the blocks before are made again.
    """
    settings = settings or Settings()
    settings = replace(settings, application=(*settings.application, *history.application))
    whole = history.distinct().settled()
    if not len(whole):
        return Judgement(whole, undecided="no histograms")
    history = whole.until_full().moving(settings.growth)
    garbage = garbage_of(history)
    own = levels(history, settings.blocks, garbage)
    reason = battery.enough(own, settings, part=False)
    if reason:
        return Judgement(whole, undecided=reason)
    last = _candidates(own, settings)
    now = _names(last, history)
    if votes is None:
        votes = _before(history, garbage, settings) if now else ()
    steady = _steady([now, *votes], settings)
    found = [leak for window in last for leak in _leaks(window.only(steady), history, settings)]
    leaks = _named(_once(found), own, settings)
    return Judgement(
        whole, leaks, ends(whole, settings.blocks), votes=(now, *votes)[: settings.of_evaluations]
    )


def _before(history: History, garbage: Floats, settings: Settings) -> list[frozenset[str]]:
    """The candidates at the ends of the blocks before the last, newest first."""
    block = history.span / settings.blocks
    ends = [history.times[-1] - back * block for back in range(1, settings.of_evaluations)]
    parts = [history.between(history.times[0], end) for end in ends]
    return [_names(_candidates(levels(part, settings.blocks, garbage), settings), part) for part in parts]


def _names(found: list[_Found], history: History) -> frozenset[str]:
    return frozenset(history.classes[place] for window in found for place in window.places)


def _steady(votes: Sequence[frozenset[str]], settings: Settings) -> frozenset[str]:
    """Classes that are candidates in most of the evaluations at the ends of the last blocks."""
    counted = Counter(name for each in votes[: settings.of_evaluations] for name in each)
    return frozenset(name for name, count in counted.items() if count >= settings.needed)


def _candidates(whole: Levels, settings: Settings) -> list[_Found]:
    """Per window the classes that pass; in parts only those that did not pass in a longer one."""
    history = whole.window
    found: list[_Found] = []
    known: set[int] = set()
    for share in PARTS:
        part, start = share < 1, history.times[-1] - share * history.span
        if part and (history.times >= start).sum() < settings.samples_part:
            continue
        window = history.between(start, history.times[-1])
        own = levels(window, settings.blocks, whole.garbage) if part else whole
        if battery.enough(own, settings, part=part):
            continue
        tested = battery.put_to_test(own, settings, battery.past_of(whole, own) if part else None, known)
        cyclic = frozenset() if part else _cyclic(tested, settings)
        places = cyclic.union(tested.candidates.tolist())
        known |= places
        if places:
            found.append(_Found(own, np.array(sorted(places), np.intp), cyclic))
    return found


def _cyclic(tested: battery.Tested, settings: Settings) -> frozenset[int]:
    window, places = tested.levels.window, tested.falling
    named = [kinds.rank(window.classes[place], ()) < kinds.CONTAINER for place in places.tolist()]
    places = places[np.array(named, bool)]  # what everything is made of comes and goes with everything
    eden = or_zero(window.eden)
    values = window.instances[:, places] - eden[:, None] * tested.levels.garbage[places]
    return frozenset(places[cycles.rising(window.times, values, settings)].tolist())


def _leaks(found: _Found, history: History, settings: Settings) -> list[Leak]:
    names, own = history.classes, found.levels
    grouped = families(found.places, own.values, names, settings.application)
    grouped = [
        family
        for family in grouped
        if not all(kinds.is_metadata(names[place]) for place in family.members)
        and _fate(family, found, history, settings) != GARBAGE
    ]
    if not grouped:
        return []
    sizes = bytes_per_leak(grouped, own.values, own.window.bytes[own.places])
    leaks = [
        _leak(family, size, found, history, settings) for family, size in zip(grouped, sizes, strict=True)
    ]
    return [leak for leak in leaks if not _ended_threads(leak, own)]


def _ended_threads(leak: Leak, own: Levels) -> bool:
    """Whether what seems to leak are threads that do not run: those that have ended wait for a collection."""
    running = own.window.counter("threads")
    if leak.kind != "thread" or leak.state != "suspect" or np.isnan(running).all():
        return False
    more = float(np.nanmedian(running[-3:]) - np.nanmedian(running[:3]))
    return more < RUNNING * leak.grown


def _fate(family: Family, found: _Found, history: History, settings: Settings) -> str:
    """What a probe found of a family: most of what one of its classes grew by, some of the root's, none."""
    if history.survivors is None:
        return UNKNOWN
    names = history.classes
    ours = [place for place in family.members if not kinds.is_metadata(names[place])]
    if any(_kept(place, found, history).share >= settings.confirmed_share for place in ours):
        return ALIVE
    root = _kept(family.root, found, history)
    some = root.share >= settings.cleared_share and root.rate * found.levels.span >= settings.growth
    return IN_PART if some else GARBAGE


def _kept(place: int, found: _Found, history: History) -> Kept:
    first, last = _ends(found.levels.values[:, place], cyclic=place in found.cyclic)
    alive = (history.survivors or {}).get(history.classes[place], 0.0)
    more = alive - first
    return Kept(more / max(last - first, 1e-9), alive, more / max(found.levels.span, 1e-9))


def _ends(column: Floats, *, cyclic: bool) -> tuple[float, float]:
    """Where a series began and where it would be without its cycle; a cyclic one from its first valley."""
    if not cyclic:
        return float(np.median(column[:3])), float(np.median(column[-3:]))
    third = len(column) // 3
    valley = float(column[:third].min())
    return valley, valley + float(column[-third:].mean() - column[:third].mean())


def _leak(family: Family, size: float, found: _Found, history: History, settings: Settings) -> Leak:
    own = found.levels
    names, column = history.classes, own.values[:, family.root]
    slope, low, high = slope_of(own.times, column)
    grown = float(column[-1] - column[0])
    state, by = _state(own, history, _fate(family, found, history, settings))
    multiplied = any(
        own.window.rows[-1, place] - own.window.rows[0, place] >= settings.growth for place in family.members
    )
    return Leak(
        root=names[family.root],
        family={
            names[place]: round(ratio, 3)
            for place, ratio in sorted(family.members.items(), key=_by_rank(names))
        },
        equals=[names[place] for place in family.equals],
        kind=kinds.kind_of((names[place] for place in family.members), loaders_grow=multiplied),
        state=state,
        since=onset(own.times, column),
        rate=slope,
        rate_low=low,
        rate_high=high,
        bytes_each=size,
        balance=load.balance(own.window, family.root, own.garbage),
        window=own.span,
        grown=grown,
        confirmed_by=by,
        kept=None if history.survivors is None else _kept(family.root, found, history),
    )


def _by_rank(names: list[str]) -> Callable[[tuple[int, float]], tuple[int, str]]:
    return lambda item: (kinds.rank(names[item[0]], ()), names[item[0]])


def _state(own: Levels, history: History, fate: str) -> tuple[str, str]:
    """suspect or confirmed, and by what."""
    if fate != UNKNOWN:
        return ("confirmed", "probe") if fate == ALIVE else ("suspect", "")
    if history.mode != ALL:
        return "confirmed", "live histograms"
    old = own.window.old_collections
    if not np.isnan(old).all() and np.nanmax(old) > np.nanmin(old):
        return "confirmed", "old collection"
    return "suspect", ""


def _named(leaks: list[Leak], whole: Levels, settings: Settings) -> list[Leak]:
    """Leaks of classes that say little go to those that say more, when they follow their growth."""
    if not leaks:
        return []
    places = {name: place for place, name in enumerate(whole.window.classes)}
    ranks = {leak.root: kinds.rank(leak.root, settings.application) for leak in leaks}
    kept = [leak for leak in leaks if ranks[leak.root] < kinds.JDK]
    for leak in leaks:
        if ranks[leak.root] < kinds.JDK:
            continue
        column = whole.values[:, places[leak.root]]
        better = [
            (alike(column, whole.values[:, places[other.root]]), number) for number, other in enumerate(kept)
        ]
        likeness, number = max(better, default=(0.0, 0))
        if likeness > LOOSE[ranks[leak.root]] and ranks[kept[number].root] < kinds.JDK:
            more = {
                name: round(ratio * leak.rate / kept[number].rate, 3) for name, ratio in leak.family.items()
            }
            kept[number] = replace(kept[number], family={**more, **kept[number].family})
        else:
            kept.append(leak)
    return kept


def _once(found: list[Leak]) -> list[Leak]:
    """Each class in one leak; the longest window's first."""
    seen: set[str] = set()
    kept = []
    for leak in found:
        if leak.root not in seen:
            kept.append(leak)
        seen |= set(leak.family)
    return kept
