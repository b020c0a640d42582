"""What lines are called."""

from __future__ import annotations

import re
from collections.abc import Sequence

from heapwatch.errors import UsageError
from heapwatch.query.graphite.combine import first_path, key_of
from heapwatch.query.graphite.lines import Line
from heapwatch.query.graphite.table import NODES, SERIES, Function, Param
from heapwatch.query.promql.matching import BadPattern, compiled


def _alias(lines: Sequence[Line], name: str) -> list[Line]:
    return [line.named(name) for line in lines]


def _by_node(lines: Sequence[Line], *nodes: object) -> list[Line]:
    return [line.named(key_of(line, nodes)) for line in lines]


def _by_metric(lines: Sequence[Line]) -> list[Line]:
    return [line.named(first_path(line.name).split(";")[0].split(".")[-1]) for line in lines]


def _sub(lines: Sequence[Line], search: str, replace: str) -> list[Line]:
    """`\\1` stands for what the first group found."""
    try:
        expression = compiled(search)
        template = re.sub(r"\\g<(\w+)>", r"\\\1", replace)
        return [line.named(expression.sub(template, line.name)) for line in lines]
    except BadPattern as error:
        raise UsageError(f"aliasSub: {search[:60]!r} is not a regular expression: {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever the library says of a template
        raise UsageError(f"aliasSub: {replace[:60]!r} cannot be put in place: {error}") from None


def _substr(lines: Sequence[Line], start: float = 0, stop: float = 0) -> list[Line]:
    found = []
    for line in lines:
        nodes = first_path(line.name).split(".")
        found.append(line.named(".".join(nodes[int(start) : int(stop) or None])))
    return found


FUNCTIONS = (
    Function("alias", "Alias", "the name that is given", (SERIES, Param("newName", "string")), _alias),
    Function("aliasByNode", "Alias", "some of the path's nodes", (SERIES, NODES), _by_node),
    Function("aliasByTags", "Alias", "some of the tags", (SERIES, NODES), _by_node),
    Function("aliasByMetric", "Alias", "the path's last node", (SERIES,), _by_metric),
    Function(
        "aliasSub", "Alias", "the name with what a regular expression (RE2) finds replaced",
        (SERIES, Param("search", "string"), Param("replace", "string")), _sub,
    ),
    Function(
        "substr", "Alias", "a run of the path's nodes",
        (SERIES, Param("start", "integer", False, 0), Param("stop", "integer", False, 0)), _substr,
    ),
)  # fmt: skip
