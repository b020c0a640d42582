"""A log query in its usual form: `parse(format(query)) == query`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from heapwatch.query.logs import tree
from heapwatch.query.logs.parse import parse
from heapwatch.query.parse import comments
from heapwatch.query.tree import And, Match, Name, Not, Or, Pattern, Selector, Word

_UNITS = (("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_BARE_WORD = re.compile(r"(?![!'])(?!//|/\*)(?:[^\s|()\"=!,{}\\]|!(?!=))+")
_NAME = re.compile(r"[^\W\d]\w*(?:[.@]\w+)*")

# How tightly each kind of expression binds; what binds less needs brackets within what binds more.
_LEVELS: tuple[tuple[type, int], ...] = (
    (tree.Choice, 0),
    (tree.AnyOf, 1),
    (tree.AllOf, 2),
    (tree.NoneOf, 3),
    (tree.Comparison, 4),
    (tree.In, 4),
    (tree.Like, 4),
    (tree.Fits, 4),
    (tree.Contains, 4),
    (tree.Negative, 7),
)


def format(query: tree.LogQuery) -> str:  # noqa: A001 - what it does
    """One line while it is short, else an operator a line."""
    parts = [scope(query.scope), *map(operator, query.operators)]
    line = " | ".join(parts)
    return line if len(line) <= 100 else "\n| ".join(parts)


def reformat(text: str) -> str:
    """A query's text in its usual form. A comment stays above what it stood before, or ends the query."""
    query = parse(text)
    waiting = list(comments(text))
    if not waiting:
        return format(query)
    lines: list[str] = []
    for place, (span, part) in enumerate(
        [(query.scope.span, scope(query.scope)), *((each.span, operator(each)) for each in query.operators)]
    ):
        while waiting and waiting[0][1].start < span.end:
            lines.append(waiting.pop(0)[0])
        lines.append(f"| {part}" if place else part)
    return "\n".join([*lines, *(comment for comment, _ in waiting)])


# ---- the scope


def scope(node: Selector | tree.Everything, above: int = 0) -> str:
    if isinstance(node, tree.Everything):
        return "*"
    if isinstance(node, Or):
        text, level = " OR ".join(scope(part, 1) for part in node.parts), 0
    elif isinstance(node, And):
        text, level = " ".join(scope(part, 2) for part in node.parts), 1
    elif isinstance(node, Not):
        text, level = f"NOT {scope(node.part, 2)}", 2
    elif isinstance(node, Match):
        sign = "!=" if node.negated else "="
        values = [pattern(each) for each in node.patterns]
        if len(values) == 1 and not node.patterns[0].quoted and values[0].startswith(('"//', '"/*')):
            values = [node.patterns[0].text]  # no comment begins after a sign
        listed = values[0] if len(values) == 1 else f"({', '.join(values)})"
        text, level = f"{node.key.text}{sign}{listed}", 3
    else:
        text, level = word(node), 3
    return f"({text})" if level < above else text


def word(node: Word) -> str:
    return pattern(node.pattern)


def pattern(node: Pattern) -> str:
    """A bare one stays bare where it can be read as such."""
    bare = re.sub(r"\\\\", r"\\", node.text)
    readable = _BARE_WORD.fullmatch(node.text.replace("\\*", "").replace("\\\\", "") or "x")
    if not node.quoted and readable and node.text not in ("AND", "OR", "NOT") and bare:
        return node.text
    return _quoted_pattern(node.text)


def _quoted_pattern(text: str) -> str:
    return '"' + text.replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


# ---- names, numbers


def name(node: Name | str) -> str:
    text = node if isinstance(node, str) else node.text
    return text if _NAME.fullmatch(text) else "%" + quoted(text)


def names(nodes: Sequence[Name]) -> str:
    return ", ".join(map(name, nodes))


def number(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def duration(milliseconds: int) -> str:
    """86400000 -> 1d"""
    unit, size = next((unit, size) for unit, size in _UNITS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


# ---- expressions


def expression(node: tree.Expression, above: int = 0) -> str:
    level = next((level for kind, level in _LEVELS if isinstance(node, kind)), 8)
    if isinstance(node, tree.Binary):
        level = 5 if node.operator in "+-" else 6
    text = _written(node, level)
    return f"({text})" if level < above else text


def _written(node: tree.Expression, level: int) -> str:
    if isinstance(node, tree.Field):
        return name(node.name)
    if isinstance(node, tree.Text):
        return quoted(node.value)
    if isinstance(node, tree.Number):
        return number(node.value)
    if isinstance(node, tree.Negative):
        return f"-{expression(node.operand, 7)}"
    if isinstance(node, tree.Binary):
        return f"{expression(node.left, level)} {node.operator} {expression(node.right, level + 1)}"
    if isinstance(node, tree.Call):
        return f"{node.function}({', '.join(map(expression, node.arguments))})"
    if isinstance(node, tree.Choice):
        return f"if({expression(node.condition)}, {expression(node.yes)}, {expression(node.no)})"
    if isinstance(node, tree.AnyOf):
        return " OR ".join(expression(part, 2) for part in node.parts)
    if isinstance(node, tree.AllOf):
        return " AND ".join(expression(part, 3) for part in node.parts)
    if isinstance(node, tree.NoneOf):
        return f"NOT {expression(node.part, 3)}"
    return _compared(node)


def _compared(node: tree.Comparison | tree.In | tree.Like | tree.Fits | tree.Contains) -> str:
    if isinstance(node, tree.Comparison):
        return f"{expression(node.left, 5)} {node.operator} {expression(node.right, 5)}"
    value = expression(node.value, 5)
    if isinstance(node, tree.In):
        listed = ", ".join(map(expression, node.options))
        return f"{value} {'not in' if node.negated else 'in'} ({listed})"
    if isinstance(node, tree.Like):
        return f"{value} matches {_quoted_pattern(node.pattern.text)}"
    if isinstance(node, tree.Fits):
        return f"{value} matches {regex(node.regex, '/')}"
    return f"{value} contains {expression(node.part, 5)}"


def regex(node: tree.Regex, quote: str) -> str:
    """As written, with a backslash before a quote that has none."""
    escaped = re.sub(
        r"\\.|" + quote, lambda at: at[0] if at[0] != quote else "\\" + quote, node.text, flags=re.S
    )
    return f"{quote}{escaped}{quote}"


# ---- operators


def operator(node: tree.Operator) -> str:
    found: str = _OPERATORS[type(node)](node)
    return found


def _from(field: Name | None) -> str:
    return f" field={name(field)}" if field else ""


def _by(by: Sequence[Name]) -> str:
    return f" by {names(by)}" if by else ""


def _as(alias: Name | None) -> str:
    return f" as {name(alias)}" if alias else ""


def _flag(flag: bool, text: str) -> str:
    return f" {text}" if flag else ""


def _parse(node: tree.Parse) -> str:
    written = _quoted_pattern(node.pattern.text)
    return f"parse{_from(node.field)} {written} as {names(node.names)}{_flag(node.nodrop, 'nodrop')}"


def _parse_regex(node: tree.ParseRegex) -> str:
    flags = _flag(node.nodrop, "nodrop") + _flag(node.multi, "multi")
    return f"parse regex{_from(node.field)} {regex(node.regex, chr(34))}{flags}"


def _json(node: tree.Json) -> str:
    paths = ", ".join(quoted(_path(path)) for path in node.paths)
    return f"json{_from(node.field)} {paths} as {names(node.names)}{_flag(node.nodrop, 'nodrop')}"


def _path(path: tree.JsonPath) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in path.steps).removeprefix(".")


def _timeslice(node: tree.Timeslice) -> str:
    width = duration(node.width_ms) if node.width_ms else f"{node.buckets} buckets"
    return f"timeslice {width}{_as(node.alias)}"


def measure(node: tree.Measure) -> str:
    rank = f", {number(node.rank)}" if node.rank is not None else ""
    argument = f"({expression(node.argument)}{rank})" if node.argument is not None else ""
    return f"{node.function}{argument}{_as(node.alias)}"


def _sort(node: tree.Sort) -> str:
    return "sort by " + ", ".join(name(key.name) + _flag(key.ascending, "asc") for key in node.keys)


def _top(node: tree.Top) -> str:
    by = measure(node.by) if isinstance(node.by, tree.Measure) else name(node.by)
    return f"top {node.count} {names(node.names)} by {by}"


def _outlier(node: tree.Outlier) -> str:
    options = f" window={node.window} threshold={number(node.threshold)}"
    options += f" consecutive={node.consecutive} direction={node.direction}"
    return f"outlier {name(node.name)}{options}{_by(node.by)}"


def _compare(node: tree.Compare) -> str:
    several = f" {node.count}" if node.count > 1 or node.function else ""
    function = f" {node.function}" if node.function else ""
    return f"compare timeshift {duration(node.shift_ms)}{several}{function}"


_OPERATORS: dict[type, Callable[[Any], str]] = {
    tree.Parse: _parse,
    tree.ParseRegex: _parse_regex,
    tree.Json: _json,
    tree.JsonAuto: lambda node: f"json{_from(node.field)} auto{_flag(node.nodrop, 'nodrop')}",
    tree.Where: lambda node: f"where {expression(node.condition)}",
    tree.Assign: lambda node: f"{_assigned(node.expression)} as {name(node.name)}",
    tree.Fields: lambda node: f"fields {'- ' if node.remove else ''}{names(node.names)}",
    tree.Timeslice: _timeslice,
    tree.Aggregate: lambda node: ", ".join(map(measure, node.measures)) + _by(node.by),
    tree.Sort: _sort,
    tree.Limit: lambda node: f"limit {node.count}",
    tree.Top: _top,
    tree.Transpose: lambda node: f"transpose row {names(node.rows)} column {names(node.columns)}",
    tree.Total: lambda node: f"total {name(node.name)}{_by(node.by)}{_as(node.alias)}",
    tree.Accum: lambda node: f"accum {name(node.name)}{_by(node.by)}{_as(node.alias)}",
    tree.Diff: lambda node: f"diff {name(node.name)}{_by(node.by)}{_as(node.alias)}",
    tree.RollingStd: lambda node: (
        f"rollingstd {name(node.name)}, {node.window}{_by(node.by)}{_as(node.alias)}"
    ),
    tree.Outlier: _outlier,
    tree.Predict: lambda node: f"predict {name(node.name)} forecast={node.forecast}{_by(node.by)}",
    tree.Compare: _compare,
    tree.LogReduce: lambda node: f"logreduce{_from(node.field)}{_by(node.by)}",
}


def _assigned(node: tree.Expression) -> str:
    """In brackets where its first word would be read as an operator's."""
    return f"({expression(node)})"
