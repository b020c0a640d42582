"""What a metric query must answer, worked out point by point in plain Python over the raw data.

It shares the tree with the engine, and nothing else: no numpy, no SQL, no pattern code. A series is a dict of
labels, a dict of hidden labels, and points by time. It is slow and obvious.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oracle_expressions import arithmetic, letters_of
from oracle_operators import OPERATORS, quantize
from oracle_rows import Answer, Histo, Line, Series, Window, rolled, without_last
from oracle_selection import fits, keys, path_labels

from heapwatch.query import tree


class Oracle:
    def __init__(self, histos: Sequence[Histo], lines: Sequence[Line]) -> None:
        self.histos = histos
        self.lines = lines

    def run(self, script: tree.Script, from_: int, to: int, width: int) -> dict[str, Answer]:
        self._rows = {row.letter: row.body for row in script.rows}
        self._from, self._to, self._width = from_, to, width
        return {letter: self._row(letter, 0) for letter in self._rows}

    def _row(self, letter: str, shift: int) -> Answer:
        body = self._rows[letter]
        operators = list(body.operators)
        inner = shift + sum(each.by_ms for each in operators if isinstance(each, tree.TimeShift))
        if isinstance(body, tree.Join):
            answer = self._join(body, inner)
        elif isinstance(body.source, tree.RowRef):
            answer = self._row(body.source.letter, inner)
        else:
            first = tree.Quantize()
            if operators and isinstance(operators[0], tree.Quantize):
                first = operators.pop(0)
            answer = self._read(body.source, first, inner)
        for operator in operators:
            done = OPERATORS[type(operator)](operator, answer)
            answer = replace(done, series=[each for each in done.series if each.points])
        return answer

    # ---- reading

    def _read(self, selector: tree.Selector, first: tree.Quantize, shift: int) -> Answer:
        width = first.interval_ms or self._width
        start = self._from // width * width
        count = -(-(self._to - start) // width)
        window = Window(start - shift, width, count, first.rollup or "avg")
        raw = [*self._class_series(window, "mode" in keys(selector)), *self._plain_series(window)]
        chosen = [each for each in raw if fits(selector, {**each.hidden, **each.shown})]
        series = [replace(each, points=rolled(each.points, window)) for each in chosen]
        answer = Answer(window, [each for each in series if each.points])
        return without_last(answer) if first.drop_last else answer

    def _class_series(self, window: Window, every_mode: bool) -> list[Series]:
        lives: dict[tuple[Any, ...], list[Histo]] = {}
        labels: dict[tuple[Any, ...], dict[str, str]] = {}
        for each in self.histos:
            who = each.host, each.jvm, each.pid, each.started
            labels.setdefault(who, {}).update(each.labels)
            if window.start <= each.time < window.end and (every_mode or each.mode == "all"):
                lives.setdefault((*who, each.mode), []).append(each)
        found = []
        for (host, jvm, pid, started, mode), histos in lives.items():
            ours = labels[host, jvm, pid, started]
            for name in {name for each in histos for name in each.classes}:
                for metric, kind, at in (("heap.instances", "count", 0), ("heap.bytes", "size", 1)):
                    points = {each.time: float(each.classes.get(name, (0, 0))[at]) for each in histos}
                    path = f"{host.replace('.', '%2E')}.{kind}.{name}"
                    shown = {**ours, "host": host, "jvm": jvm, "metric": metric, "class": name, "mode": mode}
                    package = name.rpartition(".")[0]
                    hidden = {"pid": str(pid), "started": str(started), "package": package}
                    found.append(Series(shown, {**hidden, **path_labels(path)}, points))
        return found

    def _plain_series(self, window: Window) -> list[Series]:
        known = {(each.host, each.jvm, each.pid, each.started): each.labels for each in self.histos}
        found = []
        for line in self.lines:
            points = {time: value for time, value in line.points.items() if window.start <= time < window.end}
            tags = dict(line.tags)
            if "host" in tags and "jvm" in tags:
                who = tags["host"], tags["jvm"], int(tags.get("pid", 0)), int(tags.get("started", 0))
                hidden = {"pid": str(who[2]), "started": str(who[3]), **path_labels(line.metric)}
                own = {name: value for name, value in tags.items() if name not in ("pid", "started")}
                shown = {**known.get(who, {}), **own, "metric": line.metric}
            elif tags or "." not in line.metric:
                hidden, shown = path_labels(line.metric), {**tags, "metric": line.metric}
            else:
                hidden = path_labels(line.metric)
                shown = {"metric": line.metric.split(".")[-1], "_rawName": line.metric}
            found.append(Series(shown, hidden, points))
        return found

    # ---- joins

    def _join(self, body: tree.Join, shift: int) -> Answer:
        letters = list(dict.fromkeys(letters_of(body.expression)))
        answers = {letter: self._row(letter, shift) for letter in letters}
        width = max(each.window.width for each in answers.values())
        for letter, each in answers.items():
            if each.window.width < width:
                rollup = each.window.rollup
                rollup = rollup if rollup in ("avg", "min", "max", "sum") else "avg"
                answers[letter] = quantize(tree.Quantize(width, rollup), each)
        names = [name.text for name in body.along]
        found = []
        for parts in _tuples(letters, answers, names):
            points = {}
            for time in set.intersection(*(set(part.points) for part in parts.values())):
                value = arithmetic(body.expression, {k: part.points[time] for k, part in parts.items()})
                if value is not None and math.isfinite(value):
                    points[time] = value
            shown = _agreed([part.shown for part in parts.values()])
            if body.alias is not None:
                shown["metric"] = body.alias
            if points:
                found.append(Series(shown, _agreed([part.hidden for part in parts.values()]), points))
        first = next(iter(answers.values())).window
        starts = [time for each in answers.values() for time in each.window.times]
        if not starts:
            return Answer(replace(first, count=0), [])
        window = replace(first, start=min(starts), count=(max(starts) - min(starts)) // width + 1)
        return Answer(window, found)


def at_instant(histos: Sequence[Histo], moment: int, look_ms: int) -> dict[tuple[Any, ...], Histo]:
    """The newest histogram of each life and mode at a moment."""
    found: dict[tuple[Any, ...], Histo] = {}
    for each in sorted(histos, key=lambda each: each.time):
        if moment - look_ms < each.time <= moment:
            found[each.host, each.jvm, each.pid, each.started, each.mode] = each
    return found


def _agreed(several: Sequence[Mapping[str, str]]) -> dict[str, str]:
    names = {name for labels in several for name in labels}
    values = {name: {labels[name] for labels in several if name in labels} for name in names}
    return {name: next(iter(each)) for name, each in values.items() if len(each) == 1}


def _tuples(
    letters: Sequence[str], answers: Mapping[str, Answer], along: Sequence[str]
) -> list[dict[str, Series]]:
    """Every choice of one series a row whose labels are equal."""
    everywhere = {
        letter
        for letter in letters
        if len(letters) > 1 and not along and len(answers[letter].series) == 1
        and not answers[letter].series[0].shown
    }  # fmt: skip

    def key(each: Series) -> tuple[Any, ...]:
        if along:
            return tuple(each.label(name) or "" for name in along)
        return tuple(sorted((k, v) for k, v in each.shown.items() if k != "metric"))

    def life(each: Series) -> tuple[Any, ...]:
        return each.label("pid"), each.label("started")

    found: list[dict[str, Series]] = [{}]
    for letter in letters:
        found = [{**parts, letter: each} for parts in found for each in answers[letter].series]
    kept = []
    for parts in found:
        bound = [each for letter, each in parts.items() if letter not in everywhere]
        lives = {life(each) for each in bound if each.label("started") is not None}
        if len({key(each) for each in bound}) <= 1 and (along or len(lives) <= 1):
            kept.append(parts)
    return kept
