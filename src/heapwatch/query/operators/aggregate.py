"""`sum`, `avg`, `min`, `max`, `count`, `stddev`, `pct(95)`, each with `by label, label`.

At each time over the series that have a point there; a group without any has none. Only the `by` labels
stay. A series without a `by` label is in the group where that label is empty, with a warning. `count`
counts series. `pct` with several ranks gives a series for each, told apart by the label `pct`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from heapwatch.query import tree
from heapwatch.query.expressions import deviation, percentile
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes

Group: TypeAlias = tuple[str, ...]


def apply(node: tree.Aggregate, frame: Frame, notes: Notes) -> Frame:
    names = [name.text for name in node.by]
    groups: dict[Group, list[int]] = {}
    for series in range(len(frame)):
        values = [frame.label(series, name) for name in names]
        warn_missing(names, values, 1, notes)
        groups.setdefault(tuple(value or "" for value in values), []).append(series)
    labels: list[dict[str, str]] = []
    rows = [np.empty((0, len(frame.times)))]
    for group in sorted(groups):
        rows.append(_together(node, frame.values[groups[group]]))
        labels += [group_labels(names, group, rank) for rank in told_ranks(node)]
    return replace(frame, labels=labels, hidden=[{}] * len(labels), values=np.concatenate(rows))


def warn_missing(names: Sequence[str], values: Iterable[str | None], count: int, notes: Notes) -> None:
    """Count series that lack a label they are grouped by."""
    for name, value in zip(names, values, strict=True):
        if value is None:
            notes.add(f"series without the label {name} are in the group with an empty one", count)


def told_ranks(node: tree.Aggregate) -> list[str | None]:
    """What the label `pct` says of each series of a group; None when there is no such label."""
    return [f"{rank:g}" for rank in node.ranks] if len(node.ranks) > 1 else [None]


def group_labels(names: Sequence[str], group: Group, rank: str | None = None) -> dict[str, str]:
    """The labels of a group; one that is empty is not there."""
    labels = {name: value for name, value in zip(names, group, strict=True) if value}
    return labels if rank is None else {**labels, "pct": rank}


def _together(node: tree.Aggregate, values: Values) -> Values:
    none = np.isnan(values).all(axis=0)
    if node.function == "pct":
        return percentile(values, node.ranks, axis=0)
    if node.function == "stddev":
        return deviation(values, axis=0)[None]
    count = (~np.isnan(values)).sum(axis=0)
    with np.errstate(all="ignore"):
        found = {
            "sum": lambda: np.nansum(values, axis=0),
            "count": lambda: count.astype(np.float64),
            "avg": lambda: np.nansum(values, axis=0) / count,
            "min": lambda: np.fmin.reduce(values, axis=0),
            "max": lambda: np.fmax.reduce(values, axis=0),
        }[node.function]()
    return np.where(none, np.nan, found)[None]
