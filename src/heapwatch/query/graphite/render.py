"""Targets to lines: everything that the targets of a request mean is looked at first, so that all of it is
read into the same points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.frame import Frame
from heapwatch.query.graphite import choose, combine, moving, naming, transform
from heapwatch.query.graphite.expression import Call, Node, Path, Value, parse
from heapwatch.query.graphite.lines import Line
from heapwatch.query.graphite.paths import Paths
from heapwatch.query.graphite.table import Function, Param
from heapwatch.query.grouping import Grouping
from heapwatch.query.limits import LimitExceeded, Limits, said
from heapwatch.query.notes import Notes
from heapwatch.query.plan import HOUR_MS, default_interval, extent
from heapwatch.query.read import Reader
from heapwatch.query.select import Selected
from heapwatch.query.universe import RAW_NAME
from heapwatch.store import Store
from heapwatch.store.errors import TooBig, near
from heapwatch.store.reads.intervals import STEPS_S, Buckets
from heapwatch.store.reads.parts import Parts

MOST_POINTS = 11_000
BY_TAG = Function(
    "seriesByTag",
    "Special",
    "series by their tags: tag=value, tag!=value, tag=~regex, tag!=~regex; name is the metric's",
    (Param("tagExpressions", "string", multiple=True),),
    lambda asked, *expressions: asked.by_tag(expressions),
    knows=True,
)
TABLE = {
    each.name: each
    for each in (
        *combine.FUNCTIONS,
        *transform.FUNCTIONS,
        *moving.FUNCTIONS,
        *choose.FUNCTIONS,
        *naming.FUNCTIONS,
        BY_TAG,
    )
}
_SUMMING = ("sumSeries", "sum")


@dataclass(frozen=True)
class Window:
    """From and until in epoch seconds, and how many points a line may have."""

    from_: int
    until: int
    most_points: int | None = None


def render(
    store: Store, targets: Sequence[str], window: Window, limits: Limits, query_id: str | None = None
) -> list[Line]:
    """The lines of the targets, in their order."""
    nodes = [parse(target) for target in targets]
    parts = store.parts.asked_by(query_id)
    begun = limits.begun()
    selections = Selections(parts, window, nodes)
    step = _step(parts, window, selections, begun)
    start = window.from_ - window.from_ % step + step
    count = max(1, (window.until - window.until % step + step - start) // step)
    found: list[Line] = []
    for node, target in zip(nodes, targets, strict=True):
        asked = Asked(parts, selections, begun, start, step, count, target)
        try:
            found += asked.lines(node)
        except TooBig as error:
            raise said(error, begun) from error
    if len(found) > limits.series:
        raise LimitExceeded(
            f"the answer has {len(found)} series, more than {limits.series}; sum them or take highestMax",
            "series",
        )
    return found


class Selections:
    """What each path and each seriesByTag of a request means, looked up once."""

    def __init__(self, parts: Parts, window: Window, nodes: Sequence[Node]) -> None:
        reach = 2 * (window.until - window.from_) * 1000
        self._paths = Paths(parts.names, max(0, window.from_ * 1000 - reach), window.until * 1000 + 1)
        self._any = Paths(parts.names)
        self._known: dict[tuple[str, ...], Selected] = {}
        self._cells = 0
        self._shifts = any(_shifted(node) for node in nodes)
        for node in nodes:
            for key in _sources(node):
                self.of(key)

    def of(self, key: tuple[str, ...]) -> Selected:
        if key not in self._known:
            paths = self._any if self._shifts else self._paths
            self._known[key] = paths.select(key[1]) if key[0] == "path" else paths.tagged(key[1:])
        return self._known[key]

    def took(self, cells: int, limits: Limits) -> None:
        """Count what is read; the lines of all targets are in memory together."""
        self._cells += cells
        if self._cells > limits.cells:
            raise LimitExceeded(
                f"these targets have {self._cells} points, more than {limits.cells}; sum or narrow them",
                "cells",
            )

    def all(self) -> Sequence[Selected]:
        return list(self._known.values())


def _sources(node: Node) -> Iterator[tuple[str, ...]]:
    if isinstance(node, Path):
        yield "path", node.text
    elif isinstance(node, Call):
        if node.name == BY_TAG.name:
            yield "tags", *(str(each.value) for each in node.arguments if isinstance(each, Value))
        else:
            for argument in (*node.arguments, *(value for _, value in node.named)):
                yield from _sources(argument)


def _shifted(node: Node) -> bool:
    return isinstance(node, Call) and (node.name == "timeShift" or any(map(_shifted, node.arguments)))


def _step(parts: Parts, window: Window, selections: Selections, limits: Limits) -> int:
    """Seconds from point to point: no finer than the data, and no more points than were asked for."""
    span = window.until - window.from_
    if span <= 0:
        raise UsageError("from: it must be before until")
    low, high = window.from_ * 1000, window.until * 1000
    near_ = span * 1000 / 300 < HOUR_MS
    distances = [
        extent(parts, each, low, high, limits, hourly=False).distances_ms
        for each in selections.all()
        if near_
    ]
    step = default_interval(span * 1000, np.concatenate(distances) if distances else np.empty(0)) // 1000
    most = min(window.most_points or 1000, MOST_POINTS)
    if span > step * most:
        least = -(-span // most)
        step = next((each for each in STEPS_S if each >= least), -(-least // STEPS_S[-1]) * STEPS_S[-1])
    return max(1, int(step))


@dataclass(frozen=True)
class Asked:
    """One target's evaluation: from `start`, `count` points, each `step` seconds."""

    parts: Parts
    selections: Selections
    limits: Limits
    start: int
    step: int
    count: int
    text: str
    rollup: str = "avg"
    notes: Notes = field(default_factory=Notes)

    def moved(self, by_s: int) -> Asked:
        return replace(self, start=self.start + by_s)

    def earlier(self, steps: int) -> Asked:
        return replace(self, start=self.start - steps * self.step, count=self.count + steps)

    def rolled_up(self, rollup: str) -> Asked:
        return replace(self, rollup=rollup)

    def lines(self, node: Node) -> list[Line]:
        """The lines of a path or a function."""
        if self.limits.until is not None:
            self.limits.check_time()
        if isinstance(node, Path):
            return self._read(self.selections.of(("path", node.text)), node.text)
        if isinstance(node, Value):
            raise QueryError("series are expected here", self.text, node.span)
        pushed = self._pushed(node)
        if pushed is not None:
            return pushed
        function = TABLE.get(node.name)
        if function is None:
            meant = near(node.name, TABLE)
            raise QueryError(
                f"there is no function {node.name} here",
                self.text,
                node.span,
                hint=f"did you mean {' or '.join(meant)}?" if meant else "/graphite/functions lists them",
            )
        given, named = self._arguments(function, node)
        before = (self,) if function.knows else ()
        try:
            found: list[Line] = function.apply(*before, *given, **named)
        except UsageError as error:
            if isinstance(error, QueryError):
                raise
            raise QueryError(str(error), self.text, node.span) from None
        return found

    def by_tag(self, expressions: Sequence[str]) -> list[Line]:
        return self._read(self.selections.of(("tags", *expressions)), None)

    # ---- arguments

    def _arguments(self, function: Function, node: Call) -> tuple[list[Any], dict[str, Any]]:
        places = list(function.params)
        given: list[Any] = []
        for place, argument in enumerate(node.arguments):
            last = places[-1] if places else None
            if place >= len(places) and not (last and last.multiple):
                raise QueryError(
                    f"{function.name} takes {len(places)} arguments at most", self.text, argument.span
                )
            param = places[min(place, len(places) - 1)]
            given.append(self._argument(function, param, argument, lazy=function.lazy and place == 0))
        named: dict[str, Any] = {}
        for name, argument in node.named:
            place_of = next((at for at, param in enumerate(places) if param.name == name), None)
            if place_of is None or places[place_of].multiple:
                raise QueryError(f"{function.name} has no argument {name}", self.text, argument.span)
            if place_of < len(given) or name in named:
                raise QueryError(f"{name} is given twice", self.text, argument.span)
            while len(given) < place_of:
                skipped = places[len(given)]
                if skipped.required:
                    raise QueryError(f"{function.name} needs {skipped.name}", self.text, node.span)
                given.append(skipped.default)
            given.append(self._argument(function, places[place_of], argument, lazy=False))
        missing = next((param for param in places[len(given) :] if param.required), None)
        if missing:
            raise QueryError(f"{function.name} needs {missing.name}", self.text, node.span)
        return given, named

    def _argument(self, function: Function, param: Param, node: Node, *, lazy: bool) -> Any:
        if param.type in ("seriesList", "seriesLists"):
            if isinstance(node, Value):
                raise QueryError(f"{function.name}: {param.name} is series", self.text, node.span)
            return node if lazy else self.lines(node)
        if param.type == "any" and not isinstance(node, Value):
            return self.lines(node)
        if not isinstance(node, Value):
            raise QueryError(f"{function.name}: {param.name} is a {param.type}", self.text, node.span)
        value = node.value
        if param.type in ("integer", "float") and value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise QueryError(f"{function.name}: {param.name} is a number", self.text, node.span)
            if param.type == "integer" and value != float("inf") and abs(value) > 1e9:
                raise QueryError(f"{function.name}: {param.name} is too great", self.text, node.span)
        text = param.type in ("string", "interval", "aggFunc") and value is not None
        if text and not (isinstance(value, str) and (value or param.type == "string")):
            raise QueryError(f"{function.name}: {param.name} is a text in quotes", self.text, node.span)
        if value is None:
            if param.required:
                raise QueryError(f"{function.name} needs {param.name}", self.text, node.span)
            return param.default
        return value

    # ---- reading

    def _pushed(self, node: Call) -> list[Line] | None:
        """Sums straight over a path, or over series by their tags, are added up where the samples are."""
        source = next(_sources(node.arguments[0]), None) if node.arguments else None
        inner = node.arguments[0] if node.arguments else None
        plain = isinstance(inner, Path) or (isinstance(inner, Call) and inner.name == BY_TAG.name)
        if source is None or not plain or node.named:
            return None
        rest = [each.value if isinstance(each, Value) else None for each in node.arguments[1:]]
        if node.name in _SUMMING and not rest:
            path = inner.text if isinstance(inner, Path) else self.text[inner.span.start : inner.span.end]  # type: ignore[union-attr]
            name = f"sumSeries({path})"
            return [replace(line, name=name, path=name) for line, _ in self._grouped(source, [])]
        if node.name == "groupByNode" and len(rest) == 2:
            rest.reverse()
        elif node.name not in ("groupByNodes", "groupByTags"):
            return None
        if not rest[1:] or rest[0] not in ("sum", "sumSeries"):
            return None
        by_tag = source[0] == "tags"
        keys = [_label(each, by_tag=by_tag) for each in rest[1:]]
        if None in keys or (node.name == "groupByTags" and not by_tag):
            return None
        found = self._grouped(source, [key for key in keys if key])
        if node.name == "groupByTags":
            return [
                _tagged(line, dict(zip(map(str, rest[1:]), values, strict=True))) for line, values in found
            ]
        return [line for line, _ in found]

    def _grouped(self, source: tuple[str, ...], keys: Sequence[str]) -> list[tuple[Line, list[str]]]:
        """A line for each combination of labels, and the combination."""
        selected = self.selections.of(source)
        if selected.empty:
            return []
        by = tuple(tree.Name(key) for key in dict.fromkeys(keys))
        frame, _ = Grouping(self._reader(selected), [], tree.Aggregate("sum", by=by), (), self.notes).read()
        found = []
        for row, labels in enumerate(frame.labels):
            values = [labels.get(key, "") for key in keys]
            line = Line(".".join(values), self.start, self.step, frame.values[row], source[-1])
            found.append((line, values))
        return sorted(found, key=lambda pair: pair[0].name)

    def _read(self, selected: Selected, path: str | None) -> list[Line]:
        if selected.empty:
            return []
        frame = self._reader(selected).series()
        self.selections.took(frame.values.size, self.limits)
        rows: dict[str, Line] = {}
        for row in range(len(frame)):
            name, tags = _called(frame, row, by_path=path is not None)
            values = frame.values[row]
            known = rows.get(name)
            if known is not None:  # several JVMs of a host, or lives of one
                both = np.vstack([known.values, values])
                total = np.nansum(both, axis=0)
                values = np.where(np.isnan(both).all(axis=0), np.nan, total)
            rows[name] = Line(name, self.start, self.step, values, path or name, tags)
        return [rows[name] for name in sorted(rows)]

    def _reader(self, selected: Selected) -> Reader:
        window = Buckets(self.start * 1000, self.step * 1000, self.count)
        hourly = window.width % HOUR_MS == 0
        found = extent(self.parts, selected, window.start, window.end, self.limits, hourly=hourly)
        points = found.points(selected, self.rollup)
        if points > self.limits.points:
            raise LimitExceeded(
                f"this target reads up to {points} points, more than {self.limits.points}; narrow it",
                "points",
            )
        return Reader(self.parts, selected, window, self.rollup, self.limits)


def _label(wanted: object, *, by_tag: bool) -> str | None:
    """The label that a node of a path, or a tag, is kept as."""
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        return f"_{wanted + 1}" if wanted >= 0 and not by_tag else None
    return wanted if isinstance(wanted, str) and by_tag and wanted != "name" else None


def _tagged(line: Line, tags: dict[str, str]) -> Line:
    name = "sum" + "".join(f";{tag}={tags[tag]}" for tag in sorted(tags))
    return replace(line, name=name, path=name, tags={"name": "sum", **tags})


def _called(frame: Frame, row: int, *, by_path: bool) -> tuple[str, dict[str, str]]:
    """The name of a line, and its tags."""
    if by_path:
        name = frame.label(row, RAW_NAME) or ""
        return name, {"name": name}
    tags = {key: value for key, value in frame.labels[row].items() if key not in ("metric", RAW_NAME)}
    package = frame.label(row, "package")
    if package and "class" in tags:
        tags["package"] = package
    metric = frame.label(row, "metric") or ""
    if "class" not in tags:
        metric = frame.label(row, RAW_NAME) or metric
    rest = "".join(f";{key}={tags[key]}" for key in sorted(tags))
    return f"{metric}{rest}", {"name": metric, **tags}
