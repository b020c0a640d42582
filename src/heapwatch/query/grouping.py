"""`[parse …] sum by host` done by the engine.

The engine adds up by the number of an incarnation and the number of a class (numbering.py). Which labels such
a pair stands for is found out once, from an example. A small statement tells which pairs there are at all and
how many series are in each, so that zeros, which are not stored, count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from heapwatch.query import labels as labelling
from heapwatch.query import sql, tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes
from heapwatch.query.numbering import Numbers, numbered, numbers
from heapwatch.query.operators.aggregate import Group, group_labels, warn_missing
from heapwatch.query.operators.parse import LEFT_OUT, field_of, made
from heapwatch.query.read import ClassSlice, Reader
from heapwatch.query.sums import Places, Sums
from heapwatch.query.thinning import Thinning, thinning
from heapwatch.store.native import Columns

_AT_ONCE = 50_000


@dataclass(frozen=True)
class _Task:
    """What is asked of every series."""

    parses: Sequence[tree.Parse]
    by: Sequence[str]
    function: str
    notes: Notes
    thinning: Thinning

    def group(self, labels: Callable[[str], str | None], count: int) -> Group | None:
        """The group of `count` series with these labels; None when a parse leaves them out."""
        new: dict[str, str] = {}

        def label(name: str) -> str | None:
            return new[name] if name in new else labels(name)

        for parse in self.parses:
            found = made(parse, label(field_of(parse)))
            if found is None and not parse.nodrop:
                self.notes.add(LEFT_OUT, count)
                return None
            new.update(found or {})
        values = [label(name) for name in self.by]
        warn_missing(self.by, values, count, self.notes)
        return tuple(value or "" for value in values)


class Grouping:
    """`selector | parse … | aggregate`. Groups that `later` drops may be missing from its frame."""

    def __init__(
        self,
        reader: Reader,
        parses: Sequence[tree.Parse],
        node: tree.Aggregate,
        later: Sequence[tree.Operator],
        notes: Notes,
    ) -> None:
        self._reader = reader
        self._sums = Sums(reader.buckets.count)
        slices = reader.slices()
        alone = len(slices) == 1 and not reader.selected.series and node.function == "sum"
        thin = thinning(later) if alone else Thinning()
        self._task = _Task(parses, [name.text for name in node.by], node.function, notes, thin)
        self._slices = [_Slice(each, self._task, self._sums) for each in slices]

    @property
    def of_totals(self) -> bool:
        """Whether no class sample is read, but the totals of histograms."""
        return bool(self._slices) and all(each.totalled is not None for each in self._slices)

    def read(self) -> tuple[Frame, int]:
        """The frame, and how many series went into it."""
        reader, sums, task = self._reader, self._sums, self._task
        series = sum(each.read() for each in self._slices)
        if reader.selected.series:
            series += _samples(reader, task, sums)
        names = sorted(sums.places)
        places = [sums.places[name] for name in names]
        labels = [group_labels(task.by, name) for name in names]
        values = sums.values(task.function)[places] if places else reader.buckets.matrix(0)
        return reader.frame(labels, [{}] * len(labels), values).known(), series


class _Slice:
    """The groups of one metric and mode of class samples."""

    def __init__(self, slice_: ClassSlice, task: _Task, sums: Sums) -> None:
        self._slice = slice_
        self._task = task
        self._sums = sums
        self._jvms, self._classes = numbers(slice_, task.parses, task.by)
        self._jvm_at = np.flatnonzero(slice_.jvms)
        self._class_at = np.flatnonzero(slice_.classes)
        self._bound = self._jvms.bound("jvm", slice_.incarnations)
        self._of_classes = self._classes.bound("class", slice_.class_ids[self._class_at].tolist())
        selected = slice_.reader.selected
        self._teller = labelling.ClassLabels(selected.universe, slice_.metric, slice_.mode)

    def read(self) -> int:
        """Add to the sums; how many series there were (of totals: JVMs)."""
        if self.totalled is not None:
            return self._totals(self.totalled)
        pairs, series = self._seen()
        if self._task.function != "count":
            self._values(pairs)
        return series

    @cached_property
    def totalled(self) -> list[Group] | None:
        """The groups of the incarnations' numbers, when they are sums over all classes."""
        function, rollup = self._task.function, self._slice.reader.rollup
        whole = self._slice.every_class and self._classes.one
        return self._plain_groups() if whole and function == "sum" and rollup in sql.TOTALLED else None

    def _group(self, jvm: int, class_: int, count: int, task: _Task) -> Group | None:
        whose = self._slice.reader.selected.jvms[int(self._jvm_at[self._jvms.examples[jvm]])]
        place = int(self._class_at[self._classes.examples[class_]])
        return task.group(lambda name: self._teller.label(whose, place, name), count)

    def _plain_groups(self) -> list[Group] | None:
        """The group of each number of incarnations, if there is nothing to warn of."""
        silent = replace(self._task, notes=Notes())
        groups = [self._group(jvm, 0, 1, silent) for jvm in range(len(self._jvms.examples))]
        known = [each for each in groups if each is not None]
        return known if len(known) == len(groups) and not silent.notes.listed() else None

    def _totals(self, groups: Sequence[Group]) -> int:
        """The sum over all classes, which each histogram's row in `snapshot` has already."""
        reader = self._slice.reader
        text = sql.totals(self._slice.metric, reader.rollup, self._jvms.expression("incarnation", "jvm"))
        bound = {"incarnations": self._slice.incarnations, "mode": self._slice.mode, **self._bound}
        found = reader.ask(text, {**bound, "low": reader.buckets.start, "high": reader.buckets.end})
        rows = np.array([self._sums.place(group) for group in groups], np.int64)
        if len(found):
            present = found["present"].astype(np.float64)
            at = rows[found["jvm_group"].astype(np.int64)]
            sums = {"series": present, "present": present, "total": found["total"].astype(np.float64)}
            self._sums.add(at, found["bucket"].astype(np.int64), sums)
        return len(self._slice.incarnations) if len(found) else 0

    def _seen(self) -> tuple[dict[tuple[int, int], int], int]:
        """The place in the sums of each pair of numbers that has series, -1 if it is left out. All series of
        a JVM have a point where it has a histogram."""
        total = 0
        counts: dict[tuple[int, int], int] = {}
        per_jvm: dict[tuple[int, int], int] = {}
        number_of = dict(zip(self._jvm_at.tolist(), self._jvms.codes.tolist(), strict=True))
        for place, class_, count in self._classes_seen():
            per_jvm[place, class_] = max(count, per_jvm.get((place, class_), 0))
        for (place, class_), count in per_jvm.items():
            pair = number_of[place], class_
            counts[pair] = counts.get(pair, 0) + count
            total += count
        rows = {}
        for pair, count in sorted(counts.items()):
            group = self._group(*pair, count, self._task)
            rows[pair] = -1 if group is None else self._sums.place(group)
        found = [(rows[number_of[place], class_], place, count) for (place, class_), count in per_jvm.items()]
        self._expect(np.array([each for each in found if each[0] >= 0], np.int64).reshape(-1, 3))
        return rows, total

    def _expect(self, found: Places) -> None:
        """(row of the sums, place of the incarnation, series): they have a point where it has a histogram."""
        some = self._slice.taken.some
        for begin in range(0, len(found), _AT_ONCE):
            rows, places, counts = found[begin : begin + _AT_ONCE].T
            self._sums.expect(rows, counts[:, None] * some[places].astype(np.float64))

    def _classes_seen(self) -> list[tuple[int, int, int]]:
        """(place of the incarnation, number of the class, classes), over both tables where both are read."""
        expression = self._classes.expression("class", "class")
        ranges = list(self._slice.ranges())
        statements, bound = [], dict(self._of_classes)
        for low, high, hours in ranges:
            rows, more = self._slice.rows(hours)
            bound |= more
            part = f"{'old' if hours else 'new'}"
            bound |= {f"low_{part}": low, f"high_{part}": high}
            rows = rows.replace("{low:", f"{{low_{part}:").replace("{high:", f"{{high_{part}:")
            statements.append(f"SELECT incarnation, class FROM ({rows})")
        found = self._slice.reader.ask(sql.classes_seen(" UNION ALL ".join(statements), expression), bound)
        if not len(found):
            return []
        places = self._slice.jvm_places(found).tolist()
        return list(zip(places, found["class_group"].tolist(), found["series"].tolist(), strict=True))

    def _values(self, pairs: dict[tuple[int, int], int]) -> None:
        function, rollup = self._task.function, self._slice.reader.rollup
        count = len(self._classes.examples)
        row_of = np.full(len(self._jvms.examples) * count, -1, np.int64)
        for (jvm, class_), row in pairs.items():
            row_of[jvm * count + class_] = row
        jvm_group = self._jvms.expression("incarnation", "jvm")
        class_group = self._classes.expression("class", "class")
        ranges = list(self._slice.ranges())
        thin = self._thins(pairs, len(ranges))
        conditions, bounds = self._task.thinning.having()
        for low, high, hours in ranges:
            rows, bound = self._slice.rows(hours)
            once = self._slice.taken.once
            text = sql.class_groups(rows, rollup, function, jvm_group, class_group, once=once, hours=hours)
            bound |= {**self._bound, **self._of_classes, "low": low, "high": high}
            if thin:
                text = sql.thinned(text, conditions, self._task.thinning.count)
                bound |= bounds
            found = self._slice.reader.ask(text, bound)
            if thin:
                self._forget(pairs, found)
            if len(found):
                numbers_ = found["jvm_group"].astype(np.int64) * count + found["class_group"].astype(np.int64)
                _take(found, row_of[numbers_], function, self._sums)

    def _thins(self, pairs: dict[tuple[int, int], int], ranges: int) -> bool:
        """Whether the engine can tell which groups are wanted: each pair is one, and all of it is read at
        once."""
        several = len(pairs) * self._slice.reader.buckets.count >= self._slice.reader.limits.fetched
        whole = ranges == 1 and -1 not in pairs.values() and len(set(pairs.values())) == len(pairs)
        return bool(self._task.thinning) and several and whole

    def _forget(self, pairs: dict[tuple[int, int], int], found: Columns) -> None:
        sent = set(zip(found["jvm_group"].tolist(), found["class_group"].tolist(), strict=True))
        rows = [row for pair, row in pairs.items() if pair not in sent]
        self._sums.forget(np.array(rows, np.int64))


def _samples(reader: Reader, task: _Task, sums: Sums) -> int:
    """The groups of metric series, which are few enough to look at each."""
    universe = reader.selected.universe
    groups: list[Group | None] = []
    for series in reader.selected.series:
        shown, hidden = labelling.of_series(universe, series)

        def label(name: str, shown: object = shown, hidden: object = hidden) -> str | None:
            found = shown.get(name)  # type: ignore[attr-defined]
            return hidden.get(name) if found is None else found  # type: ignore[attr-defined,no-any-return]

        groups.append(task.group(label, 1))
    group_numbers: Numbers = numbered(groups)
    rows = np.array(
        [
            -1 if groups[place] is None else sums.place(groups[place] or ())
            for place in group_numbers.examples.tolist()
        ],
        np.int64,
    )
    bound = group_numbers.bound("series", reader.series_ids)
    expression = group_numbers.expression("series", "series")
    some = False
    for found in reader.sample_answers(task.function, expression, **bound):
        some = True
        places = rows[found["series_group"].astype(np.int64)]
        _take(found, places, task.function, sums, counted=True)
    return len(groups) if some else 0


def _take(found: Columns, rows: Places, function: str, sums: Sums, *, counted: bool = False) -> None:
    """The engine's answer into the sums. `counted`: what it found is all there is, nothing else is 0."""
    kept = rows >= 0
    columns = {name: found[name].astype(np.float64)[kept] for name in sql.MOMENTS[function]}
    if counted:
        columns["series"] = columns.get("present", np.ones(int(kept.sum())))
    sums.add(rows[kept], found["bucket"].astype(np.int64)[kept], columns)
