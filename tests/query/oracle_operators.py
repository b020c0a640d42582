"""What each operator makes of an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oracle_expressions import condition, expression, of_points
from oracle_rows import Answer, Points, Series, Window, reduce_, rolled, without_last

from heapwatch.query import tree


def _each(change: Callable[[Any, Series, Window], Points]) -> Callable[[Any, Answer], Answer]:
    def apply(node: Any, answer: Answer) -> Answer:
        series = [replace(each, points=change(node, each, answer.window)) for each in answer.series]
        return replace(answer, series=series)

    return apply


def _aggregate(node: tree.Aggregate, answer: Answer) -> Answer:
    groups: dict[tuple[str, ...], list[Series]] = {}
    for each in answer.series:
        groups.setdefault(tuple(each.label(name.text) or "" for name in node.by), []).append(each)
    found = []
    for key, members in groups.items():
        labels = {name.text: value for name, value in zip(node.by, key, strict=True) if value}
        times = sorted({time for each in members for time in each.points})
        for rank in node.ranks or (0.0,):
            points = {
                time: reduce_(
                    [each.points[time] for each in members if time in each.points], node.function, rank
                )
                for time in times
            }
            told = {"pct": f"{rank:g}"} if len(node.ranks) > 1 else {}
            found.append(Series({**labels, **told}, {}, points))
    return replace(answer, series=found)


def captured(pattern: str, text: str) -> list[str] | None:
    """The wildcards' shares, by trying the shortest (`*`) or longest (`**`) first."""
    if not pattern:
        return [] if not text else None
    if pattern[0] == "*":
        greedy = pattern.startswith("**")
        rest = pattern.lstrip("*")
        sizes = range(len(text) + 1)
        for size in reversed(sizes) if greedy else sizes:
            after = captured(rest, text[size:])
            if after is not None:
                return [text[:size], *after]
        return None
    if not text or text[0].lower() != pattern[0].lower():
        return None
    return captured(pattern[1:], text[1:])


def _parse(node: tree.Parse, answer: Answer) -> Answer:
    found = []
    for each in answer.series:
        value = each.label(node.field.text if node.field else "_rawName")
        shares = None if value is None else captured(node.pattern.text, value)
        if shares is not None:
            new = {name.text: share for name, share in zip(node.names, shares, strict=True)}
            found.append(replace(each, shown={**each.shown, **new}))
        elif node.nodrop:
            found.append(each)
    return replace(answer, series=found)


def _ranked(answer: Answer) -> list[Series]:
    return sorted(answer.series, key=lambda each: (sorted(each.shown.items()), sorted(each.hidden.items())))


def _topk(node: tree.TopK, answer: Answer) -> Answer:
    scored = []
    for each in _ranked(answer):
        score = expression(node.score, each, None, answer.window)
        bad = score is None or math.isnan(score)
        scored.append((bad, 0.0 if score is None or bad else (score if node.bottom else -score), each))
    scored.sort(key=lambda item: item[:2])
    taken: dict[tuple[str, ...], int] = {}
    kept = []
    for _, _, each in scored:
        group = tuple(each.label(name.text) or "" for name in node.by)
        taken[group] = taken.get(group, 0) + 1
        if taken[group] <= node.n:
            kept.append(each)
    return replace(answer, series=kept)


def _where(node: tree.Where, answer: Answer) -> Answer:
    window = answer.window
    if node.occurrence is not None:
        return replace(
            answer, series=[each for each in answer.series if _occurs(node, node.occurrence, each, window)]
        )
    if not of_points(node.condition):
        kept = [each for each in answer.series if condition(node.condition, each, None, window)]
        return replace(answer, series=kept)
    return _each(
        lambda _, each, window: {
            time: value
            for time, value in each.points.items()
            if condition(node.condition, each, value, window)
        }
    )(node, answer)


def _occurs(node: tree.Where, wanted: tree.Occurrence, series: Series, window: Window) -> bool:
    width = min(window.count, max(1, -(-wanted.window_ms // window.width)))
    times = window.times
    starts = range(window.count - width + 1)
    if wanted.place != "any":
        starts = starts[:1] if wanted.place == "first" else starts[-1:]
    for start in starts:
        inside = [time for time in times[start : start + width] if time in series.points]
        good = [time for time in inside if condition(node.condition, series, series.points[time], window)]
        enough = len(good) == len(inside) if wanted.atleast is None else len(good) >= wanted.atleast
        if inside and enough:
            return True
    return False


def quantize(node: tree.Quantize, answer: Answer) -> Answer:
    width = max(node.interval_ms or answer.window.width, answer.window.width)
    if not answer.window.count:
        return replace(answer, window=replace(answer.window, width=width))
    start = answer.window.start // width * width
    count = -(-(answer.window.end - start) // width)
    last = answer.window.times[-1] // width * width
    count = (last - start) // width + 1
    window = Window(start, width, count, node.rollup or "avg")
    done = Answer(window, [replace(each, points=rolled(each.points, window)) for each in answer.series])
    return without_last(done) if node.drop_last else done


def _steps(series: Series, kind: str) -> list[tuple[int, int, float | None]]:
    """(time, time before, change), None where the kind does not look at the pair."""
    times = sorted(series.points)
    found = []
    for before, time in zip(times, times[1:], strict=False):
        change: float | None = series.points[time] - series.points[before]
        assert change is not None
        if kind == "counter" and change < 0:
            change = series.points[time]
        elif (kind == "increasing" and change <= 0) or (kind == "decreasing" and change >= 0):
            change = None
        found.append((time, before, change))
    return found


def _delta(node: tree.Delta, series: Series, _window: Window) -> Points:
    return {time: change for time, _, change in _steps(series, node.kind) if change is not None}


def _rate(node: tree.Rate, series: Series, _window: Window) -> Points:
    steps = _steps(series, node.kind)
    if node.over_ms is None:
        return {t: change / ((t - before) / 1000) for t, before, change in steps if change is not None}
    found = {}
    for time, _, _ in steps:
        inside = [step for step in steps if step[0] <= time and step[1] >= time - node.over_ms]
        if inside:
            total = math.fsum(change or 0.0 for _, _, change in inside)
            found[time] = total / ((time - inside[0][1]) / 1000)
    return found


def _accum(_node: tree.Accum, series: Series, _window: Window) -> Points:
    times = sorted(series.points)
    return {time: math.fsum(series.points[t] for t in times[: at + 1]) for at, time in enumerate(times)}


def _eval(node: tree.Eval, series: Series, window: Window) -> Points:
    found = {}
    for time, value in series.points.items():
        result = expression(node.expression, series, value, window)
        if result is not None and math.isfinite(result):
            found[time] = result
    return found


def _ewma(node: tree.Ewma, series: Series, _window: Window) -> Points:
    alpha = 2 / (node.points + 1) if node.points else (node.alpha if node.alpha is not None else 0.5)
    found: Points = {}
    mean: float | None = None
    for time in sorted(series.points):
        value = series.points[time]
        mean = value if mean is None else alpha * value + (1 - alpha) * mean
        found[time] = mean
    return found


def _timeshift(node: tree.TimeShift, answer: Answer) -> Answer:
    series = [
        replace(each, points={t + node.by_ms: v for t, v in each.points.items()}) for each in answer.series
    ]
    return Answer(replace(answer.window, start=answer.window.start + node.by_ms), series)


def _fillmissing(node: tree.FillMissing, series: Series, window: Window) -> Points:
    known = sorted(series.points)
    found = dict(series.points)
    for time in window.times:
        if time in found:
            continue
        before = [t for t in known if t < time]
        after = [t for t in known if t > time]
        if node.using == "value":
            found[time] = node.value or 0.0
        elif before and after and node.using == "last":
            found[time] = series.points[before[-1]]
        elif before and after and node.using == "interpolation":
            low, high = before[-1], after[0]
            share = (time - low) / (high - low)
            found[time] = series.points[low] + share * (series.points[high] - series.points[low])
    return found


def _outlier(node: tree.Outlier, series: Series, window: Window) -> Points:
    times = sorted(series.points)
    found = {}
    length = node.window_ms
    if length is None and node.window is None:
        length = max(300_000, 5 * window.width)
    for at, time in enumerate(times):
        if length is not None:
            before = [series.points[t] for t in times[:at] if t >= time - length]
        else:
            before = [series.points[t] for t in times[max(0, at - (node.window or 0)) : at]]
        if len(before) < 2:
            continue
        mean = math.fsum(before) / len(before)
        margin = node.threshold * reduce_(before, "stddev")
        value = series.points[time]
        if ("+" in node.direction and value > mean + margin) or (
            "-" in node.direction and value < mean - margin
        ):
            found[time] = value
    return found


@dataclass(frozen=True)
class StraightLine:
    """value(t) = height + slope * (t - centre), in seconds, and what a confidence band is made of."""

    centre: float
    height: float
    slope: float
    points: int
    noise: float
    spread: float

    def at(self, seconds: float) -> float:
        return self.height + self.slope * (seconds - self.centre)

    def margin(self, seconds: float, quantile: float) -> float:
        away = (seconds - self.centre) ** 2 / self.spread
        return quantile * math.sqrt(self.noise * (1 / self.points + away))


def straight_line(points: Mapping[int, float], model: str) -> StraightLine | None:
    """Least squares, or Theil and Sen's: the median slope of all pairs. None for fewer than three points."""
    if len(points) < 3:
        return None
    seconds = [time / 1000 for time in sorted(points)]
    values = [points[time] for time in sorted(points)]
    count = len(values)
    if model == "theil-sen":
        pairs = [(one, two) for one in range(count) for two in range(one + 1, count)]
        slope = _median([(values[two] - values[one]) / (seconds[two] - seconds[one]) for one, two in pairs])
        centre = _median(seconds)
        height = _median([v - slope * (s - centre) for s, v in zip(seconds, values, strict=True)])
        return StraightLine(centre, height, slope, count, 0.0, 1.0)
    centre, height = math.fsum(seconds) / count, math.fsum(values) / count
    spread = math.fsum((s - centre) ** 2 for s in seconds)
    slope = math.fsum((s - centre) * (v - height) for s, v in zip(seconds, values, strict=True)) / spread
    errors = [v - height - slope * (s - centre) for s, v in zip(seconds, values, strict=True)]
    return StraightLine(centre, height, slope, count, math.fsum(e * e for e in errors) / (count - 2), spread)


def _median(values: Sequence[float]) -> float:
    return reduce_(values, "pct", 50.0)


def _predict(node: tree.Predict, answer: Answer) -> Answer:
    window = answer.window
    if node.forecast_ms is None and node.until is not None:
        return answer
    ahead = node.forecast_ms or max(window.width, (window.end - window.start) // 4)
    count = -(-ahead // window.width)
    future = [window.end + window.width * place for place in range(count)]
    found = []
    for each in answer.series:
        line = straight_line(each.points, node.model)
        more = {time: line.at(time / 1000) for time in future} if line else {}
        found.append(replace(each, points={**each.points, **more}))
    return Answer(replace(window, count=window.count + count), found)


OPERATORS: dict[type, Callable[[Any, Answer], Answer]] = {
    tree.Aggregate: _aggregate,
    tree.Parse: _parse,
    tree.TopK: _topk,
    tree.Where: _where,
    tree.Quantize: quantize,
    tree.Rate: _each(_rate),
    tree.Delta: _each(_delta),
    tree.Accum: _each(_accum),
    tree.Eval: _each(_eval),
    tree.Ewma: _each(_ewma),
    tree.TimeShift: _timeshift,
    tree.FillMissing: _each(_fillmissing),
    tree.Outlier: _each(_outlier),
    tree.Predict: _predict,
}
