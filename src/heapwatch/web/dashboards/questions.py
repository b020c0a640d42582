"""The queries in a dashboard's text: read with every variable at its default, errors at their line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import yaml

from heapwatch.query.check import check
from heapwatch.query.errors import QueryError
from heapwatch.query.logs import parse as logs_language
from heapwatch.query.parse import parse
from heapwatch.web.dashboards.model import Dashboard, Variable
from heapwatch.web.dashboards.variables import substitute, used

Path = tuple[str | int, ...]
AUTO = "1m"
"""What an interval variable stands for while nothing was chosen; the screens take one that fits."""


class Fault(NamedTuple):
    """What is wrong where; counted from 1."""

    line: int
    column: int
    message: str


def defaults(dashboard: Dashboard) -> dict[str, list[str]]:
    """Every variable with the value it has at first."""
    return {variable.name: _default(variable) for variable in dashboard.variables}


def _default(variable: Variable) -> list[str]:
    if variable.kind == "interval":
        return [variable.default if isinstance(variable.default, str) and variable.default else AUTO]
    if isinstance(variable.default, list):
        return variable.default or ["*"]
    if variable.kind == "choice" and not variable.default:
        return variable.choices[:1]
    return [variable.default or "*"]


def questions(dashboard: Dashboard) -> Iterator[tuple[Path, str, str]]:
    """(where, language, text) of every query, as written."""
    for place, variable in enumerate(dashboard.variables):
        if variable.query:
            yield ("variables", place, "query"), "metrics", variable.query
    for place, panel in enumerate(dashboard.panels):
        if panel.query is not None:
            yield ("panels", place, "query"), "metrics", panel.query
        if panel.logs is not None:
            yield ("panels", place, "logs"), "logs", panel.logs
        if panel.limit_query is not None:
            yield ("panels", place, "limit_query"), "metrics", panel.limit_query
        if panel.overlay is not None:
            yield ("panels", place, "overlay", "logs"), "logs", panel.overlay.logs


def faults_of_queries(dashboard: Dashboard, nodes: Mapping[Path, yaml.Node]) -> Iterator[Fault]:
    """Variables that nobody declared, names taken twice, and what the languages do not understand."""
    known = defaults(dashboard)
    for place, variable in enumerate(dashboard.variables):
        if any(other.name == variable.name for other in dashboard.variables[:place]):
            yield _at(nodes[("variables", place)], 1, f"there are two variables named {variable.name}")
    for path, language, text in questions(dashboard):
        unknown = sorted(used(text) - set(known))
        for name in unknown:
            line = 1 + text[: text.index(f"${name}") if f"${name}" in text else 0].count("\n")
            yield _at(nodes[path], line, f"there is no variable `{name}`")
        if not unknown:
            try:
                understood(language, substitute(text, known))
            except QueryError as error:
                yield _at(
                    nodes[path], error.line, f"{error.reason}; {error.hint}" if error.hint else error.reason
                )


def understood(language: str, text: str) -> None:
    """Nothing, or a QueryError."""
    if language == "logs":
        logs_language.parse(text)
    else:
        check(parse(text), text)


def filled(dashboard: Dashboard) -> Iterator[tuple[Path, str, str]]:
    """The same with every variable at its default: what can be run."""
    values = defaults(dashboard)
    for path, language, text in questions(dashboard):
        yield path, language, substitute(text, values)


def _at(node: yaml.Node, line: int, message: str) -> Fault:
    """Line `line` of a text; a block (`|`) begins under its first line."""
    mark = node.start_mark
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return Fault(mark.line + line + (1 if block else 0), mark.column + 1, message)
