"""A pipeline brought down to reads: which range, which buckets, what the engine does and what is left.

The engine rolls samples up into buckets and, when the pipeline begins with `[parse …] sum by …` (or another
aggregation that can be put together from parts), groups them too. What is left works on small frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.grouping import Grouping
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.notes import Notes
from heapwatch.query.operators import apply, quantize
from heapwatch.query.plan import HOUR_MS, Extent, buckets, default_interval, extent, only_live
from heapwatch.query.read import Reader, at_instants
from heapwatch.query.select import Selected, select
from heapwatch.query.sql import AGGREGATIONS
from heapwatch.query.universe import MODES
from heapwatch.store.reads.intervals import AIM, Buckets
from heapwatch.store.reads.parts import Parts

LIFE = ("host", "jvm", "pid", "started", "metric", "mode")
"""What tells the lives of JVMs, and their kinds of class samples, from one another."""

LOST = "days left out because their class samples are not kept any more; the totals of all classes are"

LOOK_MS = 900_000
"""How old the newest value at an instant may be, at least."""


@dataclass
class Read:
    """What a query has read so far, for its answer."""

    series: int = 0
    points: int = 0


@dataclass(frozen=True)
class Asked:
    """What holds for the whole query."""

    parts: Parts
    text: str
    from_: int
    to: int
    interval_ms: int | None
    mode: str
    limits: Limits
    notes: Notes
    read: Read
    now: int


def pipeline(asked: Asked, node: tree.Pipeline, selector: tree.Selector, shift: int) -> Frame:
    """The frame of a pipeline that begins with a selector; `shift` ms earlier than asked."""
    first, rest = _first_quantize(node.operators)
    interval = first.interval_ms or asked.interval_ms
    source = Source(asked, selector, shift + shifted(rest), interval, first.rollup or "avg")
    if source.rollup == "count" and source.selected.products:
        frame, later = source.series(), rest  # what is not stored counts too, and is not 0
    else:
        frame, later = _begun(source, rest)
    return applied(later, quantize.dropped(frame, first.drop_last).known(), asked.notes)


def _begun(source: Source, operators: Sequence[tree.Operator]) -> tuple[Frame, Sequence[tree.Operator]]:
    """The frame as far as the engine brings it, and the operators that are left."""
    parses, aggregate, later = _pushed(operators)
    if aggregate is not None:
        return source.groups(parses, aggregate, later), later
    if operators and isinstance(operators[0], tree.Delta | tree.Rate) and not operators[0].kind:
        parses, aggregate, later = _pushed(operators[1:])
        made = {name.text for parse in parses for name in parse.names}
        plain = not (made & set(LIFE) or source.selected.series)
        if plain and aggregate is not None and aggregate.function == "sum":
            return source.changes(operators[0], parses, aggregate), later
    return source.series(), operators


def instants(asked: Asked, node: tree.Pipeline, selector: tree.Selector, moments: tuple[int, int]) -> Frame:
    """The frame of a pipeline that ends with `diff`: its two columns are the two instants."""
    _, rest = _first_quantize(node.operators[:-1])
    early = replace(asked, from_=min(asked.from_, *moments) - LOOK_MS, to=max(asked.to, max(moments) + 1))
    return applied(rest, Source(early, selector, 0, None, "latest").at(moments), asked.notes)


def applied(operators: Sequence[tree.Operator], frame: Frame, notes: Notes) -> Frame:
    for operator in operators:
        frame = apply(operator, frame, notes)
    return frame


def shifted(operators: Sequence[tree.Operator]) -> int:
    """How far all timeshifts of a pipeline go together."""
    return sum(each.by_ms for each in operators if isinstance(each, tree.TimeShift))


def _first_quantize(
    operators: Sequence[tree.Operator],
) -> tuple[tree.Quantize, Sequence[tree.Operator]]:
    if operators and isinstance(operators[0], tree.Quantize):
        return operators[0], operators[1:]
    return tree.Quantize(), operators


def _pushed(
    operators: Sequence[tree.Operator],
) -> tuple[list[tree.Parse], tree.Aggregate | None, Sequence[tree.Operator]]:
    """The parses and the aggregation that the engine can do, and what comes after."""
    parses: list[tree.Parse] = []
    for place, operator in enumerate(operators):
        if isinstance(operator, tree.Parse):
            parses.append(operator)
        elif isinstance(operator, tree.Aggregate) and operator.function in AGGREGATIONS:
            return parses, operator, operators[place + 1 :]
        else:
            break
    return [], None, operators


class Source:
    """A selection, its range and buckets, checked against the limits before anything is read."""

    def __init__(
        self, asked: Asked, selector: tree.Selector, shift: int, interval: int | None, rollup: str
    ) -> None:
        self.asked = asked
        self.rollup = rollup
        self._range = asked.from_ - shift, asked.to - shift
        self._shift = shift
        self._interval = interval
        # buckets go beyond the range, how far is not known yet: JVMs that began or ended there are looked at
        from_, to = self._range
        margin = max(to - from_, interval or 0)
        names = asked.parts.names
        self.selected: Selected = select(names, selector, from_ - margin, to + margin, asked.mode, asked.text)

    def series(self) -> Frame:
        window, found, points = self.planned()
        self._admit(found, points)
        reader = self._reading(window)
        frame = reader.series()
        self._read(len(frame), reader)
        return frame

    def groups(
        self, parses: Sequence[tree.Parse], aggregate: tree.Aggregate, later: Sequence[tree.Operator]
    ) -> Frame:
        window, found, points = self.planned()
        reader = self._reading(window)
        grouping = Grouping(reader, parses, aggregate, later, self.asked.notes)
        self._admit(found, found.histograms(self.selected) if grouping.of_totals else points)
        frame, series = grouping.read()
        self._read(series, reader)
        return frame

    def changes(
        self, change: tree.Delta | tree.Rate, parses: Sequence[tree.Parse], aggregate: tree.Aggregate
    ) -> Frame:
        """`rate | sum by package`: all classes of a JVM have their points at the same times, so the sum of
        their changes is the change of their sum, for each life of a JVM."""
        extra = [tree.Name(name) for name in LIFE if name not in {each.text for each in aggregate.by}]
        by_life = replace(aggregate, by=(*aggregate.by, *extra))
        frame = apply(change, self.groups(parses, by_life, ()), self.asked.notes)
        return apply(aggregate, frame, Notes())  # what lacks a label was said when it was read

    def at(self, moments: tuple[int, int]) -> Frame:
        found = self._extent(*self._range)
        distance = float(np.median(found.distances_ms)) if len(found.distances_ms) else 0.0
        look = max(LOOK_MS, int(3 * distance))
        reader = self._reading(Buckets(*self._range, 1))
        frame = at_instants(reader, moments, look)
        self.asked.read.series += len(frame)
        self.asked.read.points += int((~np.isnan(frame.values)).sum())
        return frame

    def planned(self) -> tuple[Buckets, Extent, int]:
        """The buckets, what the selection has in them, and how many points reading it takes at most."""
        from_, to = self._range
        interval = self._interval
        if interval is None:
            # hours and more are farther apart than any histograms
            near = (to - from_) / AIM < HOUR_MS
            distances = self._extent(from_, to).distances_ms if near else np.empty(0)
            interval = default_interval(to - from_, distances)
        # aligned as if it were not shifted, so that its points fall on those of the present
        window = buckets(self.asked.from_, self.asked.to, interval, self.asked.limits, self.asked.notes)
        window = replace(window, start=window.start - self._shift)
        found = self._extent(window.start, window.end, hourly=window.width % HOUR_MS == 0)
        return window, found, found.points(self.selected, self.rollup)

    def _read(self, series: int, reader: Reader) -> None:
        self.asked.read.series += series
        self.asked.notes.add(LOST, len(reader.lost))
        if not series:
            hints = "".join(f"; {each}" for each in self.selected.unknown)
            self.asked.notes.add(f"nothing that this selects has a point in the range{hints}")

    def _admit(self, found: Extent, points: int) -> None:
        """Refuse what is too much; say what will be missing."""
        other = MODES[1 - MODES.index(self.asked.mode)]
        left_out = only_live(found, self.selected, self.asked.mode)
        self.asked.notes.add(f"JVMs have only histograms of mode {other}, which were not asked for", left_out)
        most = self.asked.limits.points
        if points > most:
            raise LimitExceeded(
                f"row #{self.asked.notes.row} reads up to {points} points, more than {most}", "points"
            )
        self.asked.read.points += points

    def _reading(self, window: Buckets) -> Reader:
        return Reader(self.asked.parts, self.selected, window, self.rollup, self.asked.limits)

    def _extent(self, from_: int, to: int, *, hourly: bool = False) -> Extent:
        return extent(self.asked.parts, self.selected, from_, to, self.asked.limits, hourly=hourly)
