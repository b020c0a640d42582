"""Several lines into one, or one for each group of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.query.errors import QueryError
from heapwatch.query.graphite.expression import Call, Node, Path, parse
from heapwatch.query.graphite.lines import Floats, Line, expressions, number, stacked
from heapwatch.query.graphite.reducing import percentile, reducer
from heapwatch.query.graphite.table import MANY, NODES, SERIES, Function, Param

CALLBACK = Param("callback", "aggFunc", required=False, default="average")


def aggregate(lines: Sequence[Line], function: str, name: str | None = None) -> list[Line]:
    if not lines:
        return []
    values = reducer(function)(stacked(lines))
    told = name or f"{function.removesuffix('Series')}Series({expressions(lines)})"
    tags = {
        key: value
        for key, value in lines[0].tags.items()
        if all(each.tags.get(key) == value for each in lines)
    }
    return [Line(told, lines[0].start, lines[0].step, values, told, tags)]


def _combined(function: str) -> Callable[..., list[Line]]:
    def apply(*lists: Sequence[Line]) -> list[Line]:
        return aggregate([line for lines in lists for line in lines], function)

    return apply


def _multiply(*lists: Sequence[Line]) -> list[Line]:
    lines = [line for each in lists for line in each]
    return lines if len(lines) == 1 else aggregate(lines, "multiply")


def _count(*lists: Sequence[Line]) -> list[Line]:
    """How many there are, whether they have a value or not."""
    lines = [line for each in lists for line in each]
    return [line.of(np.full(len(line.values), float(len(lines)))) for line in aggregate(lines, "count")]


def _group(*lists: Sequence[Line]) -> list[Line]:
    return [line for lines in lists for line in lines]


def _percentile_of(lines: Sequence[Line], rank: float) -> list[Line]:
    if not lines:
        return []
    name = f"percentileOfSeries({lines[0].path},{number(rank)})"
    return [Line(name, lines[0].start, lines[0].step, percentile(stacked(lines), rank), name)]


def _divided(values: Floats, by: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.where(by == 0, np.nan, values / by)


def _divide(dividends: Sequence[Line], divisors: Sequence[Line]) -> list[Line]:
    if len(divisors) > 1:
        raise UsageError(f"divideSeries: the divisor is one series, not {len(divisors)}")
    found = []
    for line in dividends:
        if not divisors:
            found.append(line.of(np.full(len(line.values), np.nan), f"divideSeries({line.name},MISSING)"))
            continue
        both = stacked([line, divisors[0]])
        name = f"divideSeries({line.name},{divisors[0].name})"
        found.append(line.of(_divided(both[0], both[1]), name))
    return found


def _divide_lists(dividends: Sequence[Line], divisors: Sequence[Line]) -> list[Line]:
    if len(dividends) != len(divisors):
        raise UsageError("divideSeriesLists: both lists have as many series")
    pairs = zip(
        sorted(dividends, key=lambda each: each.name),
        sorted(divisors, key=lambda each: each.name),
        strict=True,
    )
    return [
        one.of(_divided(*stacked([one, other])), f"divideSeries({one.name},{other.name})")
        for one, other in pairs
    ]


def _as_percent(
    lines: Sequence[Line], total: Sequence[Line] | float | None = None, *nodes: object
) -> list[Line]:
    if not lines:
        return []
    if nodes:
        return _percent_of_groups(lines, total, nodes)
    if isinstance(total, int | float):
        whole, name = np.full(len(lines[0].values), float(total)), str(total)
        return [_share(line, whole, name) for line in lines]
    if total is None:
        [of] = aggregate(lines, "sum")
        return [_share(line, of.values, of.name) for line in lines]
    if len(total) == 1:
        stacked([lines[0], total[0]])
        return [_share(line, total[0].values, total[0].name) for line in lines]
    if len(total) != len(lines):
        raise UsageError(
            "asPercent: the total is missing, a number, one series, or as many as there are series"
        )
    pairs = zip(
        sorted(lines, key=lambda each: each.name), sorted(total, key=lambda each: each.name), strict=True
    )
    return [_share(line, other.values, other.name) for line, other in pairs]


def _percent_of_groups(
    lines: Sequence[Line], total: Sequence[Line] | float | None, nodes: Sequence[object]
) -> list[Line]:
    if isinstance(total, int | float):
        raise UsageError("asPercent: with nodes the total is missing or a list of series")
    of = {key: aggregate(each, "sum")[0] if len(each) > 1 else each[0]
          for key, each in grouped(lines if total is None else total, nodes).items()}  # fmt: skip
    found = []
    for key, members in grouped(lines, nodes).items():
        for line in members:
            if key in of:
                found.append(_share(line, of[key].values, of[key].name))
            else:
                none = np.full(len(line.values), np.nan)
                found.append(line.of(none, f"asPercent({line.name},MISSING)"))
    return found


def _share(line: Line, whole: Floats, name: str) -> Line:
    return line.of(_divided(line.values, whole) * 100, f"asPercent({line.name},{name})")


# ---- groups


def node_or_tag(line: Line, path: str, wanted: object) -> str:
    """The node of that number (from the end when negative), or the value of that tag."""
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        parts = path.split(";")[0].split(".")
        place = int(wanted)
        if -len(parts) <= place < len(parts):
            return parts[place]
    return line.tags.get(str(wanted), "")


def key_of(line: Line, nodes: Sequence[object]) -> str:
    path = first_path(line.name) if line.name.endswith(")") else line.name
    return ".".join(node_or_tag(line, path, wanted) for wanted in nodes)


def first_path(name: str) -> str:
    """The first path in the name of a line that went through functions."""

    def first(node: Node) -> str | None:
        if isinstance(node, Path):
            return node.text
        if isinstance(node, Call):
            return next(filter(None, map(first, node.arguments)), None)
        return None

    try:
        return first(parse(name)) or name
    except QueryError:
        return name


def grouped(lines: Sequence[Line], nodes: Sequence[object]) -> Mapping[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(key_of(line, nodes), []).append(line)
    return found


def _group_by_nodes(lines: Sequence[Line], callback: str, *nodes: object) -> list[Line]:
    return [aggregate(members, callback)[0].named(key) for key, members in grouped(lines, nodes).items()]


def _group_by_node(lines: Sequence[Line], node: object, callback: str = "average") -> list[Line]:
    return _group_by_nodes(lines, callback, node)


def _group_by_tags(lines: Sequence[Line], callback: str, *tags: object) -> list[Line]:
    names = [str(tag) for tag in tags]
    if not names:
        raise UsageError("groupByTags: name at least one tag")
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line.tags.get(name, "") for name in names), []).append(line)
    found = []
    for values, members in groups.items():
        told = dict(zip(names, values, strict=True))
        name = told.get("name") or callback
        rest = "".join(f";{tag}={told[tag]}" for tag in sorted(told) if tag != "name")
        [line] = aggregate(members, callback)
        found.append(
            Line(name + rest, line.start, line.step, line.values, name + rest, {"name": name, **told})
        )
    return found


def _with_wildcards(function: str) -> Callable[..., list[Line]]:
    def apply(lines: Sequence[Line], *positions: float) -> list[Line]:
        return _aggregate_wildcards(lines, function, *positions)

    return apply


def _aggregate_wildcards(lines: Sequence[Line], function: str, *positions: float) -> list[Line]:
    """Groups are what is left of the names without the nodes at these places."""
    dropped = {int(position) for position in positions}
    groups: dict[str, list[Line]] = {}
    for line in lines:
        path = first_path(line.name) if line.name.endswith(")") else line.name
        key = ".".join(node for place, node in enumerate(path.split(".")) if place not in dropped)
        groups.setdefault(key, []).append(line)
    return [aggregate(members, function)[0].named(key) for key, members in groups.items()]


_POSITIONS = Param("positions", "integer", multiple=True)
_SUMS = (
    ("sumSeries", "sum", "adds series up"),
    ("sum", "sum", "short for sumSeries"),
    ("averageSeries", "average", "the mean of series"),
    ("avg", "average", "short for averageSeries"),
    ("maxSeries", "max", "the greatest of series at each time"),
    ("minSeries", "min", "the least of series at each time"),
    ("diffSeries", "diff", "the first series less all others"),
    ("rangeOfSeries", "rangeOf", "greatest less least at each time"),
    ("stddevSeries", "stddev", "standard deviation at each time"),
)

FUNCTIONS = (
    *(Function(name, "Combine", about, (MANY,), _combined(how)) for name, how, about in _SUMS),
    Function("countSeries", "Combine", "how many series there are", (MANY,), _count),
    Function("multiplySeries", "Combine", "multiplies series", (MANY,), _multiply),
    Function("group", "Combine", "several lists as one", (MANY,), _group),
    Function(
        "aggregate", "Combine", "one series of all, by sum, average, ...",
        (SERIES, Param("func", "aggFunc")), aggregate,
    ),
    Function(
        "percentileOfSeries", "Combine", "a percentile of series at each time", (SERIES, Param("n", "float")),
        _percentile_of,
    ),
    Function(
        "divideSeries", "Combine", "each series by one",
        (Param("dividendSeriesList", "seriesList"), Param("divisorSeries", "seriesList")), _divide,
    ),
    Function(
        "divideSeriesLists", "Combine", "pairs of series",
        (Param("dividendSeriesList", "seriesList"), Param("divisorSeriesList", "seriesList")), _divide_lists,
    ),
    Function(
        "asPercent", "Combine", "shares of the total, or of a given one",
        (SERIES, Param("total", "any", required=False), Param("nodes", "nodeOrTag", False, multiple=True)),
        _as_percent,
    ),
    Function(
        "groupByNode", "Combine", "one series for each value of a node",
        (SERIES, Param("nodeNum", "nodeOrTag"), CALLBACK), _group_by_node,
    ),
    Function(
        "groupByNodes", "Combine", "one series for each combination of nodes",
        (SERIES, Param("callback", "aggFunc"), NODES), _group_by_nodes,
    ),
    Function(
        "groupByTags", "Combine", "one series for each combination of tags",
        (SERIES, Param("callback", "aggFunc"), Param("tags", "string", multiple=True)), _group_by_tags,
    ),
    Function(
        "sumSeriesWithWildcards", "Combine", "adds up what differs at some nodes only", (SERIES, _POSITIONS),
        _with_wildcards("sum"),
    ),
    Function(
        "averageSeriesWithWildcards", "Combine", "the mean of what differs at some nodes only",
        (SERIES, _POSITIONS), _with_wildcards("average"),
    ),
    Function(
        "aggregateWithWildcards", "Combine", "one series of what differs at some nodes only",
        (SERIES, Param("func", "aggFunc"), _POSITIONS), _aggregate_wildcards,
    ),
)  # fmt: skip
