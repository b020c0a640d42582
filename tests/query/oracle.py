"""What a metric query must answer, worked out point by point in plain Python over the raw data.

It shares the tree with the engine, and nothing else: no numpy, no SQL, no pattern code. A series is a dict of
labels, a dict of hidden labels, and points by time. It is slow and obvious.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from heapwatch.query import tree

Points = dict[int, float]


@dataclass(frozen=True)
class Histo:
    """A raw histogram: instances and bytes by class."""

    host: str
    jvm: str
    pid: int
    started: int
    time: int
    mode: str
    classes: Mapping[str, tuple[int, int]]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """A raw series of a plain metric; of a JVM when host and jvm are in its tags."""

    metric: str
    tags: Mapping[str, str]
    points: Mapping[int, float]


@dataclass(frozen=True)
class Series:
    shown: Mapping[str, str]
    hidden: Mapping[str, str]
    points: Mapping[int, float]

    def label(self, name: str) -> str | None:
        return self.shown.get(name, self.hidden.get(name))

    def values(self) -> list[float]:
        return [self.points[time] for time in sorted(self.points)]


@dataclass(frozen=True)
class Window:
    start: int
    width: int
    count: int
    rollup: str

    @property
    def times(self) -> list[int]:
        return [self.start + self.width * place for place in range(self.count)]

    @property
    def end(self) -> int:
        return self.start + self.width * self.count


@dataclass(frozen=True)
class Answer:
    window: Window
    series: Sequence[Series]


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
            done = _OPERATORS[type(operator)](operator, answer)
            answer = replace(done, series=[each for each in done.series if each.points])
        return answer

    # ---- reading

    def _read(self, selector: tree.Selector, first: tree.Quantize, shift: int) -> Answer:
        width = first.interval_ms or self._width
        start = self._from // width * width
        count = -(-(self._to - start) // width)
        window = Window(start - shift, width, count, first.rollup or "avg")
        raw = [*self._class_series(window, "mode" in _keys(selector)), *self._plain_series(window)]
        chosen = [each for each in raw if _fits(selector, {**each.hidden, **each.shown})]
        series = [replace(each, points=_rolled(each.points, window)) for each in chosen]
        answer = Answer(window, [each for each in series if each.points])
        return _without_last(answer) if first.drop_last else answer

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
                    found.append(Series(shown, {**hidden, **_path(path)}, points))
        return found

    def _plain_series(self, window: Window) -> list[Series]:
        known = {(each.host, each.jvm, each.pid, each.started): each.labels for each in self.histos}
        found = []
        for line in self.lines:
            points = {time: value for time, value in line.points.items() if window.start <= time < window.end}
            tags = dict(line.tags)
            if "host" in tags and "jvm" in tags:
                who = tags["host"], tags["jvm"], int(tags.get("pid", 0)), int(tags.get("started", 0))
                hidden = {"pid": str(who[2]), "started": str(who[3]), **_path(line.metric)}
                own = {name: value for name, value in tags.items() if name not in ("pid", "started")}
                shown = {**known.get(who, {}), **own, "metric": line.metric}
            elif tags or "." not in line.metric:
                hidden, shown = _path(line.metric), {**tags, "metric": line.metric}
            else:
                hidden = _path(line.metric)
                shown = {"metric": line.metric.split(".")[-1], "_rawName": line.metric}
            found.append(Series(shown, hidden, points))
        return found

    # ---- joins

    def _join(self, body: tree.Join, shift: int) -> Answer:
        letters = list(dict.fromkeys(_letters(body.expression)))
        answers = {letter: self._row(letter, shift) for letter in letters}
        width = max(each.window.width for each in answers.values())
        for letter, each in answers.items():
            if each.window.width < width:
                rollup = each.window.rollup
                rollup = rollup if rollup in ("avg", "min", "max", "sum") else "avg"
                answers[letter] = _quantize(tree.Quantize(width, rollup), each)
        names = [name.text for name in body.along]
        found = []
        for parts in _tuples(letters, answers, names):
            points = {}
            for time in set.intersection(*(set(part.points) for part in parts.values())):
                value = _arithmetic(body.expression, {k: part.points[time] for k, part in parts.items()})
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


def _path(path: str) -> dict[str, str]:
    return {"_rawName": path, **{f"_{n}": each for n, each in enumerate(path.split("."), 1)}}


def _keys(node: Any) -> set[str]:
    if isinstance(node, tree.Match):
        return {node.key.text.lower()}
    if isinstance(node, tree.Not):
        return _keys(node.part)
    if isinstance(node, tree.And | tree.Or):
        return {key for part in node.parts for key in _keys(part)}
    return set()


# ---- selection: wildcards by trying everything


def _fits(node: Any, labels: Mapping[str, str]) -> bool:
    if isinstance(node, tree.And):
        return all(_fits(part, labels) for part in node.parts)
    if isinstance(node, tree.Or):
        return any(_fits(part, labels) for part in node.parts)
    if isinstance(node, tree.Not):
        return not _fits(node.part, labels)
    if isinstance(node, tree.Word):
        text = node.pattern.text
        if "." in text:
            return "_rawName" in labels and path_fits(text.lower(), labels["_rawName"].lower())
        return any(wild(text.lower(), word.lower()) for item in labels.items() for word in item)
    found = [value for key, value in labels.items() if key.lower() == node.key.text.lower()]
    test = path_fits if node.key.text.lower() == "_rawname" else wild
    hit = any(
        (test(pattern.text.lower(), found[0].lower()) if found else False)
        or (pattern.text == "" and not found)
        for pattern in node.patterns
    )
    return hit != node.negated


def wild(pattern: str, text: str) -> bool:
    """Any run for each `*`."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(wild(pattern[1:], text[at:]) for at in range(len(text) + 1))
    if pattern[0] == "\\" and len(pattern) > 1:
        pattern = pattern[1:]
    return bool(text) and text[0] == pattern[0] and wild(pattern[1:], text[1:])


def path_fits(pattern: str, path: str) -> bool:
    """Segment by segment; a segment `**` in front of others may stand for none."""
    return _segments(pattern, path, begins=True)


def _segments(pattern: str, text: str, begins: bool) -> bool:
    if not pattern:
        return not text
    if pattern.startswith("**"):
        rest = pattern.lstrip("*")
        if begins and rest.startswith(".") and len(rest) > 1:
            places = [0, *(at + 1 for at, sign in enumerate(text) if sign == ".")]
            return any(_segments(rest[1:], text[at:], begins=True) for at in places)
        return any(_segments(rest, text[at:], begins=False) for at in range(len(text) + 1))
    if pattern[0] == "*":
        end = text.find(".")
        most = len(text) if end < 0 else end
        return any(_segments(pattern[1:], text[at:], begins=False) for at in range(most + 1))
    if not text or text[0] != pattern[0]:
        return False
    return _segments(pattern[1:], text[1:], begins=pattern[0] == ".")


# ---- buckets


def _rolled(points: Mapping[int, float], window: Window) -> Points:
    buckets: dict[int, list[tuple[int, float]]] = {}
    for time, value in points.items():
        start = window.start + (time - window.start) // window.width * window.width
        buckets.setdefault(start, []).append((time, value))
    return {
        start: reduce_([value for _, value in sorted(each)], window.rollup) for start, each in buckets.items()
    }


def _without_last(answer: Answer) -> Answer:
    window = replace(answer.window, count=answer.window.count - 1)
    kept = [
        replace(each, points={t: v for t, v in each.points.items() if t < window.end})
        for each in answer.series
    ]
    return Answer(window, [each for each in kept if each.points])


def reduce_(values: Sequence[float], function: str, rank: float = 0.0) -> float:
    """A list of points, in the order of time, as one number."""
    if function == "avg":
        return math.fsum(values) / len(values)
    if function == "sum":
        return math.fsum(values)
    if function == "count":
        return float(len(values))
    if function == "latest":
        return values[-1]
    if function == "stddev":
        if len(values) == 1:
            return 0.0
        mean = math.fsum(values) / len(values)
        return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    if function == "pct":
        ordered = sorted(values)
        place = (len(ordered) - 1) * rank / 100
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return {"min": min, "max": max}[function](values)


def _reducer(node: tree.Reducer, series: Series) -> float:
    if node.function != "slope":
        return reduce_(series.values(), node.function, node.rank or 0.0)
    if len(series.points) < 2:
        return math.nan
    seconds = [time / 1000 for time in series.points]
    centre = math.fsum(seconds) / len(seconds)
    mean = math.fsum(series.points.values()) / len(seconds)
    above = math.fsum((t / 1000 - centre) * (v - mean) for t, v in series.points.items())
    return above / math.fsum((second - centre) ** 2 for second in seconds)


# ---- expressions


def _expression(node: Any, series: Series, value: float | None, window: Window) -> float | None:
    """None when it cannot be calculated."""

    def of(part: Any) -> float | None:
        return _expression(part, series, value, window)

    if isinstance(node, tree.Number):
        return node.value
    if isinstance(node, tree.Value):
        return value
    if isinstance(node, tree.Granularity):
        return float(window.width)
    if isinstance(node, tree.Reducer):
        return _reducer(node, series)
    if isinstance(node, tree.Negative):
        inner = of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, tree.Binary):
        return _calculated(node.operator, of(node.left), of(node.right))
    arguments = [of(each) for each in node.arguments]
    if any(each is None for each in arguments):
        return None
    try:
        return float(_FUNCTIONS[node.function](*arguments))
    except (ValueError, OverflowError):
        return None


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "abs": abs, "log": math.log, "exp": math.exp,
    "sqrt": math.sqrt, "round": round, "ceil": math.ceil, "floor": math.floor, "min": min, "max": max,
}  # fmt: skip


def _calculated(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (operator == "/" and right == 0):
        return None
    if operator == "/":
        return left / right
    return {"+": left + right, "-": left - right, "*": left * right}[operator]


def _arithmetic(node: Any, values: Mapping[str, float]) -> float | None:
    if isinstance(node, tree.RowRef):
        return values[node.letter]
    if isinstance(node, tree.Number):
        return node.value
    if isinstance(node, tree.Negative):
        inner = _arithmetic(node.operand, values)
        return None if inner is None else -inner
    return _calculated(node.operator, _arithmetic(node.left, values), _arithmetic(node.right, values))


def _letters(node: Any) -> list[str]:
    if isinstance(node, tree.RowRef):
        return [node.letter]
    if isinstance(node, tree.Binary):
        return _letters(node.left) + _letters(node.right)
    return _letters(node.operand) if isinstance(node, tree.Negative) else []


def _condition(node: Any, series: Series, value: float | None, window: Window) -> bool:
    if isinstance(node, tree.AllOf):
        return all(_condition(part, series, value, window) for part in node.parts)
    if isinstance(node, tree.AnyOf):
        return any(_condition(part, series, value, window) for part in node.parts)
    if isinstance(node, tree.NoneOf):
        return not _condition(node.part, series, value, window)
    left = _expression(node.left, series, value, window)
    right = _expression(node.right, series, value, window)
    if left is None or right is None or math.isnan(left) or math.isnan(right):
        return False
    return {
        "=": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
        ">": left > right, ">=": left >= right,
    }[node.operator]  # fmt: skip


def _of_points(node: Any) -> bool:
    return "Value()" in repr(node)


# ---- operators


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
        score = _expression(node.score, each, None, answer.window)
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
    if not _of_points(node.condition):
        kept = [each for each in answer.series if _condition(node.condition, each, None, window)]
        return replace(answer, series=kept)
    return _each(
        lambda _, each, window: {
            time: value
            for time, value in each.points.items()
            if _condition(node.condition, each, value, window)
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
        good = [time for time in inside if _condition(node.condition, series, series.points[time], window)]
        enough = len(good) == len(inside) if wanted.atleast is None else len(good) >= wanted.atleast
        if inside and enough:
            return True
    return False


def _quantize(node: tree.Quantize, answer: Answer) -> Answer:
    width = max(node.interval_ms or answer.window.width, answer.window.width)
    if not answer.window.count:
        return replace(answer, window=replace(answer.window, width=width))
    start = answer.window.start // width * width
    count = -(-(answer.window.end - start) // width)
    last = answer.window.times[-1] // width * width
    count = (last - start) // width + 1
    window = Window(start, width, count, node.rollup or "avg")
    done = Answer(window, [replace(each, points=_rolled(each.points, window)) for each in answer.series])
    return _without_last(done) if node.drop_last else done


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
        result = _expression(node.expression, series, value, window)
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


def at_instant(histos: Sequence[Histo], moment: int, look_ms: int) -> dict[tuple[Any, ...], Histo]:
    """The newest histogram of each life and mode at a moment."""
    found: dict[tuple[Any, ...], Histo] = {}
    for each in sorted(histos, key=lambda each: each.time):
        if moment - look_ms < each.time <= moment:
            found[each.host, each.jvm, each.pid, each.started, each.mode] = each
    return found


_OPERATORS: dict[type, Callable[[Any, Answer], Answer]] = {
    tree.Aggregate: _aggregate,
    tree.Parse: _parse,
    tree.TopK: _topk,
    tree.Where: _where,
    tree.Quantize: _quantize,
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


# ---- joins


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
