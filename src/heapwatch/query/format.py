"""A query in its canonical text: `parse(format(tree)) == tree`, and formatting twice is formatting once.

A row of up to 100 characters is one line; a longer one has a line for each operator. Comments that stand on
lines of their own before a row, or at its end, are kept by `reformat`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from heapwatch.query import tree
from heapwatch.query.parse import comments, parse

WIDEST = 100
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2}
_MOMENT = re.compile(r"[^\s|\"',()]+")


def format(script: tree.Script) -> str:  # noqa: A001 - what it does, beside parse and check
    """The whole script, a row a line."""
    return "\n".join(_row(row, alone=len(script.rows) == 1) for row in script.rows)


def reformat(text: str) -> str:
    """A query's text in canonical form. Comments stay: above their row, or at its end if they stood there."""
    script = parse(text)
    waiting = list(comments(text))
    lines: list[str] = []
    for row in script.rows:
        above = [comment for comment, span in waiting if span.start < row.span.end]
        waiting = waiting[len(above) :]
        line = _row(row, alone=len(script.rows) == 1)
        end = text.find("\n", row.span.end)
        while waiting and (end < 0 or waiting[0][1].start < end):
            line += f" {waiting.pop(0)[0]}"
        lines += [*above, line]
    return "\n".join([*lines, *(comment for comment, _ in waiting)])


def _row(row: tree.Row, alone: bool) -> str:
    body = row.body
    if isinstance(body, tree.Join):
        source = _arith(body.expression, 0)
        if body.along:
            source += f" along {_names(body.along)}"
        if body.alias is not None:
            source += f" as {body.alias}"
    elif isinstance(body.source, tree.RowRef):
        source = f"#{body.source.letter}"
    else:
        source = _selector(body.source, 0)
    letter = "" if alone and row.letter == "A" else f"#{row.letter}: "
    parts = [f"{letter}{source}", *map(operator, body.operators)]
    line = " | ".join(parts)
    return line if len(line) <= WIDEST else "\n  | ".join(parts)


# ---- selectors: 0 or, 1 and, 2 not


def _selector(part: tree.Selector, level: int) -> str:
    if isinstance(part, tree.Or):
        return _nested(" OR ".join(_selector(each, 1) for each in part.parts), level > 0)
    if isinstance(part, tree.And):
        return _nested(" ".join(_selector(each, 2) for each in part.parts), level > 1)
    if isinstance(part, tree.Not):
        return f"NOT {_selector(part.part, 3 if isinstance(part.part, (tree.And, tree.Or)) else 2)}"
    if isinstance(part, tree.Word):
        return pattern(part.pattern)
    sign = "!=" if part.negated else "="
    values = [pattern(each) for each in part.patterns]
    return f"{part.key.text}{sign}{values[0] if len(values) == 1 else '(' + ', '.join(values) + ')'}"


def pattern(value: tree.Pattern) -> str:
    """A pattern, in quotes when it was given in quotes."""
    if not value.quoted:
        return value.text
    text = value.text.replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def _names(names: tuple[tree.Name, ...]) -> str:
    return ", ".join(name.text for name in names)


def _by(names: tuple[tree.Name, ...]) -> str:
    return f" by {_names(names)}" if names else ""


def _nested(text: str, needed: bool) -> str:
    return f"({text})" if needed else text


# ---- expressions: 0 anything, 1 sum, 2 product, 3 operand


def _arith(part: tree.Expression, level: int) -> str:
    if isinstance(part, tree.Binary):
        own = _LEVELS[part.operator]
        text = f"{_arith(part.left, own)} {part.operator} {_arith(part.right, own + 1)}"
        return _nested(text, level > own)
    if isinstance(part, tree.Negative):
        return f"-{_arith(part.operand, 3)}"
    if isinstance(part, tree.Number):
        return number(part.value)
    if isinstance(part, tree.RowRef):
        return f"#{part.letter}"
    if isinstance(part, tree.Call):
        return f"{part.function}({', '.join(_arith(each, 0) for each in part.arguments)})"
    if isinstance(part, tree.Reducer):
        return part.function if part.rank is None else f"{part.function}({number(part.rank)})"
    return "_value" if isinstance(part, tree.Value) else "_granularity"


def _condition(part: tree.Condition, level: int) -> str:
    if isinstance(part, tree.AnyOf):
        return _nested(" or ".join(_condition(each, 1) for each in part.parts), level > 0)
    if isinstance(part, tree.AllOf):
        return _nested(" and ".join(_condition(each, 2) for each in part.parts), level > 1)
    if isinstance(part, tree.NoneOf):
        return f"not {_condition(part.part, 2)}"
    return f"{_arith(part.left, 0)} {part.operator} {_arith(part.right, 0)}"


def number(value: float) -> str:
    """Digits that read back as the same number, without an exponent where people would write none."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def duration(ms: int) -> str:
    """The largest unit that divides it: `90s`, `5m`, `1d`."""
    unit, size = next((unit, size) for unit, size in _UNITS if ms % size == 0)
    return f"{ms // size}{unit}"


# ---- operators


def operator(node: tree.Operator) -> str:
    """One operator without its bar."""
    return _OPERATORS[type(node)](node)


def _aggregate(node: tree.Aggregate) -> str:
    ranks = f"({', '.join(map(number, node.ranks))})" if node.ranks else ""
    return f"{node.function}{ranks}{_by(node.by)}"


def _parse(node: tree.Parse) -> str:
    field = f" field={node.field.text}" if node.field is not None else ""
    return f"parse{field} {pattern(node.pattern)} as {_names(node.names)}{' nodrop' if node.nodrop else ''}"


def _topk(node: tree.TopK) -> str:
    return f"{'bottomk' if node.bottom else 'topk'}({node.n}, {_arith(node.score, 0)}){_by(node.by)}"


def _where(node: tree.Where) -> str:
    text = f"where {_condition(node.condition, 0)}"
    if node.occurrence is not None:
        often = "all" if node.occurrence.atleast is None else f"atleast {node.occurrence.atleast}"
        text += f" {often} {node.occurrence.place} {duration(node.occurrence.window_ms)}"
    return text


def _quantize(node: tree.Quantize) -> str:
    text = "quantize"
    if node.interval_ms is not None:
        text += f" to {duration(node.interval_ms)}"
    if node.rollup is not None:
        text += f" using {node.rollup}"
    return f"{text} drop last" if node.drop_last else text


def _rate(node: tree.Rate) -> str:
    over = f"over {duration(node.over_ms)}" if node.over_ms is not None else ""
    return " ".join(filter(None, ("rate", node.kind, over)))


def _ewma(node: tree.Ewma) -> str:
    if node.alpha is not None:
        return f"ewma alpha={number(node.alpha)}"
    return "ewma" if node.points is None else f"ewma span={node.points}"


def _fillmissing(node: tree.FillMissing) -> str:
    value = number(node.value) if node.value is not None else node.using
    return f"fillmissing using {value}"


def _outlier(node: tree.Outlier) -> str:
    text = "outlier"
    if node.window is not None:
        text += f" window={node.window}"
    if node.window_ms is not None:
        text += f" window={duration(node.window_ms)}"
    if node.threshold != 3.0:
        text += f" threshold={number(node.threshold)}"
    return text if node.direction == "+-" else f"{text} direction={node.direction}"


def _predict(node: tree.Predict) -> str:
    text = "predict" if node.model == "linear" else f"predict model={node.model}"
    if node.forecast_ms is not None:
        text += f" forecast={duration(node.forecast_ms)}"
    return text if node.until is None else f"{text} until={number(node.until)}"


def _moment(text: str) -> str:
    return text if _MOMENT.fullmatch(text) else f'"{text}"'


_OPERATORS: dict[type[Any], Callable[[Any], str]] = {
    tree.Aggregate: _aggregate,
    tree.Parse: _parse,
    tree.TopK: _topk,
    tree.Where: _where,
    tree.Quantize: _quantize,
    tree.Rate: _rate,
    tree.Delta: lambda node: f"delta {node.kind}".rstrip(),
    tree.Accum: lambda _: "accum",
    tree.Eval: lambda node: f"eval {_arith(node.expression, 0)}",
    tree.Ewma: _ewma,
    tree.TimeShift: lambda node: f"timeshift {duration(node.by_ms)}",
    tree.FillMissing: _fillmissing,
    tree.Outlier: _outlier,
    tree.Predict: _predict,
    tree.Diff: lambda node: f"diff between {_moment(node.before)} and {_moment(node.after)}",
}
