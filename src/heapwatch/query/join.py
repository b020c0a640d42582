"""Rows calculated with one another: `#A / #B * 100 along host as share`.

Rows are brought to the widest interval of them first, and to the times they share. Then series go together
whose labels are equal: those named by `along`, else all that an answer shows but `metric`, and the JVM's
life. Of each such group at most one row may have several series; the others' one goes with each of them.
So `#B + 0 * #A along host` keeps of #B what #A has. A row that is a single series without labels goes with
every series. What comes out has the labels of all its parts, but those in which they differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.expressions import arithmetic
from heapwatch.query.frame import Frame, Values
from heapwatch.query.notes import Notes
from heapwatch.query.operators import quantize
from heapwatch.query.operators.eval import DROPPED
from heapwatch.query.plan import said

Key = tuple[Any, ...]
METRIC = "metric"
NO_PARTNER = "series of #{} left out because they have no partner"


def join(node: tree.Join, rows: Mapping[str, Frame], notes: Notes, text: str) -> Frame:
    """The arithmetic of a join over the frames of its rows."""
    letters = list(dict.fromkeys(_letters(node.expression)))
    frames = _aligned({letter: rows[letter] for letter in letters}, notes)
    names = [name.text for name in node.along]
    tuples = _Matching(node, frames, names, notes, text).tuples()
    return _calculated(node, frames, tuples, notes)


def _letters(expression: tree.Expression) -> Iterable[str]:
    if isinstance(expression, tree.RowRef):
        yield expression.letter
    elif isinstance(expression, tree.Binary):
        yield from _letters(expression.left)
        yield from _letters(expression.right)
    elif isinstance(expression, tree.Negative):
        yield from _letters(expression.operand)


def _aligned(frames: Mapping[str, Frame], notes: Notes) -> dict[str, Frame]:
    """All to the widest interval, and to the times from the first that one has to the last."""
    width = max(frame.interval for frame in frames.values())
    wide = {}
    for letter, frame in frames.items():
        if frame.interval < width:
            rollup = frame.rollup if frame.rollup in ("avg", "min", "max", "sum") else "avg"
            notes.add(
                f"#{letter} is brought from {said(frame.interval)} to {said(width)} (using {rollup}) "
                "to calculate with it"
            )
            frame = quantize.apply(tree.Quantize(width, rollup), frame, notes)
        wide[letter] = frame
    times = np.unique(np.concatenate([frame.times for frame in wide.values()]))
    return {letter: _at(frame, times) for letter, frame in wide.items()}


def _at(frame: Frame, times: Any) -> Frame:
    if np.array_equal(frame.times, times):
        return frame
    values = np.full((len(frame), len(times)), np.nan)
    values[:, np.searchsorted(times, frame.times)] = frame.values
    return frame.with_values(values, times)


@dataclass(frozen=True)
class _Matching:
    """Which series of the rows go together: for each result, the place of its part in every row."""

    node: tree.Join
    frames: Mapping[str, Frame]
    along: Sequence[str]
    notes: Notes
    text: str

    def tuples(self) -> list[dict[str, int]]:
        everywhere = {
            letter: 0
            for letter, frame in self.frames.items()
            if len(self.frames) > 1 and not self.along and len(frame) == 1 and not frame.labels[0]
        }
        if len(everywhere) == len(self.frames):
            return [everywhere]
        grouped = {
            letter: self._grouped(frame) for letter, frame in self.frames.items() if letter not in everywhere
        }
        common = set.intersection(*(set(groups) for groups in grouped.values()))
        for letter, groups in grouped.items():
            alone = sum(len(places) for key, places in groups.items() if key not in common)
            self.notes.add(NO_PARTNER.format(letter), alone)
        first = next(iter(grouped.values()))
        found = []
        for key in (key for key in first if key in common):
            together = {letter: groups[key] for letter, groups in grouped.items()}
            for each in [together] if self.along else self._by_life(together):
                found += self._product(each)
        return [{**each, **everywhere} for each in found]

    def _grouped(self, frame: Frame) -> dict[Key, list[int]]:
        groups: dict[Key, list[int]] = {}
        for series in range(len(frame)):
            groups.setdefault(self._key(frame, series), []).append(series)
        return groups

    def _key(self, frame: Frame, series: int) -> Key:
        if self.along:
            return tuple(frame.label(series, name) or "" for name in self.along)
        return tuple(sorted((k, v) for k, v in frame.labels[series].items() if k != METRIC))

    def _product(self, places: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
        several = [letter for letter, each in places.items() if len(each) > 1]
        if len(several) > 1:
            raise self._ambiguous(several, places[several[0]][0])
        single = {letter: each[0] for letter, each in places.items()}
        if not several:
            return [single]
        return [{**single, several[0]: place} for place in places[several[0]]]

    def _by_life(self, places: Mapping[str, Sequence[int]]) -> list[dict[str, list[int]]]:
        """Series with equal labels by the life of the JVM they come from; what comes from none (an
        aggregate) goes with each."""
        by_life: dict[str, dict[Key, list[int]]] = {}
        shared: dict[str, list[int]] = {}
        for letter, each in places.items():
            for place in each:
                life = self.frames[letter].label(place, "pid"), self.frames[letter].label(place, "started")
                if life == (None, None):
                    shared.setdefault(letter, []).append(place)
                else:
                    by_life.setdefault(letter, {}).setdefault(life, []).append(place)
        if not by_life:
            return [shared]
        common = set.intersection(*(set(lives) for lives in by_life.values()))
        for letter, lives in by_life.items():
            alone = sum(len(each) for life, each in lives.items() if life not in common)
            self.notes.add(NO_PARTNER.format(letter), alone)
        return [
            {**{letter: lives[life] for letter, lives in by_life.items()}, **shared}
            for life in sorted(common, key=str)
        ]

    def _ambiguous(self, letters: Sequence[str], place: int) -> QueryError:
        told = " and ".join(f"#{letter}" for letter in letters)
        key = self._key(self.frames[letters[0]], place)
        shown = (
            ", ".join(f"{name}={value}" for name, value in zip(self.along, key, strict=False))
            or "the same labels"
        )
        span = self.node.along[0].span if self.node.along else self.node.expression.span
        return QueryError(
            f"{told} have several series each with {shown}",
            self.text,
            span,
            hint="name more labels after along, or sum them first",
        )


def _calculated(
    node: tree.Join, frames: Mapping[str, Frame], tuples: Sequence[Mapping[str, int]], notes: Notes
) -> Frame:
    first = next(iter(frames.values()))
    parts = {
        letter: frame.values[[each[letter] for each in tuples]] if tuples else frame.values[:0]
        for letter, frame in frames.items()
    }
    there = np.logical_and.reduce([~np.isnan(values) for values in parts.values()])
    with np.errstate(all="ignore"):
        values = np.broadcast_to(_value(node.expression, parts), there.shape)
    good = there & np.isfinite(values)
    notes.add(DROPPED, int((there & ~good).sum()))
    labels, hidden = [], []
    for each in tuples:
        merged = _agreed([frames[letter].labels[place] for letter, place in each.items()])
        if node.alias is not None:
            merged[METRIC] = node.alias
        labels.append(merged)
        hidden.append(_agreed([dict(frames[letter].hidden[place]) for letter, place in each.items()]))
    return replace(first, labels=labels, hidden=hidden, values=np.where(good, values, np.nan)).known()


def _agreed(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    against: set[str] = set()
    for labels in several:
        for name, value in labels.items():
            if merged.setdefault(name, value) != value:
                against.add(name)
    return {name: value for name, value in merged.items() if name not in against}


def _value(expression: tree.Expression, parts: Mapping[str, Values]) -> Values:
    if isinstance(expression, tree.RowRef):
        return parts[expression.letter]
    if isinstance(expression, tree.Number):
        return np.array([[expression.value]])
    if isinstance(expression, tree.Negative):
        return -_value(expression.operand, parts)
    if isinstance(expression, tree.Binary):
        left, right = _value(expression.left, parts), _value(expression.right, parts)
        return arithmetic(expression.operator, left, right)
    raise TypeError(f"{expression} does not stand in a join")
