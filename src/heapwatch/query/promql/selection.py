"""Which series the matchers of a selector mean.

Class samples are (incarnations x classes) of a metric and a mode; a matcher speaks of one of these four, so a
selector is one such product for each metric and mode that fits. Histograms of mode `live` are other numbers
than those of mode `all`: where no matcher speaks of `mode`, it is `all`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from heapwatch.query.promql.matching import test
from heapwatch.query.promql.naming import JvmLabels, label_name, metric_name
from heapwatch.query.promql.tree import NAME, Matcher
from heapwatch.query.universe import (
    METRICS,
    MODES,
    RAW_NAME,
    Mask,
    Universe,
    incarnation_labels,
    universe_of,
)
from heapwatch.store.dimensions import NOBODY, Incarnation, Names, Series

OF_CLASS = ("class", "package")


@dataclass(frozen=True)
class ClassPick:
    """Class samples of one metric and mode."""

    metric: str
    mode: str
    jvms: Sequence[Incarnation]
    classes: Mask  # over the universe's classes

    @property
    def every_class(self) -> bool:
        return bool(self.classes.all())


@dataclass(frozen=True)
class Picked:
    """What a selector means in one store; `raw` says that names are shown as they are."""

    universe: Universe
    classes: Sequence[ClassPick]
    series: Sequence[Series]
    jvm_labels: JvmLabels
    raw: bool


def pick(names: Names, matchers: Sequence[Matcher], from_: int, to: int) -> Picked:
    """The series among what was heard of in [from, to]."""
    universe = universe_of(names)
    jvms = universe.alive(from_, to + 1)
    return Picked(
        universe,
        _classes(universe, jvms, matchers),
        _series(universe, jvms, matchers),
        JvmLabels(universe),
        any(
            each.label == NAME and each.sign == "=" and metric_name(each.value) != each.value
            for each in matchers
        ),
    )


def _name_test(matcher: Matcher) -> Callable[[str], bool]:
    """Of a name as it is: it fits when either form does, and is not meant when either is excluded."""
    fits = test(matcher)
    if matcher.sign in ("=", "=~"):
        return lambda name: fits(name) or fits(metric_name(name))
    return lambda name: fits(name) and fits(metric_name(name))


def _classes(universe: Universe, jvms: Sequence[Incarnation], matchers: Sequence[Matcher]) -> list[ClassPick]:
    metrics, modes = list(METRICS), list(MODES[:1])
    if any(each.label == "mode" for each in matchers):
        modes = list(MODES)
    count = len(universe.class_ids)
    classes: Mask = np.ones(count, np.bool_)
    left = list(jvms)
    for each in matchers:
        if each.label == NAME:
            fits = _name_test(each)
            metrics = [metric for metric in metrics if fits(metric)]
        elif each.label == "mode":
            modes = [mode for mode in modes if test(each)(mode)]
        elif each.label in OF_CLASS:
            for _, column in universe.classes.named(each.label):
                classes = classes & column.fits(test(each), count)[0]
        else:
            fits = test(each)
            left = [jvm for jvm in left if fits(jvm_label(jvm, each.label))]
        if not (metrics and modes and left):
            return []
    if not classes.any():
        return []
    return [ClassPick(metric, mode, left, classes) for metric in metrics for mode in modes]


def jvm_label(jvm: Incarnation, label: str) -> str:
    """A label of a JVM, also one that answers do not have."""
    known = incarnation_labels(jvm)
    if label in known:
        return known[label]
    return next((value for name, value in known.items() if label_name(name) == label), "")


def _series(universe: Universe, jvms: Sequence[Incarnation], matchers: Sequence[Matcher]) -> list[Series]:
    count = len(universe.series)
    if not count:
        return []
    owners = universe.incarnations_of_series()[:count]
    alive = np.array([each.id for each in jvms], np.uint64)
    mask: Mask = (owners == NOBODY) | np.isin(owners, alive)
    for each in matchers:
        if not mask.any():
            return []
        if each.label == NAME:
            column = universe.series_labels.columns[RAW_NAME]
            mask = mask & column.fits(_name_test(each), count)[0]
        else:
            mask = mask & _label_mask(universe, jvms, owners, each, count)
    return [universe.series[place] for place in np.flatnonzero(mask).tolist()]


def _label_mask(
    universe: Universe,
    jvms: Sequence[Incarnation],
    owners: np.ndarray[tuple[int], np.dtype[np.uint64]],
    matcher: Matcher,
    count: int,
) -> Mask:
    """A tag goes before the JVM's label of that name."""
    fits = test(matcher)
    ours = np.array([each.id for each in jvms if fits(jvm_label(each, matcher.label))], np.uint64)
    mask: Mask = np.isin(owners, ours)
    if fits(""):
        mask = mask | (owners == NOBODY)
    for name, column in universe.series_labels.columns.items():
        if label_name(name) != matcher.label or _built_in(name):
            continue
        hit, has = column.fits(fits, count)
        empty = np.zeros(count, np.bool_)
        if "" in column.values:
            empty = column.fits(lambda value: value == "", count)[0]
        mask = np.where(has & ~empty, hit, mask)
    return mask


def _built_in(name: str) -> bool:
    return name in ("metric", RAW_NAME) or (name[:1] == "_" and name[1:].isdigit())
