"""How the classes of one JVM grew, in bounded memory: a few dozen levels for each class that moves.

A life is cut into blocks of equal time; when they are full, each two become one of double length, up to an
hour, and then the oldest goes. Of each block the histogram with the least eden in use is kept, for all
classes the same one, because what it still counts of garbage is least.

    never moved by six objects    its first count
    moves                         a track: 48 counts, and what of it is garbage
    too many move                 the 200 that rise most steadily stay; the others may come back

What is kept is judged by suspects.py.
"""

from __future__ import annotations

from array import array
from itertools import compress
from operator import ne
from typing import Dict, List, Mapping

from heapwatch.model import ALL, Histogram

BLOCKS = 48
LEAST = 6
"""Objects by which a class must have moved to be followed."""

MOST_TRACKS, KEPT_TRACKS = 256, 200
UNKNOWN = -1
_SHORTEST_S, _LONGEST_S = 0.125, 3600.0
_ALL_AT_FIRST, _THEN_EVERY = 64, 4
"""Later only every fourth histogram is looked into, and those that are the cleanest so far of their block."""

_TAKE_UP_EVERY = 3
"""Histograms from one look for classes that have begun to move to the next: most of the cost is here."""

_STANDARD_ERRORS = 4.0  # a class has garbage when its coefficient is so many of them above zero


class Block:
    """One moment of the life, the cleanest in its span of time."""

    __slots__ = ("allocated", "classes", "eden", "number", "old", "samples", "time", "young")

    def __init__(self, number: int, time: float) -> None:
        self.number, self.time = number, time
        self.eden = self.allocated = 0.0  # bytes: in use, and allocated by the process until then
        self.classes = self.samples = 0
        self.young: float | None = None  # collections so far, at the last histogram of the block
        self.old: float | None = None


class Track:
    """One class that moves: its count at each block's moment, and its garbage by least squares."""

    __slots__ = ("counts", "falls", "last", "pairs", "xx", "xy", "yy")

    def __init__(self, counts: array[int], last: int) -> None:
        self.counts = counts  # as many as there are blocks; UNKNOWN where it was not followed
        self.last = last
        self.xx = self.xy = self.yy = 0.0
        self.pairs = self.falls = 0

    def falling(self) -> float:
        """The part of its steps that went down."""
        return self.falls / self.pairs if self.pairs else 0.0

    def garbage(self) -> float:
        """Objects that come with a byte of eden; 0 where that is not clear."""
        if self.pairs < 7 or self.xx <= 0 or self.xy <= 0:
            return 0.0
        share = self.xy / self.xx
        residue = max(self.yy - share * self.xy, 0.0) / (self.pairs - 1)
        return share if share * share > _STANDARD_ERRORS**2 * residue / self.xx else 0.0

    def steadiness(self) -> float:
        """How much of its way was upwards, in how many steps: a leak's is high, garbage's about 0."""
        known = [count for count in self.counts if count != UNKNOWN]
        steps = [b - a for a, b in zip(known, known[1:])]
        ups = [step for step in steps if step > 0]
        if not ups:
            return 0.0
        up, way = sum(ups), sum(map(abs, steps))
        return (known[-1] - known[0]) / way * up * up / sum(step * step for step in ups)


class Trend:
    """One life of one JVM, in one mode. Times are seconds and rise."""

    def __init__(self, mode: str) -> None:
        self.blocks: List[Block] = []
        self.tracks: Dict[str, Track] = {}
        self.population = 0
        self.sees_eden = mode != ALL  # after the collection that a live one forces it counts as empty
        self._mode = mode
        self._first: Dict[str, int] = {}  # the count from which a class must move
        self._risen: Dict[
            str, int
        ] = {}  # of classes that moved and found no room: how often upwards in a row
        self._width = _SHORTEST_S
        self._origin = 0.0
        self._added = self._taken_up_at = 0
        self._eden = self._followed_eden = self._largest_eden = 0.0
        self._young: float | None = None
        self._allocated = 0.0

    @property
    def span(self) -> float:
        return self.blocks[-1].time - self.blocks[0].time if self.blocks else 0.0

    @property
    def needs_collections(self) -> bool:
        """Whether only collections tell what lives: not in histograms that force one."""
        return self._mode == ALL and self.sees_eden

    def add(self, time: float, histogram: Histogram, heap: Mapping[str, float]) -> None:
        """One more histogram, with the counters that were read beside it."""
        eden = 0.0 if self._mode != ALL else heap.get("eden_used")
        if self.sees_eden and eden is None:
            return  # nobody knows how much of it is garbage
        if eden is not None and not self.sees_eden:
            self._begin_anew()
            self.sees_eden = True
        if not self.blocks:
            self._origin = time
            self._first = dict(zip(histogram.classes, histogram.instances))
        self.population = max(self.population, len(histogram))
        self._allocate(eden, heap.get("young_collections"))
        block = self._block(time)
        block.samples += 1
        block.young = heap.get("young_collections")
        old = heap.get("old_collections")
        block.old = None if old is None else old + heap.get("concurrent_collections", 0.0)
        key = eden if eden is not None else float(histogram.total_bytes)
        best = block.samples == 1 or key < block.eden
        self._added += 1
        if not best and self._added > _ALL_AT_FIRST and self._added % _THEN_EVERY:
            return
        counts = dict(zip(histogram.classes, histogram.instances)) if self.tracks else {}
        self._follow(counts, eden)
        if best:
            block.time, block.eden = time, key
            block.allocated, block.classes = self._allocated, len(histogram)
            for track in self.tracks.values():
                track.counts[-1] = track.last
            if self._added - self._taken_up_at >= _TAKE_UP_EVERY:
                self._taken_up_at = self._added
                self._take_up(histogram)

    def _begin_anew(self) -> None:
        """The VM's counters can be read now: what was kept without them does not fit."""
        self.blocks, self.tracks = [], {}
        self._first, self._risen, self._width = {}, {}, _SHORTEST_S

    def _allocate(self, eden: float | None, young: float | None) -> None:
        """What a collection emptied counts as the largest eden that was seen."""
        if eden is not None and young is not None:
            self._largest_eden = max(self._largest_eden, eden)
            if self._young is not None:
                emptied = (young - self._young) * self._largest_eden
                self._allocated += max(0.0, eden - self._eden + emptied)
            self._eden, self._young = eden, young

    def _follow(self, counts: Mapping[str, int], eden: float | None) -> None:
        filled = 0.0
        if eden is not None:
            filled, self._followed_eden = eden - self._followed_eden, eden
        squared = filled * filled
        for name, track in self.tracks.items():
            count = counts.get(name, 0)
            step = count - track.last
            track.last = count
            track.pairs += 1
            track.xx += squared
            if step:
                track.falls += step < 0
                track.xy += filled * step
                track.yy += step * step

    # -- blocks -------------------------------------------------------------------------------------------

    def _block(self, time: float) -> Block:
        """The block of this moment, a new one at the end if need be."""
        number = int((time - self._origin) / self._width)
        while self.blocks and number - self.blocks[0].number >= BLOCKS:
            if self._width < _LONGEST_S:
                self._double()
                number //= 2
            else:
                self._forget_oldest()
        if not self.blocks or number > self.blocks[-1].number:
            self.blocks.append(Block(number, time))
            for track in self.tracks.values():
                track.counts.append(0)
        return self.blocks[-1]

    def _double(self) -> None:
        self._width *= 2
        kept: List[int] = []  # places
        for place, block in enumerate(self.blocks):
            block.number //= 2
            if kept and self.blocks[kept[-1]].number == block.number:
                before = self.blocks[kept[-1]]
                block.samples += before.samples
                if before.eden <= block.eden:
                    before.samples, before.young, before.old = block.samples, block.young, block.old
                else:
                    kept[-1] = place
            else:
                kept.append(place)
        self.blocks = [self.blocks[place] for place in kept]
        for track in self.tracks.values():
            track.counts = array("q", [track.counts[place] for place in kept])

    def _forget_oldest(self) -> None:
        del self.blocks[0]
        for track in self.tracks.values():
            del track.counts[:1]

    # -- classes ------------------------------------------------------------------------------------------

    def _take_up(self, histogram: Histogram) -> None:
        """Follow the classes that have moved; when too many do, those that rise again and again.

        Most have not changed since the first histogram: they are sorted out by C.
        """
        tracks, first = self.tracks, self._first
        classes, instances = histogram.classes, histogram.instances
        before = list(map(first.get, classes))
        changed = compress(zip(classes, instances, before), map(ne, instances, before))
        counts = {
            name: n for name, n, was in changed if not -LEAST < n - (was or 0) < LEAST and name not in tracks
        }
        moved = list(counts)
        if len(classes) - before.count(None) < len(first):
            gone = first.keys() - set(classes)
            moved += [name for name in sorted(gone) if first[name] >= LEAST and name not in tracks]
        if not moved:
            return
        if len(tracks) + len(moved) > MOST_TRACKS:
            moved = self._worth_it(moved, counts)
        for name in moved:
            late = self._risen.pop(name, None) is not None
            was = UNKNOWN if late else self._first.get(name, 0)
            track = Track(array("q", [was]) * len(self.blocks), counts.get(name, 0))
            track.counts[-1] = track.last
            tracks[name] = track

    def _worth_it(self, moved: List[str], counts: Mapping[str, int]) -> List[str]:
        """Make room, fill it with the best, and have the others move again before they are looked at."""
        if len(self.tracks) > KEPT_TRACKS:
            by_worth = sorted(self.tracks, key=lambda name: (-self.tracks[name].steadiness(), name))
            for name in by_worth[KEPT_TRACKS:]:
                self._first[name] = self.tracks.pop(name).last
                self._risen[name] = 0
        rises = {
            name: self._risen.get(name, 0) + 1 if counts.get(name, 0) > self._first.get(name, 0) else 0
            for name in moved
        }
        moved.sort(key=lambda name: (-rises[name], self._first.get(name, 0) - counts.get(name, 0), name))
        room = MOST_TRACKS - len(self.tracks)
        for name in moved[room:]:
            self._first[name], self._risen[name] = counts.get(name, 0), rises[name]
        return moved[:room]
