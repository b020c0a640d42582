"""Samples out of the store, for an evaluation.

A class that a JVM's histogram does not have has ended there, as a series that a target does not expose any
more; it is back with the next histogram that has it. What belongs to a JVM ends when the JVM does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from heapwatch.query.limits import LimitExceeded, Limits, said
from heapwatch.query.promql import statements, tree
from heapwatch.query.promql.classes import HOUR_MS, ClassReader
from heapwatch.query.promql.naming import series_labels
from heapwatch.query.promql.selection import Picked, pick
from heapwatch.query.promql.vector import (
    ExecutionError,
    Key,
    Labels,
    Mask,
    Moments,
    Ranges,
    Vector,
    beside,
    joined,
    key,
    nothing,
)
from heapwatch.store.dimensions import NOBODY, Series
from heapwatch.store.errors import TooBig
from heapwatch.store.native import Columns
from heapwatch.store.reads.parts import Parts, places

SUMMED = frozenset({"sum", "count", "min", "max"})
LATEST_MS = 9_999_999_999_000
"""The engine's times end a little later."""


@dataclass
class Stored:
    """One evaluation's samples. `lookback_ms`: how old the newest sample may be."""

    parts: Parts
    lookback_ms: int
    limits: Limits
    points: int = 0
    _picked: dict[Any, Picked] = field(default_factory=dict)

    def instants(self, selector: tree.Selector, moments: Moments) -> Vector:
        if not len(moments):
            return nothing(0)
        picked = self._pick(selector, moments)

        def found(some: Moments, hours: bool) -> Vector:
            parts = [self._reader(picked, some, hours).series(each) for each in picked.classes]
            if picked.series:
                parts.append(self._instants(picked, some, hours))
            return _one_of_each(joined(parts)) if parts else nothing(len(some))

        return self._in_parts(picked, moments, found)

    def summed(self, selector: tree.Selector, moments: Moments, node: tree.Aggregate) -> Vector | None:
        """The classes that an aggregation does not keep apart as one, by JVM."""
        if node.name not in SUMMED or not len(moments):
            return None
        picked = self._pick(selector, moments)
        if picked.series or not picked.classes:
            return None
        kept = [name for name in ("class", "package") if (name in node.labels) != node.without]
        if "class" in kept:
            return None

        def found(some: Moments, hours: bool) -> Vector:
            reader = self._reader(picked, some, hours)
            return _one_of_each(joined([reader.grouped(each, kept, node.name) for each in picked.classes]))

        return self._in_parts(picked, moments, found)

    def _in_parts(self, picked: Picked, moments: Moments, found: Callable[[Moments, bool], Vector]) -> Vector:
        """Full hours from the hourly tables, as far as they are summed up: what a full hour was just before
        its end. They are kept for longer than samples, and there are fewer of them."""
        old = 0
        step = int(moments[1] - moments[0]) if len(moments) > 1 else 1
        if step > 0 and not (step % HOUR_MS or moments[0] % HOUR_MS):
            owners = {jvm.id for each in picked.classes for jvm in each.jvms}
            owners |= {each.incarnation for each in picked.series}
            old = int(np.searchsorted(moments, self.parts.raw_from(sorted(owners)), "right"))
        if old in (0, len(moments)):
            return found(moments - 1 if old else moments, bool(old))
        return beside([found(moments[:old] - 1, True), found(moments[old:], False)])

    def samples(self, selector: tree.Selector, low: int, high: int) -> Ranges:
        picked = pick(self.parts.names, selector.matchers, low, high)
        labels: list[Labels] = []
        rows, times, values = [], [], []
        moments = np.array([low, high], np.int64)
        for each in picked.classes:
            self._admit_histograms(each, low, high)
            told, owners, at, value = self._reader(picked, moments).samples(each, low, high)
            rows.append(owners + len(labels))
            labels += told
            times.append(at)
            values.append(value)
        if picked.series:
            bound = self._bound(picked.series, low, high)
            self._admit(int(self._ask(statements.COUNTED, bound)["taken"][0]))
            found = self._ask(statements.SAMPLES, bound)
            if len(found):
                rows.append(places(found["series"], bound["series"]) + len(labels))
                times.append(found["at"])
                values.append(found["value"])
            labels += self._labels(picked)
        return _ranges(labels, rows, times, values)

    # ---- metric series

    def _instants(self, picked: Picked, moments: Moments, hours: bool) -> Vector:
        low, high = int(moments.min()) - self.lookback_ms, int(moments.max())
        self._admit_cells(len(picked.series), len(moments))
        bound = {**self._bound(picked.series, low, high), **steps(moments)}
        found = self._ask(statements.NEWEST_HOURS if hours else statements.NEWEST_SAMPLES, bound)
        self.points += len(found)
        shape = len(picked.series), len(moments)
        at = np.full(shape, -(1 << 62), np.int64)
        values = np.zeros(shape)
        if len(found):
            rows = places(found["series"], bound["series"])
            at[rows, found["place"]] = found["at"]
            values[rows, found["place"]] = found["value"]
        newest = np.maximum.accumulate(np.where(at > -(1 << 62), np.arange(shape[1]), 0), axis=1)
        at, values = np.take_along_axis(at, newest, 1), np.take_along_axis(values, newest, 1)
        there = at >= moments - self.lookback_ms
        ends = np.array([self._end(picked, each) for each in picked.series], np.int64)
        there &= moments <= ends[:, None]
        some = np.flatnonzero(there.any(axis=1))
        labels = self._labels(picked, some.tolist())
        return Vector(labels, values[some], there[some], at[some])

    @staticmethod
    def _end(picked: Picked, series: Series) -> int:
        owner = picked.universe.owner(series) if series.incarnation != NOBODY else None
        return owner.exited if owner is not None and owner.exited else 1 << 62

    @staticmethod
    def _labels(picked: Picked, chosen: Sequence[int] | None = None) -> list[Labels]:
        some = picked.series if chosen is None else [picked.series[place] for place in chosen]
        found: list[Labels] = [
            series_labels(picked.universe, each, picked.jvm_labels, picked.raw) for each in some
        ]
        names: dict[Key, str] = {}
        for labels, each in zip(found, some, strict=True):
            other = names.setdefault(key(labels), each.metric)
            if other != each.metric:
                raise ExecutionError(
                    f"{other} and {each.metric} are both {labels[tree.NAME]} here; "
                    f'select one by its own name: {{"{each.metric}"}}'
                )
        return found

    # ---- both

    def _pick(self, selector: tree.Selector, moments: Moments) -> Picked:
        low, high = int(moments.min()) - self.lookback_ms, int(moments.max())
        asked = (selector.matchers, low, high)
        if asked not in self._picked:
            self._picked[asked] = pick(self.parts.names, selector.matchers, low, high)
        return self._picked[asked]

    def _reader(self, picked: Picked, moments: Moments, hours: bool = False) -> ClassReader:
        return ClassReader(picked, moments, self.lookback_ms, self.limits, self._ask, self._admit, hours)

    def _admit_histograms(self, each: Any, low: int, high: int) -> None:
        bound = {
            "incarnations": [jvm.id for jvm in each.jvms],
            "mode": each.mode,
            "most": int(each.classes.sum()),
            "low": low,
            "high": high,
        }
        self._admit(int(self._ask(statements.HISTOGRAM_ROWS, bound)["taken"][0]))

    def _bound(self, series: Sequence[Series], low: int, high: int) -> dict[str, Any]:
        return {"series": [each.id for each in series], "low": low, "high": high}

    def _admit(self, points: int) -> None:
        self.points += points
        if self.points > self.limits.points:
            raise LimitExceeded(
                f"this query reads up to {self.points} points, more than {self.limits.points}; "
                "narrow it, or take a longer step",
                "points",
            )

    def _admit_cells(self, series: int, moments: int) -> None:
        if series * moments > self.limits.cells:
            raise LimitExceeded(
                f"{series} series at {moments} moments are more than {self.limits.cells} values; "
                "narrow the selector, or take a longer step",
                "cells",
            )

    def _ask(self, text: str, bound: Mapping[str, Any]) -> Columns:
        inside = {name: min(max(0, bound[name]), LATEST_MS) for name in ("low", "high") if name in bound}
        try:
            return self.parts.query(text, {**bound, **inside}, self.limits.engine)
        except TooBig as error:
            raise said(error, self.limits) from error


def steps(moments: Moments) -> dict[str, int]:
    """Where evenly spaced moments begin, and how far they are apart."""
    step = int(moments[1] - moments[0]) if len(moments) > 1 else 0
    return {"start": int(moments[0]), "step": max(1, step)}


def _ranges(labels: list[Labels], rows: list[Any], times: list[Any], values: list[Any]) -> Ranges:
    """Samples in the order of series and time; series of equal labels become one."""
    codes: dict[Key, int] = {}
    shown: list[Labels] = []
    of = np.empty(len(labels), np.int64)
    for place, each in enumerate(labels):
        of[place] = codes.setdefault(key(each), len(codes))
        if of[place] == len(shown):
            shown.append(each)
    if not rows:
        return Ranges([], np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0))
    owners, at, value = of[np.concatenate(rows)], np.concatenate(times), np.concatenate(values)
    order = np.lexsort((at, owners))
    owners, at, value = owners[order], at[order].astype(np.int64), value[order]
    starts = np.searchsorted(owners, np.arange(len(shown) + 1))
    return Ranges(shown, starts, at, value)


def _one_of_each(vector: Vector) -> Vector:
    """Lives after one another as one series: at each moment the one that was heard of last."""
    groups: dict[Key, list[int]] = {}
    for place, labels in enumerate(vector.labels):
        groups.setdefault(key(labels), []).append(place)
    if len(groups) == len(vector) or vector.stamps is None:
        return vector
    firsts = [group[0] for group in groups.values()]
    values, there = vector.values[firsts], vector.there[firsts]
    stamps = vector.stamps[firsts]
    for row, group in enumerate(groups.values()):
        for place in group[1:]:
            newer: Mask = vector.there[place] & (~there[row] | (vector.stamps[place] > stamps[row]))
            values[row] = np.where(newer, vector.values[place], values[row])
            stamps[row] = np.where(newer, vector.stamps[place], stamps[row])
            there[row] |= newer
    return Vector([vector.labels[place] for place in firsts], values, there, stamps)
