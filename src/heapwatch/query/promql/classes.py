"""Class samples for an evaluation: first which histogram holds at each moment, then only its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.promql import statements
from heapwatch.query.promql.naming import metric_name
from heapwatch.query.promql.selection import ClassPick, Picked
from heapwatch.query.promql.tree import NAME
from heapwatch.query.promql.vector import Floats, Labels, Mask, Moments, Places, Vector, nothing
from heapwatch.store.native import Columns
from heapwatch.store.reads.parts import places

_COLUMNS = {"sum": "total", "count": "number", "min": "least", "max": "most"}
"""What each aggregation needs of a group of classes."""
HOUR_MS = 3_600_000
MOST_TIMES = 100_000
"""Times of histograms that one statement names."""


@dataclass(frozen=True)
class Held:
    """Histogram `at[pair]` of JVM `jvm[pair]` (by place); `pairs[j, t]` holds at a moment, -1 = none."""

    jvm: Places
    at: Moments
    keys: Moments  # how its rows are found: its time, or the hour that it is the last of
    pairs: Places
    totals: Floats
    classes: Places


@dataclass(frozen=True)
class ClassReader:
    picked: Picked
    moments: Moments
    lookback_ms: int
    limits: Limits
    ask: Callable[[str, Mapping[str, Any]], Columns]
    admit: Callable[[int], None]
    hours: bool = False  # from the hourly table, whose hours end at the moments

    def series(self, pick: ClassPick) -> Vector:
        """A row for each class of each JVM."""
        held = self._held(pick)
        if not len(held.at):
            return nothing(len(self.moments))
        found = self._rows(pick, held, group=False)
        if not len(found):
            return nothing(len(self.moments))
        ids = self.picked.universe.class_ids
        jvms = places(found["incarnation"], [each.id for each in pick.jvms])
        classes = places(found["part"], ids)
        keys, row = np.unique(jvms * len(ids) + classes, return_inverse=True)
        labels = [
            self._labels(pick, jvm, place)
            for jvm, place in zip((keys // len(ids)).tolist(), (keys % len(ids)).tolist(), strict=True)
        ]
        at = self._pair_of(held, jvms, found["at"])
        return self._spread(held, labels, keys // len(ids), row, at, found["value"])

    def grouped(self, pick: ClassPick, kept: Sequence[str], function: str) -> Vector:
        """A row for each JVM (and package, when that is kept): its classes as one."""
        held = self._held(pick)
        if not len(held.at):
            return nothing(len(self.moments))
        universe = self.picked.universe
        if pick.every_class and not kept and function in ("sum", "count"):
            values = held.totals if function == "sum" else held.classes.astype(np.float64)
            jvms = np.arange(len(pick.jvms))
            labels = [self._labels(pick, jvm, None) for jvm in jvms.tolist()]
            return self._spread(held, labels, jvms, held.jvm, np.arange(len(held.at)), values)
        names: dict[str, int] = {}
        chosen = np.flatnonzero(pick.classes).tolist()
        of = [
            names.setdefault(universe.labels_of_class(p)["package"] if kept else "", len(names))
            for p in chosen
        ]
        bound = {"class_ids": [universe.class_ids[place] for place in chosen], "class_groups": of}
        found = self._rows(pick, held, group=True, **bound)
        if not len(found):
            return nothing(len(self.moments))
        packages = list(names)
        jvms = places(found["incarnation"], [each.id for each in pick.jvms])
        keys, row = np.unique(jvms * len(packages) + found["part"], return_inverse=True)
        owners = keys // len(packages)
        labels = []
        for jvm, group in zip(owners.tolist(), (keys % len(packages)).tolist(), strict=True):
            more = {"package": packages[group]} if kept and packages[group] else {}
            labels.append({**self._labels(pick, jvm, None), **more})
        value = found[_COLUMNS[function]]
        return self._spread(held, labels, owners, row, self._pair_of(held, jvms, found["at"]), value)

    def samples(self, pick: ClassPick, low: int, high: int) -> tuple[list[Labels], Places, Moments, Floats]:
        """All samples of [low, high]: labels of the series, and whose, when and what each sample is."""
        text = statements.class_rows(pick.metric, every_class=pick.every_class, exactly=False, group=False)
        found = self.ask(text, {**self._bound(pick), "low": low, "high": high})
        if not len(found):
            return [], np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        ids = self.picked.universe.class_ids
        jvms = places(found["incarnation"], [each.id for each in pick.jvms])
        keys, row = np.unique(jvms * len(ids) + places(found["part"], ids), return_inverse=True)
        pairs = zip((keys // len(ids)).tolist(), (keys % len(ids)).tolist(), strict=True)
        return [self._labels(pick, *pair) for pair in pairs], row, found["at"], found["value"]

    def _held(self, pick: ClassPick) -> Held:
        """Which histogram of each JVM is the newest at each moment, and not too old."""
        low, high = int(self.moments.min()) - self.lookback_ms, int(self.moments.max())
        shape = len(pick.jvms), len(self.moments)
        if shape[0] * shape[1] > self.limits.cells:
            raise LimitExceeded(f"{shape[0]} JVMs at {shape[1]} moments are too many; take fewer", "cells")
        step = int(self.moments[1] - self.moments[0]) if shape[1] > 1 else 0
        ids = [each.id for each in pick.jvms]
        bound = {"start": int(self.moments[0]), "step": max(1, step), "low": low, "high": high}
        found = self.ask(statements.NEWEST_HISTOGRAMS, {**bound, "incarnations": ids, "mode": pick.mode})
        pairs = np.full(shape, -1, np.int64)
        if not len(found):
            none = np.empty(0, np.int64)
            return Held(none, none, none, pairs, np.empty(0), none)
        jvms = places(found["incarnation"], ids)
        order = np.lexsort((found["at"], jvms))
        jvm, at = jvms[order], found["at"][order]
        pairs[jvm, found["place"][order]] = np.arange(len(order))
        pairs = np.maximum.accumulate(pairs, axis=1)
        old = (pairs >= 0) & (at[pairs] < self.moments - self.lookback_ms)
        exits = np.array([each.exited or 1 << 62 for each in pick.jvms], np.int64)
        pairs[old | (self.moments > exits[:, None])] = -1
        column = "bytes" if pick.metric == "heap.bytes" else "instances"
        keys = at - at % HOUR_MS if self.hours else at
        return Held(
            jvm,
            at,
            keys,
            pairs,
            found[column][order].astype(np.float64),
            found["classes"][order].astype(np.int64),
        )

    def _rows(self, pick: ClassPick, held: Held, *, group: bool, **more: Any) -> Columns:
        used = np.unique(held.pairs[held.pairs >= 0])
        chosen = int(pick.classes.sum())
        self.admit(int(np.minimum(held.classes[used], chosen).sum()))
        times = np.unique(held.keys[used])
        if len(times) > MOST_TIMES:
            raise LimitExceeded(f"{len(times)} histograms are too many at once; take a longer step", "points")
        every = pick.every_class
        if self.hours:
            text = statements.class_hours(pick.metric, every_class=every, group=group)
        else:
            text = statements.class_rows(pick.metric, every_class=every, exactly=True, group=group)
        edges = {"low": int(times[0]), "high": int(times[-1])} if len(times) else {"low": 0, "high": 0}
        return self.ask(text, {**self._bound(pick), **edges, "times": times.tolist(), **more})

    def _bound(self, pick: ClassPick) -> dict[str, Any]:
        bound: dict[str, Any] = {"incarnations": [each.id for each in pick.jvms], "mode": pick.mode}
        if not pick.every_class:
            ids = self.picked.universe.class_ids
            bound["classes"] = [ids[place] for place in np.flatnonzero(pick.classes).tolist()]
        return bound

    def _labels(self, pick: ClassPick, jvm: int, place: int | None) -> Labels:
        name = pick.metric if self.picked.raw else metric_name(pick.metric)
        found = {**self.picked.jvm_labels.of(pick.jvms[jvm]), NAME: name, "mode": pick.mode}
        if place is not None:
            of_class = self.picked.universe.labels_of_class(place)
            found["class"] = of_class["class"]
            if of_class["package"]:
                found["package"] = of_class["package"]
        return found

    @staticmethod
    def _pair_of(held: Held, jvms: Places, at: Moments) -> Places:
        """The histogram that each row is of; -1 for one of another that has the same time."""
        base = int(held.keys.min())
        width = int(held.keys.max()) - base + 1
        keys = held.jvm * width + (held.keys - base)
        wanted = jvms * width + (at - base)
        found = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        return np.where(keys[found] == wanted, found, -1)

    def _spread(
        self, held: Held, labels: Sequence[Labels], owners: Places, row: Places, pair: Places, value: Floats
    ) -> Vector:
        """Values of (series, histogram) under the moments at which the histogram holds."""
        if len(labels) * len(self.moments) > self.limits.cells:
            raise LimitExceeded(
                f"{len(labels)} series at {len(self.moments)} moments are more than {self.limits.cells} "
                "values; narrow the selector, or take a longer step",
                "cells",
            )
        first = np.searchsorted(held.jvm, np.arange(len(held.pairs)))
        local = np.where(held.pairs >= 0, held.pairs - first[:, None], -1)
        width = int(np.bincount(held.jvm).max())
        values = np.zeros((len(labels), width + 1))
        there: Mask = np.zeros((len(labels), width + 1), np.bool_)
        good = pair >= 0
        column = pair[good] - first[held.jvm[pair[good]]]
        values[row[good], column] = value[good]
        there[row[good], column] = True
        columns = np.where(local >= 0, local, width)[owners]
        stamps = np.where(held.pairs >= 0, held.at[held.pairs], 0)[owners]
        shown = np.take_along_axis(there, columns, 1)
        found = Vector(labels, np.take_along_axis(values, columns, 1), shown, stamps)
        some = np.flatnonzero(shown.any(axis=1))
        return Vector(
            [labels[place] for place in some.tolist()], found.values[some], shown[some], stamps[some]
        )
