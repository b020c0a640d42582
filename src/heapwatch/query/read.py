"""From a selection to numbers: whole series, or what an aggregation needs of groups of them.

Class samples are read a metric and mode at a time. A bucket comes from the hourly table when that is
summed up and gives the same answer, otherwise from the samples. Zeros are not stored: where a JVM has a
histogram and a class of it has no row, its value is 0; where it has none, there is no point.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import labels as labelling
from heapwatch.query import sql
from heapwatch.query.frame import Frame, Labels, Values, joined
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.plan import HOUR_MS, metrics_of
from heapwatch.query.select import Product, Selected
from heapwatch.query.universe import METRICS, MODES, Mask
from heapwatch.store.native import Columns
from heapwatch.store.reads.intervals import Buckets
from heapwatch.store.reads.parts import Parts, places
from heapwatch.store.settings import DAY_MS


@dataclass(frozen=True)
class Reader:
    """Reads one selection into one window of buckets with one rollup."""

    parts: Parts
    selected: Selected
    buckets: Buckets
    rollup: str
    limits: Limits
    lost: set[int] = field(default_factory=set)
    """Days (20261122) whose histograms are known and whose class samples are not kept any more."""

    def slices(self) -> list[ClassSlice]:
        """The class samples of each metric and mode."""
        found = []
        for metric, mode in metrics_of(self.selected):
            products = [each for each in self.selected.products if each.metrics[metric] and each.modes[mode]]
            found.append(ClassSlice(self, METRICS[metric], MODES[mode], products))
        return found

    def series(self) -> Frame:
        """Every series that has a point."""
        frames = [each.series() for each in self.slices()]
        if self.selected.series:
            frames.append(self._samples())
        if not frames:
            return self.frame([], [], self.buckets.matrix(0))
        cells = sum(frame.values.size for frame in frames)
        self.bounded(cells)
        return joined(frames)

    def bounded(self, cells: int) -> None:
        if cells > self.limits.cells:
            raise LimitExceeded(
                f"{cells} points at once are more than {self.limits.cells}; sum or narrow them", "cells"
            )

    def frame(self, shown: Sequence[Any], hidden: Sequence[Any], values: Values) -> Frame:
        times = np.array(self.buckets.times, np.int64)
        return Frame(times, self.buckets.width, shown, hidden, values, self.rollup)

    @cached_property
    def series_ids(self) -> list[int]:
        return [each.id for each in self.selected.series]

    def _samples(self) -> Frame:
        values = self.buckets.matrix(len(self.series_ids))
        for found in self.sample_answers("", ""):
            rows = places(found["series"], self.series_ids)
            values[rows, found["bucket"]] = found["value"]
        some = np.flatnonzero(~np.isnan(values).all(axis=1))
        told = [
            labelling.of_series(self.selected.universe, self.selected.series[place])
            for place in some.tolist()
        ]
        return self.frame([front for front, _ in told], [back for _, back in told], values[some])

    def sample_answers(self, aggregation: str, group: str, **bound: Any) -> Iterator[Columns]:
        """Metric samples by series, or what an aggregation needs of their groups."""
        owners = sorted({each.incarnation for each in self.selected.series})
        for low, high, hours in self.ranges(owners, hourly=True):
            if aggregation:
                text = sql.sample_groups(self.rollup, aggregation, group, hours=hours)
            else:
                text = sql.sample_series(self.rollup, hours=hours)
            found = self.ask(text, {"series": self.series_ids, "low": low, "high": high, **bound})
            if len(found):
                yield found

    def ranges(self, owners: Sequence[int], *, hourly: bool) -> Iterator[tuple[int, int, bool]]:
        """The window in parts, and whether a part can be read from the hourly table."""
        start, end, width = self.buckets.start, self.buckets.end, self.buckets.width
        low = start
        if hourly and width % HOUR_MS == 0 and start % HOUR_MS == 0:
            low = max(low, min(self.parts.raw_from(owners), end))
            low -= (low - start) % width
            if low > start:
                yield start, low, True
        if low < end:
            yield low, end, False

    def ask(self, text: str, bound: dict[str, Any]) -> Columns:
        window = {"start": self.buckets.start, "width": self.buckets.width, "end": self.buckets.end}
        return self.parts.query(text, {**window, **bound}, self.limits.engine)


@dataclass(frozen=True)
class Taken:
    """Which histograms there are: a row an incarnation of the selection, a column a bucket."""

    count: NDArray[np.int64]

    @property
    def some(self) -> Mask:
        return self.count > 0

    @property
    def once(self) -> bool:
        """No bucket has two of a JVM."""
        return int(self.count.max(initial=0)) <= 1


@dataclass(frozen=True)
class ClassSlice:
    """The class samples of one metric and mode: disjoint products of incarnations and classes."""

    reader: Reader
    metric: str
    mode: str
    products: Sequence[Product]

    @cached_property
    def jvms(self) -> Mask:
        mask: Mask = np.logical_or.reduce([each.jvms for each in self.products])
        return mask

    @cached_property
    def classes(self) -> Mask:
        mask: Mask = np.logical_or.reduce([each.classes for each in self.products])
        return mask

    @cached_property
    def incarnations(self) -> list[int]:
        jvms = self.reader.selected.jvms
        return [jvms[place].id for place in np.flatnonzero(self.jvms).tolist()]

    @cached_property
    def class_ids(self) -> NDArray[np.uint64]:
        """Of the whole universe."""
        return np.array(self._all_class_ids, np.uint64)

    @cached_property
    def _all_class_ids(self) -> list[int]:
        return self.reader.selected.universe.class_ids[: len(self.classes)]

    @property
    def every_class(self) -> bool:
        return all(bool(each.classes.all()) for each in self.products)

    @cached_property
    def taken(self) -> Taken:
        count = np.zeros((len(self.reader.selected.jvms), self.reader.buckets.count), np.int64)
        found = self.reader.ask(sql.TAKEN, {"incarnations": self.incarnations, "mode": self.mode})
        if len(found):
            count[self.jvm_places(found), found["bucket"]] = found["taken"]
            self._forget_lost_days(count)
        return Taken(count)

    def _forget_lost_days(self, count: NDArray[np.int64]) -> None:
        """Where a histogram's classes were dropped with age there is no point, rather than 0."""
        buckets = self.reader.buckets
        if self.reader.parts.clock() - buckets.start < DAY_MS:
            return
        taken = self.reader.ask(sql.DAYS_TAKEN, {"incarnations": self.incarnations, "mode": self.mode})
        kept = set(self.reader.ask(sql.DAYS_KEPT, {})["day"].tolist())
        lost = {day for day in taken["day"].tolist() if day not in kept}
        begins = np.array(buckets.times, np.int64)
        for low, high, hours in self.ranges():
            for day in () if hours else lost:
                start = timegm((day // 10_000, day // 100 % 100, day % 100, 0, 0, 0)) * 1000
                gone = (begins < min(high, start + DAY_MS)) & (begins + buckets.width > max(low, start))
                self.reader.lost.update({day} if (count[:, gone] > 0).any() else ())
                count[:, gone] = 0

    def lives(self) -> Iterator[tuple[str, ...]]:
        """Of which incarnations, in which mode, the window has a histogram."""
        for place in np.flatnonzero(self.taken.some.any(axis=1)).tolist():
            host, jvm, pid, started = self.reader.selected.jvms[place].who
            yield host, jvm, str(pid), str(started), self.mode

    @cached_property
    def _place_of_jvm(self) -> list[int]:
        return [each.id for each in self.reader.selected.jvms]

    def jvm_places(self, found: Columns) -> NDArray[np.int64]:
        at: NDArray[np.int64] = places(found["incarnation"], self._place_of_jvm)
        return at

    def class_places(self, column: NDArray[Any]) -> NDArray[np.int64]:
        at: NDArray[np.int64] = places(column, self._all_class_ids)
        return at

    def rows(self, hours: bool) -> tuple[str, dict[str, Any]]:
        """The statement that reads the rows, and what it binds."""
        bound: dict[str, Any] = {"incarnations": self.incarnations, "mode": self.mode}
        classes = products = ""
        if not self.every_class:
            if not any(each.classes.all() for each in self.products):
                classes = sql.OF_CLASSES
                bound["classes"] = self._ids(self.classes)
            if len(self.products) > 1:
                products = sql.of_products(len(self.products))
                jvms = self.reader.selected.jvms
                for number, each in enumerate(self.products):
                    every = bool(each.classes.all())
                    bound[f"jvms{number}"] = [jvms[at].id for at in np.flatnonzero(each.jvms).tolist()]
                    bound[f"every{number}"] = int(every)
                    bound[f"classes{number}"] = [] if every else self._ids(each.classes)
        return sql.class_rows(self.metric, hours=hours, classes=classes, products=products), bound

    def _ids(self, mask: Mask) -> list[int]:
        ids: list[int] = self.class_ids[mask].tolist()
        return ids

    def ranges(self) -> Iterator[tuple[int, int, bool]]:
        hourly = sql.has_hours(self.metric, self.reader.rollup)
        return self.reader.ranges(self.incarnations, hourly=hourly)

    def series(self) -> Frame:
        """A row for each class that an incarnation had."""
        count = len(self.class_ids)
        keys: list[NDArray[np.int64]] = []
        answers = []
        for low, high, hours in self.ranges():
            rows, bound = self.rows(hours)
            text = sql.class_series(rows, self.reader.rollup, once=self.taken.once, hours=hours)
            found = self.reader.ask(text, {**bound, "low": low, "high": high})
            if len(found):
                keys.append(self.jvm_places(found) * count + self.class_places(found["class"]))
                answers.append(found)
        if not answers:
            return self.reader.frame([], [], self.reader.buckets.matrix(0))
        known, inverse = np.unique(np.concatenate(keys), return_inverse=True)
        self.reader.bounded(len(known) * self.reader.buckets.count)
        jvm_places, class_places = known // count, known % count
        absent = self.taken.count[jvm_places] if self.reader.rollup == "count" else 0.0
        values = np.where(self.taken.some[jvm_places], absent, np.nan)
        begin = 0
        for found in answers:
            values[inverse[begin : begin + len(found)], found["bucket"]] = found["value"]
            begin += len(found)
        teller = labelling.ClassLabels(self.reader.selected.universe, self.metric, self.mode)
        jvms = self.reader.selected.jvms
        told = [
            teller.of(jvms[jvm], place)
            for jvm, place in zip(jvm_places.tolist(), class_places.tolist(), strict=True)
        ]
        return self.reader.frame([front for front, _ in told], [back for _, back in told], values)


def at_instants(reader: Reader, moments: Sequence[int], look_ms: int) -> Frame:
    """The newest value of each series at each moment, when it is not older than `look_ms`."""
    frames, lives = [], []
    for moment in moments:
        window = Buckets(moment - look_ms + 1, look_ms, 1)
        then = replace(reader, buckets=window, rollup="latest")
        frames.append(then.series())
        lives.append({life for each in then.slices() for life in each.lives()})
    rows: dict[tuple[Any, ...], int] = {}
    shown, hidden = [], []
    for frame in frames:
        for place in range(len(frame)):
            key = identity(frame, place)
            if key not in rows:
                rows[key] = len(rows)
                shown.append(frame.labels[place])
                hidden.append(frame.hidden[place])
    values = np.full((len(rows), len(moments)), np.nan)
    for column, (frame, there) in enumerate(zip(frames, lives, strict=True)):
        for row, (front, back) in enumerate(zip(shown, hidden, strict=True)):
            if _life(front, back) in there:  # a histogram that lacks the class
                values[row, column] = 0.0
        for place in range(len(frame)):
            values[rows[identity(frame, place)], column] = frame.values[place, 0]
    distance = abs(moments[1] - moments[0])
    return Frame(np.array(moments, np.int64), distance, shown, hidden, values, "latest")


def _life(shown: Labels, hidden: Labels) -> tuple[str | None, ...] | None:
    """Whose histograms a class sample is of; None for another metric."""
    if "mode" not in shown or "class" not in shown:
        return None
    return shown["host"], shown["jvm"], hidden.get("pid"), hidden.get("started"), shown["mode"]


def identity(frame: Frame, place: int) -> tuple[Any, ...]:
    """What tells a series from every other, a restarted JVM's too."""
    back = frame.hidden[place]
    return (*sorted(frame.labels[place].items()), back.get("_rawName"), back.get("pid"), back.get("started"))
