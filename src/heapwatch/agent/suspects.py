"""Classes of one JVM that seem to leak, told while it runs: a small version of the server's detector.

add a histogram -> trend.py keeps levels -> trials.py tests them -> votes -> families -> suspects

A class is suspect when it stands the trials in three of the last four evaluations, of which there is one in
every 16th of the life, and stays one until it has failed two in a row. Nothing here is sure: what died in the
old generation looks alive until the next old collection.
"""

from __future__ import annotations

import time
from math import inf
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

from heapwatch.agent import trials
from heapwatch.agent.trend import UNKNOWN, Block, Track, Trend
from heapwatch.agent.trials import Moments, Past
from heapwatch.jvm import names
from heapwatch.model import JvmId, Snapshot

SAMPLES = 40
YOUNG_COLLECTIONS = 3
LEVELS = 24
_EVALUATIONS = 16  # of a life so far, if they were spread over all of it
_WHOLE = (1.0, SAMPLES, 12)  # of the life; least histograms; least levels
_HALF = (0.5, 24, 12)
_NEEDED, _OF, _STAYS = 3, 4, 0b11
_SUSPECTS = 12  # of one JVM, at most
_COMPANIONS = 60  # of one suspect that are named, at most
_NEWS = 24

OWN, OTHER, JDK, CONTAINER, PRIMITIVE = range(5)
_LOOSE = {JDK: 0.95, CONTAINER: 0.0, PRIMITIVE: 0.0}  # the likeness that makes one of another's family
_BOXES = frozenset(
    f"java.lang.{name}"
    for name in (
        "Object",
        "String",
        "Integer",
        "Long",
        "Short",
        "Byte",
        "Character",
        "Boolean",
        "Float",
        "Double",
    )
)
_CONTAINERS = ("java.util.", "java.lang.ref.", "scala.collection.")


class Suspect(NamedTuple):
    """A class that seems to leak, with those that grow as it does."""

    name: str
    rate: float  # objects/s
    since: int  # epoch ms
    grown: int  # objects in `over`
    over: float  # s
    companions: Tuple[str, ...]
    old_collections: int | None  # in that time; None where they are not counted

    def sentence(self, clock: Callable[[int], str]) -> str:
        """`com.acme.Session seems to leak: 41 objects/s since 14:02, 6 classes grow with it`"""
        told = f"{self.name} seems to leak: {pace(self.rate)} since {clock(self.since)}"
        others = len(self.companions)
        more = "another class grows" if others == 1 else f"{others} classes grow"
        return f"{told}, {more} with it" if others else told

    def reason(self) -> str:
        """What speaks for it, and what is not known."""
        told = f"{self.grown:,} more in {span(self.over)}, in many steps"
        if self.old_collections is None:
            return f"{told}; whether they are garbage is not known"
        if self.old_collections == 0:
            return f"{told}; no old collection has run in that time, so they may be garbage"
        runs = "an old collection" if self.old_collections == 1 else f"{self.old_collections} old collections"
        return f"{told}; {runs} in that time did not undo it"


class _Window(NamedTuple):
    """A part of a life: at most so many moments, and where in the trend they are."""

    moments: Moments
    places: List[int]
    old_collections: int | None

    def levels(self, track: Track) -> List[float]:
        """A class without its garbage; empty when it was not followed all the time."""
        counts, share = track.counts, track.garbage()
        if counts[self.places[0]] == UNKNOWN:
            return []
        if not share:
            return [counts[place] for place in self.places]
        return [counts[place] - share * used for place, used in zip(self.places, self.moments.eden)]


class _Family:
    """Classes that grow together; the first names them."""

    def __init__(self, root: str, rank: int, levels: List[float], window: _Window) -> None:
        self.root, self.rank, self.levels, self.window = root, rank, levels, window
        self.others: List[str] = []


class Suspects:
    """Follows one JVM, also through its restarts. `found` is replaced, never changed: any thread may read."""

    def __init__(self) -> None:
        self.found: Tuple[Suspect, ...] = ()
        self.undecided = "no histograms yet"
        self._whose: Tuple[JvmId, str] | None = None
        self._time = self._judged_at = 0.0
        self._trend = Trend("")
        self._votes: Dict[str, int] = {}  # the last four evaluations as bits, the newest lowest
        self._told: Set[str] = set()
        self._may_tell = _NEWS

    def add(self, snapshot: Snapshot, main_class: str = "") -> bool:
        """One more histogram; whether there was an evaluation. The main class tells which are its own."""
        whose, now = (snapshot.jvm, snapshot.mode), snapshot.time / 1000
        if whose != self._whose or now < self._time:  # another life, mode or clock: nothing is compared
            self.found, self.undecided, self._votes = (), "no histograms yet", {}
            self._whose, self._trend, self._judged_at = whose, Trend(snapshot.mode), now
            self._told, self._may_tell = set(), _NEWS
        elif now == self._time:
            return False
        self._time = now
        self._trend.add(now, snapshot.histogram, snapshot.heap)
        if now - self._judged_at < self._trend.span / _EVALUATIONS:
            return False
        whole = _window(self._trend, *_WHOLE)
        if isinstance(whole, str):
            self.undecided = whole
            return False
        self._judged_at, self.undecided = now, ""
        self._judge(whole, main_class)
        return True

    def news(self, clock: Callable[[int], str]) -> List[str]:
        """Who became suspect and who is no more, once for every change; in one life only so many."""
        now = {name: suspect for suspect in self.found for name in (suspect.name, *suspect.companions)}
        texts = []
        for name in sorted(self._told - now.keys()):
            self._told.remove(name)
            texts.append(f"{name} does not seem to leak any more")
        known = {member for name in self._told for member in (name, *now[name].companions, now[name].name)}
        for suspect in self.found:
            if suspect.name not in known:
                self._told.add(suspect.name)
                texts.append(f"{suspect.sentence(clock)} ({suspect.reason()})")
        texts = texts[: self._may_tell]
        self._may_tell -= len(texts)
        return texts

    def companions(self) -> Dict[str, str]:
        """Every class that grows with a suspect, and with which."""
        return {name: suspect.name for suspect in reversed(self.found) for name in suspect.companions}

    def _judge(self, whole: _Window, main_class: str) -> None:
        trend = self._trend
        stood = dict.fromkeys(_standing(trend, whole, None), whole)
        half = _window(trend, *_HALF)
        if not isinstance(half, str):
            stood.update((name, half) for name in _standing(trend, half, whole) if name not in stood)
        steady = {name: stood.get(name, whole) for name in self._vote(stood)}
        self.found = tuple(
            _suspect(family, whole, whole.levels(trend.tracks[family.root]))
            for family in _families(trend, steady, main_class)
        )

    def _vote(self, stood: Mapping[str, _Window]) -> List[str]:
        """Who is suspect after this evaluation."""
        was = {name for suspect in self.found for name in (suspect.name, *suspect.companions)}
        votes = {}
        for name in {**self._votes, **stood}:
            bits = (self._votes.get(name, 0) << 1 | (name in stood)) & (1 << _OF) - 1
            if bits and name in self._trend.tracks:
                votes[name] = bits
        self._votes = votes
        return [
            name
            for name, bits in votes.items()
            if bin(bits).count("1") >= _NEEDED or (name in was and bits & _STAYS)
        ]


def _window(trend: Trend, share: float, samples: int, least: int) -> _Window | str:
    """The last part of a settled life as blocks of equal time; a text says why it tells nothing yet."""
    blocks = trend.blocks
    start, end = _settled(blocks), blocks[-1].time
    start = end - share * (end - start)
    width = max(end - start, 1e-9) / LEVELS
    best: Dict[int, int] = {}
    taken = 0
    for place, block in enumerate(blocks):
        if block.time >= start:
            taken += block.samples
            number = min(int((block.time - start) / width), LEVELS - 1)
            if number not in best or block.eden < blocks[best[number]].eden:
                best[number] = place
    if taken < samples:
        return f"{taken} of the {samples} histograms that it takes"
    places = list(best.values())
    if len(places) < least:
        return f"histograms in {len(places)} of {LEVELS} parts of the time"
    first, last = blocks[places[0]], blocks[places[-1]]
    young = _more(first.young, last.young)
    if trend.needs_collections and young is not None and young < YOUNG_COLLECTIONS:
        return f"{young} of the {YOUNG_COLLECTIONS} young collections that it takes"
    moments = Moments(
        [blocks[place].time for place in places],
        [blocks[place].eden if trend.sees_eden else 0.0 for place in places],
        [blocks[place].allocated for place in places],
    )
    return _Window(moments, places, _more(first.old, last.old))


def _settled(blocks: Sequence[Block]) -> float:
    """From when nine of ten classes are there, a quarter in at the latest."""
    quarter = blocks[0].time + (blocks[-1].time - blocks[0].time) / 4
    enough = 0.9 * max(block.classes for block in blocks)
    return next(block.time for block in blocks if block.classes >= enough or block.time >= quarter)


def _more(first: float | None, last: float | None) -> int | None:
    return None if first is None or last is None else int(last - first)


def _standing(trend: Trend, window: _Window, whole: _Window | None) -> List[str]:
    """The classes that stand every trial; in a part of the life also those against what was before."""
    moments = window.moments
    chances: Dict[str, float] = {}
    for name, track in trend.tracks.items():
        levels = window.levels(track)
        chance = trials.stands(levels) if levels else None
        if chance is None or (whole is not None and not _outgrows(track, levels, window, whole)):
            continue
        if not trials.excused(levels, moments, track.garbage(), track.falling()):
            chances[name] = chance
    most = trials.discoveries(list(chances.values()), trend.population)
    return [name for name, chance in chances.items() if chance <= most]


def _outgrows(track: Track, levels: List[float], window: _Window, whole: _Window) -> bool:
    all_levels = whole.levels(track)
    if not all_levels:
        return True
    start = window.moments.times[0]
    before = [level for moment, level in zip(whole.moments.times, all_levels) if moment < start]
    past = Past(max(before, default=-inf), trials.growth(all_levels), whole.moments.span)
    return trials.outgrows(levels, window.moments, past)


# -- families ------------------------------------------------------------------------------------------------


def _families(trend: Trend, steady: Mapping[str, _Window], main_class: str) -> List[_Family]:
    """Who grows with whom: the application's own first, arrays of primitives never by themselves."""
    levels = {name: window.levels(trend.tracks[name]) for name, window in steady.items()}
    grown = {name: trials.growth(column) for name, column in levels.items() if column}
    ranks = {name: rank(name, main_class) for name in grown}
    families: List[_Family] = []
    for name in sorted(grown, key=lambda name: (ranks[name], grown[name], name)):
        if grown[name] <= 0:
            continue
        own = _Family(name, ranks[name], levels[name], steady[name])
        family = _home(own, families, trend)
        if family is not None:
            family.others.append(name)
        elif own.rank < PRIMITIVE and len(families) < _SUSPECTS:
            families.append(own)
    families.sort(key=lambda family: (family.rank, -len(family.others), family.root))
    return families


def _home(own: _Family, families: Sequence[_Family], trend: Trend) -> _Family | None:
    """The family that a class belongs to. Containers and bytes name a leak only when nothing better grows."""
    best, most = None, _LOOSE.get(own.rank, 1.0)
    for family in families:
        same = family.window is own.window
        root = family.levels if same else own.window.levels(trend.tracks[family.root])
        if root and trials.ratio(own.levels, root) > 0:
            return family
        alike = trials.likeness(own.levels, root) if root and own.rank >= JDK else 0.0
        if alike > most and family.rank < CONTAINER:
            best, most = family, alike
    return best


def rank(name: str, main_class: str = "") -> int:
    """How well a class names a leak: the application's own best, arrays of primitives least."""
    kind = names.kind(name)
    if kind in ("array", "filler"):
        return PRIMITIVE
    if name.endswith("[]") or name in _BOXES or name.startswith(_CONTAINERS):
        return CONTAINER
    if kind == "jdk":
        return JDK
    own = ".".join(main_class.split(".")[:-1][:2])
    is_own = name.startswith(f"{own}.") if own else bool(main_class) and "." not in name
    return OWN if is_own else OTHER


def _suspect(family: _Family, whole: _Window, life: List[float]) -> Suspect:
    """When it began is looked for in all of its life, if that is known."""
    window = family.window
    times = window.moments.times
    since = trials.onset(whole.moments.times, life) if life else trials.onset(times, family.levels)
    return Suspect(
        name=family.root,
        rate=trials.slope(times, family.levels),
        since=round(since * 1000),
        grown=round(trials.growth(family.levels)),
        over=window.moments.span,
        companions=tuple(family.others[:_COMPANIONS]),
        old_collections=window.old_collections,
    )


# -- words ---------------------------------------------------------------------------------------------------


def pace(rate: float) -> str:
    """`41 objects/s`, `12 objects/min`, `5 objects/h`: in the unit that needs no fractions."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * seconds >= 9.5 or unit == "h":
            return f"{rate * seconds:,.0f} objects/{unit}"
    raise AssertionError


def utc(time_ms: int) -> str:
    """`2026-11-22 14:02 UTC`, which means the same wherever it is read."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time_ms / 1000))


def span(seconds: float) -> str:
    """`90 s`, `25 min`, `3.5 h`"""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
