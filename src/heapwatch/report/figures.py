"""The charts of a report: objects of a class by host with the onset; what ends, with the forecast's cone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from heapwatch import human
from heapwatch.detect.forecast import FULL
from heapwatch.report import chart, moments
from heapwatch.report.chart import Band, Drawing, Point, Stroke
from heapwatch.report.markup import tag
from heapwatch.report.moments import SECOND
from heapwatch.report.subject import Case, Curve, Object, Resource, Values
from heapwatch.report.tables import table
from heapwatch.report.wording import amount, name_of, until

DRAWN = 10
"""Hosts in one chart; more lines say less."""
FAR = 4.0
"""A forecast is drawn for so many times the history at most."""


def objects_of(case: Case, key: str, *, after: bool = False) -> Element | None:
    """Objects of the class that names a leak, a line a host; None without any."""
    # Without a proof there is no chart of its own for lives that began later.
    before = case.curves if case.leak.get("proof") else (*case.curves, *case.after)
    own = _by_host(_drawable(case.after if after else before))
    if not own:
        return None
    leaking = list(case.leak.get("hosts", ()))
    own.sort(key=lambda each: (each.host not in leaking, -_last(each.counts)))
    drawn = own[:DRAWN]
    between = _between(drawn)
    both = [*drawn, *_drawable(case.curves)[:DRAWN], *_drawable(case.after)[:DRAWN]]
    top = max(_highest(each.counts) for each in both)  # the same before and after
    strokes = [
        chart.series(place, each.host, _points(each.times, each.counts)) for place, each in enumerate(drawn)
    ]
    bands: list[Band] = []
    if not after:
        onset, bands = _onset(case.leak, between, top)
        strokes += onset
    name = name_of(case.leak)
    when = " after the change" if after else ""
    drawing = Drawing(
        key,
        f"Objects of {name} by time{when}",
        "; ".join(f"{each.host}: {_change(each.counts, 'objects')}" for each in drawn[:3]),
        strokes,
        bands,
        between,
        top,
        human.count,
    )
    more = len(own) - len(drawn)
    caption: list[str | Element] = ["Objects of ", tag("code", name), f" on each host{when}."]
    if not after and case.leak.get("since") is not None:
        caption.append(f" It began at {moments.told(case.leak['since'])}.")
    if more:
        caption.append(f" {human.plural(more, 'more host')} are not drawn.")
    return chart.figure(drawing, caption, _table(drawn, f"Objects of {name}{when}"))


def ending(resource: Resource, key: str) -> Element | None:
    """What a host has of a resource, its limit, and where the forecast goes; None without values."""
    points = _points(resource.times, resource.values)
    if all(value is None for _, value in points):
        return None
    bands: list[Band] = []
    strokes = [chart.series(0, resource.resource, points)]
    low, high = _between([Curve(resource.host, resource.times, resource.values)])
    limit, end = resource.limit, resource.end
    if end is not None and limit:
        far, line, cone = _forecast(end, limit, points, high - low)
        high = max(high, far)
        strokes.append(line)
        bands.append(cone)
    if limit:
        strokes.append(Stroke("limit", [(low, limit), (high, limit)], "limit", "12 4", 1.5))
    binary = resource.resource != "threads"
    held = {"threads": "Threads"}.get(resource.resource, resource.resource.capitalize())
    title = f"{held} of {resource.host} by time"
    forecast = f"ends in {until(end)}" if end is not None else "no end in sight"
    drawing = Drawing(
        key,
        title,
        f"{_change(resource.values, '', resource.resource)}; {forecast}",
        strokes,
        bands,
        (low, high),
        max(_highest(resource.values), limit or 0.0),
        human.size if binary else human.count,
        binary,
    )
    since = ", counted from the last histogram" if end is not None else ""
    caption = f"{held} of {resource.host}: {forecast}{since}."
    rows = [[moments.exact(at), amount(resource.resource, value)] for at, value in points]
    return chart.figure(drawing, [caption], table(title, ("Time", held), rows))


def _forecast(end: Object, limit: float, points: Sequence[Point], span: float) -> tuple[float, Stroke, Band]:
    """Until when it is drawn, the likely line, and the cone of its interval."""
    now = points[-1][0]
    level = float(end.get("level") or next(value for _, value in reversed(points) if value is not None))
    nearest, farthest = end["between_s"]
    likely = end["in_s"] * SECOND
    reach = farthest * SECOND if farthest is not None else 1.5 * likely
    far = now + max(min(reach, 1.5 * likely, FAR * span), 0.1 * span)
    free = max(limit - level, 0.0)
    to_full = max(FULL * limit - level, 0.0)
    fast = to_full / max(nearest * SECOND, 1.0)
    slow = free / (farthest * SECOND) if farthest else 0.0
    middle = to_full / max(likely, 1.0)

    def along(slope: float) -> list[tuple[float, float]]:
        """From now upwards as far as the limit, then along it."""
        if slope * (far - now) <= free:
            return [(far, level + slope * (far - now))]
        return [(now + free / slope if slope else now, limit), (far, limit)]

    start = (now, min(level, limit))
    line = Stroke("forecast", [start, along(middle)[0]], "s0", "4 4", 1.5)
    cone = Band("80 % interval", [start, *along(fast), *reversed(along(slow))], "s0")
    return far, line, cone


def _onset(leak: Object, between: tuple[float, float], top: float) -> tuple[list[Stroke], list[Band]]:
    """When it began, with the interval, as far as that is in the chart."""
    if leak.get("since") is None:
        return [], []
    low, high = between
    begin, until_ = (min(max(each, low), high) for each in leak.get("since_between") or (leak["since"],) * 2)
    lines: list[Stroke] = []
    if low <= leak["since"] <= high:
        lines.append(Stroke("began", [(leak["since"], 0.0), (leak["since"], top)], "onset", "2 3", 1.5))
    outline = [(begin, 0.0), (begin, top), (until_, top), (until_, 0.0)]
    return lines, [Band("interval of the beginning", outline, "onset")] if until_ > begin else []


def _drawable(curves: Sequence[Curve]) -> list[Curve]:
    return [each for each in curves if any(_finite(value) is not None for value in each.counts)]


def _by_host(curves: Sequence[Curve]) -> list[Curve]:
    """One line a host: its lives in order, a gap between two."""
    lives: dict[str, list[Curve]] = {}
    for each in sorted(curves, key=lambda one: one.times[0]):
        lives.setdefault(each.host, []).append(each)
    found = []
    for host, mine in lives.items():
        times, counts = list(mine[0].times), list(mine[0].counts)
        for life in mine[1:]:
            times += [life.times[0], *life.times]
            counts += [None, *life.counts]
        found.append(Curve(host, times, counts))
    return found


def _points(times: Sequence[float], values: Values) -> list[Point]:
    return [(float(at), _finite(value)) for at, value in zip(times, values)]


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _known(values: Values) -> list[float]:
    return [value for each in values if (value := _finite(each)) is not None]


def _last(values: Values) -> float:
    return (_known(values) or [0.0])[-1]


def _highest(values: Values) -> float:
    return max(_known(values), default=0.0)


def _between(curves: Sequence[Curve]) -> tuple[float, float]:
    return min(each.times[0] for each in curves), max(each.times[-1] for each in curves)


def _change(values: Values, unit: str, resource: str = "") -> str:
    known = _known(values)
    first, last = (amount(resource or "objects", value) for value in (known[0], known[-1]))
    return f"from {first} to {last} {unit}".rstrip()


def _table(curves: Sequence[Curve], caption: str) -> Element:
    rows = [
        [each.host, moments.exact(at), human.NONE if value is None else f"{value:,.0f}"]
        for each in curves
        for at, value in _points(each.times, each.counts)
    ]
    return table(caption, ("Host", "Time", "Objects"), rows)
