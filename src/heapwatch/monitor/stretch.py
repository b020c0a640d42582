"""Eyes for a monitor that is tried on the past: one question for many looks, where that shows the same.

A look asks for the points of a window. Where each point of a query depends on what was measured in its own
bucket alone, a window is a part of any longer stretch, and the store is asked once for many of them. `delta`,
`topk` and others look at the whole window, and what is 0 for a class hangs on its heap's other classes: such
looks are asked for one by one, and so are those of a stretch that takes more than a question may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.monitor.backtest import Backtest, backtest, ticks
from heapwatch.monitor.kinds.base import Ending, Leaking, Life, Monitor
from heapwatch.monitor.kinds.query import Windowed
from heapwatch.monitor.sight import Sight
from heapwatch.query import tree
from heapwatch.query.parse import parse
from heapwatch.query.plan import HOUR_MS
from heapwatch.query.select import select
from heapwatch.store.dimensions import Names

POINTS = 5000
"""Of a series, in one answer."""
MOST_SINGLE = 2000
CHEAP = ("leak", "exhaustion")

Series = list[tuple[dict[str, str], list[float | None]]]
_ROLLUPS = (None, "avg", "min", "max", "sum", "latest")
_POINTWISE = (tree.Aggregate, tree.Parse, tree.Eval, tree.Where)


def tried(
    monitor: Monitor, sight: Sight, from_: int, to: int, bounded: Callable[[], None] = lambda: None
) -> Backtest:
    """A backtest that asks as seldom as it can; UsageError when it would take too long all the same.

    `bounded` is asked before each look whether the verdicts that are looked at go on.
    """
    looks = len(ticks(monitor.every, from_, to))
    stretch = Stretch(sight, to)
    if looks > MOST_SINGLE and not stretch.together(monitor):
        raise _too_long(looks)

    def going_on() -> None:
        stretch.going_on()
        bounded()

    return backtest(monitor, stretch, from_, to, going_on)


def _too_long(looks: int) -> UsageError:
    return UsageError(
        f"{looks} looks of this monitor are asked for one by one, more than {MOST_SINGLE} take too long: "
        "take a shorter range, or look less often"
    )


@dataclass(frozen=True)
class _Answer:
    """What was asked for at once; None: it could not be."""

    from_: int
    to: int
    series: Series | None


class Stretch:
    """Eyes that look ahead, up to `end`."""

    def __init__(self, sight: Sight, end: int) -> None:
        self._sight = sight
        self._end = end
        self._answers: dict[tuple[Any, ...], _Answer] = {}
        self._divisible: dict[tuple[Any, ...], bool] = {}
        self._single = 0

    def together(self, monitor: Monitor) -> bool:
        """Whether its looks need not be asked for one by one."""
        if isinstance(monitor, Windowed):
            return self._may(monitor.query, monitor.width, monitor.mode)
        return monitor.kind in CHEAP

    def going_on(self) -> None:
        self._sight.forget()
        if self._single > MOST_SINGLE:
            raise _too_long(self._single)

    def points(self, query: str, from_: int, to: int, step: int, row: str = "", mode: str = "all") -> Series:
        if from_ % step or to % step or not self._may(query, step, mode):
            return self._alone(query, from_, to, step, row, mode)
        key = query, to - from_, step, row, mode
        known = self._answers.get(key)
        if known is None or not known.from_ <= from_ <= to <= known.to:
            end = max(to, min(self._end - self._end % step, from_ + max(POINTS * step, 2 * (to - from_))))
            known = self._answers[key] = _Answer(from_, end, self._ahead(query, from_, end, step, row, mode))
        if known.series is None:
            return self._alone(query, from_, to, step, row, mode)
        low, high = (from_ - known.from_) // step, (to - known.from_) // step
        parts = [(labels, values[low:high]) for labels, values in known.series]
        return [(labels, values) for labels, values in parts if any(each is not None for each in values)]

    def _ahead(self, query: str, from_: int, to: int, step: int, row: str, mode: str) -> Series | None:
        try:
            found = self._sight.points(query, from_, to, step, row, mode)
        except HeapwatchError:
            return None  # more than a question may take, or said of a time that no single look has in it
        count = (to - from_) // step
        return found if all(len(values) == count for _, values in found) else None

    def _alone(self, query: str, from_: int, to: int, step: int, row: str, mode: str) -> Series:
        self._single += 1
        return self._sight.points(query, from_, to, step, row, mode)

    def _may(self, query: str, step: int, mode: str) -> bool:
        key = query, step, mode
        if key not in self._divisible:
            self._divisible[key] = step % HOUR_MS != 0 and divisible(
                parse(query), step, mode, self._sight.store.parts.names, self._end
            )
        return self._divisible[key]

    # ---- what is not asked for ahead

    def logs(self, query: str, from_: int, to: int) -> Mapping[str, Any]:
        self._single += 1
        return self._sight.logs(query, from_, to)

    def leaks(self, at: int) -> Sequence[Leaking]:
        return self._sight.leaks(at)

    def ends(self, at: int) -> Sequence[Ending]:
        return self._sight.ends(at)

    def lives(self, at: int, since: int) -> Sequence[Life]:
        self._single += 1
        return self._sight.lives(at, since)


def divisible(script: tree.Script, step: int, mode: str, names: Names, end: int) -> bool:
    """Whether a part of the answer is the answer to a part of the range."""
    return all(_row(row.body, step, mode, names, end) for row in script.rows)


def _row(body: tree.Pipeline | tree.Join, step: int, mode: str, names: Names, end: int) -> bool:
    """Of joins only those that say by what series go together: then no other series matters."""
    operators = body.operators
    if isinstance(body, tree.Join):
        return bool(body.along) and _each(operators)
    if isinstance(body.source, tree.RowRef):
        return _each(operators)
    if operators and isinstance(operators[0], tree.Quantize):
        first, operators = operators[0], operators[1:]
        if first.interval_ms not in (None, step) or first.rollup not in _ROLLUPS or first.drop_last:
            return False
    selected = select(names, body.source, 0, end + 1, mode)
    return not selected.products and _each(operators)  # a class is 0 where others of its heap were counted


def _each(operators: Iterable[tree.Operator]) -> bool:
    """Whether each point comes from points of its own time."""
    for each in operators:
        if not isinstance(each, _POINTWISE) or _has(each, tree.Reducer | tree.Occurrence):
            return False
    return True


def _has(node: Any, kind: Any) -> bool:
    if isinstance(node, kind):
        return True
    if isinstance(node, tuple):
        return any(_has(each, kind) for each in node)
    return isinstance(node, tree.Node) and any(_has(getattr(node, each.name), kind) for each in fields(node))
