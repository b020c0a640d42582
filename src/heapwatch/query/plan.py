"""Before anything is read: how much there is, how far apart it lies, and so which buckets to read it into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heapwatch.query import sql
from heapwatch.query.limits import Limits
from heapwatch.query.notes import Notes
from heapwatch.query.select import Selected
from heapwatch.query.universe import METRICS, MODES, Mask
from heapwatch.store.native import Columns
from heapwatch.store.reads.intervals import AIM, STEPS_S, Buckets
from heapwatch.store.reads.parts import Parts

HOUR_MS = 3_600_000
APART = 1.5
"""Buckets are at least this many times as wide as histograms are apart, or sums over JVMs would saw."""


@dataclass(frozen=True)
class Extent:
    """What a selection has in a range: histograms of each of its JVMs (a column a mode), and samples."""

    taken: NDArray[np.int64]
    rows: NDArray[np.int64]  # class samples in those
    hours: NDArray[np.int64]  # in how many hours they are
    distances_ms: NDArray[np.float64]  # usual distance of points, one a JVM or metric series
    samples: int
    hourly: bool  # what is summed up by the hour is read so

    def points(self, selected: Selected, rollup: str) -> int:
        """Points that reading the selection takes, at most."""
        return self.samples + int(self.points_by_jvm(selected, rollup).sum())

    def points_by_jvm(self, selected: Selected, rollup: str) -> NDArray[np.int64]:
        """Class samples alone, by JVM."""
        total = np.zeros(len(selected.jvms), np.int64)
        for product in selected.products:
            for place in np.flatnonzero(product.metrics).tolist():
                by_hour = self.hourly and sql.has_hours(METRICS[place], rollup)
                for mode in np.flatnonzero(product.modes).tolist():
                    some = self._rows(mode, product.classes, by_hour)
                    total += np.where(product.jvms, some, 0)
        return total

    def _rows(self, mode: int, classes: Mask, by_hour: bool) -> NDArray[np.int64]:
        taken, rows = self.taken[:, mode], self.rows[:, mode]
        if by_hour:  # a row an hour instead of one a histogram
            rows = rows * self.hours[:, mode] // np.maximum(taken, 1)
            taken = self.hours[:, mode]
        return rows if classes.all() else np.minimum(rows, taken * int(classes.sum()))

    def histograms(self, selected: Selected) -> int:
        """How many histograms' totals there are, and metric samples."""
        total = self.samples
        for product in selected.products:
            total += int(self.taken[product.jvms][:, product.modes].sum()) * int(product.metrics.sum())
        return total


def extent(parts: Parts, selected: Selected, low: int, high: int, limits: Limits, *, hourly: bool) -> Extent:
    """Ask the small tables; of metric series the samples themselves are counted, or their hours."""
    shape = len(selected.jvms), len(MODES)
    taken, rows, hours = (np.zeros(shape, np.int64) for _ in range(3))
    distances: list[NDArray[np.float64]] = []
    bound = {"low": low, "high": high}
    if selected.products:
        places = {each.id: place for place, each in enumerate(selected.jvms)}
        wanted = np.logical_or.reduce([product.jvms for product in selected.products])
        ids = [selected.jvms[place].id for place in np.flatnonzero(wanted).tolist()]
        found = parts.query(sql.STATS, {**bound, "incarnations": ids}, limits.engine)
        at = [places[id_] for id_ in found["incarnation"].tolist()]
        taken[at, found["mode"]] = found["taken"]
        rows[at, found["mode"]] = found["rows"]
        hours[at, found["mode"]] = found["hours"]
        distances.append(_distances(found))
    samples = 0
    if selected.series:
        ids = [each.id for each in selected.series]
        text = sql.SAMPLE_HOUR_STATS if hourly else sql.SAMPLE_STATS
        found = parts.query(text, {**bound, "series": ids}, limits.engine)
        samples = int(found["taken"].sum())
        distances.append(_distances(found))
    between = np.concatenate(distances) if distances else np.empty(0)
    return Extent(taken, rows, hours, between, samples, hourly)


def _distances(found: Columns) -> NDArray[np.float64]:
    several = found["taken"] > 1
    first, last, taken = (found[name][several].astype(np.float64) for name in ("first", "last", "taken"))
    distances: NDArray[np.float64] = (last - first) / (taken - 1)
    return distances


def default_interval(span_ms: int, distances_ms: NDArray[np.float64]) -> int:
    """About 300 buckets, and none finer than the data.

    Nine of ten series have a point in each bucket then, so that their sum does not saw.
    """
    wanted = span_ms / 1000 / AIM
    if len(distances_ms):
        wanted = max(wanted, float(np.quantile(distances_ms, 0.9, method="lower")) * APART / 1000)
    step = next((step for step in STEPS_S if step >= wanted), None)
    if step is None:
        step = STEPS_S[-1] * -(-int(wanted) // STEPS_S[-1])
    return step * 1000


def buckets(from_: int, to: int, interval_ms: int, limits: Limits, notes: Notes) -> Buckets:
    """Buckets over a range, aligned to the clock; wider ones than asked when there would be too many."""
    width = interval_ms
    most = limits.length - 1  # a range that is not aligned takes one more
    if (to - from_) > width * most:
        least = -(-(to - from_) // most)
        step = next((step * 1000 for step in STEPS_S if step * 1000 >= least), None)
        width = step or STEPS_S[-1] * 1000 * -(-least // (STEPS_S[-1] * 1000))
        notes.add(
            f"{said(interval_ms)} buckets would be more than {limits.length} points a series; "
            f"they are {said(width)} wide"
        )
    start = from_ - from_ % width
    return Buckets(start, width, max(1, -(-(to - start) // width)))


def said(ms: int) -> str:
    """`90000` as `90s`; as people write durations."""
    for unit, size in (("d", 86_400_000), ("h", HOUR_MS), ("m", 60_000), ("s", 1000)):
        if ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def only_live(extent_: Extent, selected: Selected, mode: str) -> int:
    """JVMs that a default left without histograms, although they have some of the other mode."""
    if selected.mode_given or not selected.products:
        return 0
    wanted = np.logical_or.reduce([product.jvms for product in selected.products])
    ours = MODES.index(mode) if mode in MODES else 0
    return int((wanted & (extent_.taken[:, ours] == 0) & (extent_.taken[:, 1 - ours] > 0)).sum())


def metrics_of(selected: Selected) -> Sequence[tuple[int, int]]:
    """The (metric, mode) pairs that its products have, by place."""
    found = {
        (metric, mode)
        for product in selected.products
        for metric in range(len(METRICS))
        for mode in range(len(MODES))
        if product.metrics[metric] and product.modes[mode]
    }
    return sorted(found)
