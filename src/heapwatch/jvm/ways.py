"""Ways from roots down to some objects of a heap, sought upward from the objects, level by level.

Some of the objects are also held by what lasts a moment, such as a queue, and by that on the shortest ways.
So a holder that is reached again from clearly more of them is taken to lie on the ways of those, and is gone
upward from once more; and what holds most of them is told first.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, NamedTuple, Protocol, Sequence, Set, Tuple

from heapwatch.jvm.holders import Group, Link, Step, shape, steps_of

WAYS, BRIEF = 5, 2
"""So many ways from what lasts are told, and so many from what stands on a stack just then."""
DEEPEST, MORE = 96, 24
"""Levels; and how many more when there are enough ways, but not of nearly all objects."""
CLEARLY, NEARLY = 1 / 8, 7 / 8
"""Of the objects that were begun with: so many more, or twice as many, are worth another walk; nearly all."""
ALIKE = 12
"""Levels of one class alone: a list or tree, which is then taken as a whole."""


class Heap(Protocol):
    """What is asked of a heap."""

    most: int
    """So many objects are remembered."""

    def holders(self, wanted: Set[int]) -> Iterator[Tuple[int, int, str, int]]:
        """Holder, its class, the field and the held, for each reference to one of `wanted`."""

    def alike(self, kind: int) -> Iterable[int]:
        """All objects of a class."""

    def name(self, kind: int) -> str: ...

    def root(self, key: int, link: Link) -> str:
        """What kind of root an object is; empty when it is none."""

    def lasts(self, key: int) -> bool:
        """Whether what holds it holds it for good."""


class _Reached(NamedTuple):
    link: Link
    held: int
    objects: int  # a bit for each of those that were begun with
    told: int  # how many they were when it was gone upward from


def _weight(objects: int) -> int:
    return bin(objects).count("1")


class Search:
    """One search; `targets` are the objects to begin with."""

    def __init__(self, heap: Heap, suspect: str, targets: Sequence[int]) -> None:
        self._heap = heap
        self._suspect = suspect
        self._all = len(targets)
        self._below = {key: _Reached(Link("", ""), 0, 1 << n, 1) for n, key in enumerate(targets)}
        self._roots: Dict[int, str] = {}

    def run(self) -> List[Group]:
        """Those of most objects first; what lasts before what does not."""
        frontier = set(self._below)
        passing: Set[int] = set()
        alike: List[Set[int]] = []
        enough = DEEPEST
        for level in range(DEEPEST):
            new, kinds = self._level(frontier)
            ends = {key for key in new if self._is_root(key)}
            passing |= {key for key in ends if not self._heap.lasts(key)}
            frontier = new - ends
            if not frontier:
                frontier, passing = passing, set()
            if enough == DEEPEST and self._shapes(0) >= WAYS:
                enough = level + MORE
            late = level > enough or self._shapes(NEARLY) >= WAYS
            if not frontier or late or len(self._below) > self._heap.most:
                break
            alike = [*alike, kinds][-ALIKE:]
            if len(alike) == ALIKE and len(set().union(*alike)) == 1:
                frontier, alike = self._all_of(next(iter(kinds)), frontier), []
        return self._ways()

    def _level(self, frontier: Set[int]) -> Tuple[Set[int], Set[int]]:
        """What holds these, as far as that is news; and their classes."""
        found: Dict[int, Tuple[int, str, int, int]] = {}
        for holder, kind, field, held in self._heap.holders(frontier):
            objects = self._below[held].objects
            if holder in found:
                _, _, best, others = found[holder]
                if _weight(objects) <= _weight(self._below[best].objects):
                    found[holder] = (*found[holder][:3], others | objects)
                    continue
                objects |= others
            found[holder] = kind, field, held, objects
        new, kinds = set(), set()
        for holder, (kind, field, held, objects) in found.items():
            known = self._below.get(holder)
            if known is not None:
                objects |= known.objects
                few = _weight(objects) - known.told < max(1, min(known.told, CLEARLY * self._all))
                if few or self._is_below(held, holder):
                    self._below[holder] = known._replace(objects=objects)
                    continue
            link = Link(self._heap.name(kind), field, holder == kind)
            self._below[holder] = _Reached(link, held, objects, _weight(objects))
            new.add(holder)
            kinds.add(kind)
        return new, kinds

    def _is_below(self, key: int, holder: int) -> bool:
        """Whether the way down from an object leads by `holder`."""
        while key != holder and self._below[key].link.holder:
            key = self._below[key].held
        return key == holder

    def _is_root(self, key: int) -> bool:
        told = self._heap.root(key, self._below[key].link)
        if told:
            self._roots[key] = told
        return bool(told)

    def _shapes(self, share: float) -> int:
        """How many kinds of ways there are from what lasts down to such a share of the objects."""
        found = (key for key in self._roots if self._heap.lasts(key))
        least = share * self._all
        return len({shape(self._steps(key)) for key in found if _weight(self._below[key].objects) >= least})

    def _all_of(self, kind: int, frontier: Set[int]) -> Set[int]:
        """A long list or deep tree: all its objects at once, each as good as the last one seen."""
        last = next(iter(frontier))
        like = self._below[last]._replace(link=Link(self._heap.name(kind), "..."), held=last)
        for key in self._heap.alike(kind):
            if key not in self._below and len(self._below) < 2 * self._heap.most:
                self._below[key] = like
                frontier.add(key)
        return frontier

    def _ways(self) -> List[Group]:
        steps = {key: self._steps(key) for key in self._roots}
        found = sorted(steps, key=lambda key: (-_weight(self._below[key].objects), len(steps[key])))
        lasting: List[Group] = []
        brief: List[Group] = []
        shapes: Set[Tuple[object, ...]] = set()
        for key in found:
            kept, most = (lasting, WAYS) if self._heap.lasts(key) else (brief, BRIEF)
            if len(kept) < most and shape(steps[key]) not in shapes:
                kept.append(Group(1, self._suspect, self._roots[key], steps[key], ()))
                shapes.add(shape(steps[key]))
        return [*lasting, *brief]

    def _steps(self, key: int) -> Tuple[Step, ...]:
        links = []
        while self._below[key].link.holder:
            links.append(self._below[key].link)
            key = self._below[key].held
        return steps_of(links)
