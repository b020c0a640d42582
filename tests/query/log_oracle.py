"""What a log query answers, worked out in plain Python over a list of messages.

Nothing here is shared with the code it judges but the tree of the query; regular expressions are Python's,
over a part of their syntax that means the same there.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from heapwatch.query.logs import tree
from heapwatch.query.tree import And, Match, Not, Or, Pattern, Word

Row = dict[str, Any]

_NUMBER = re.compile(r" *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)? *")
_TOKEN = "[0-9A-Za-z\u0080-\U0010ffff]"


@dataclass
class Messages:
    """Messages with the labels of their sources, in the order of arrival."""

    rows: list[Row]  # time, labels, level, text

    def within(self, from_: int, to: int) -> list[Row]:
        found = []
        for seq, each in enumerate(self.rows):
            if from_ <= each["time"] < to:
                row = {"_time": float(each["time"]), "_level": each["level"], "_text": each["text"]}
                found.append({"#": (each["time"], seq), "#labels": each["labels"], **row})
        return sorted(found, key=lambda row: row["#"], reverse=True)


@dataclass
class Result:
    rows: list[Row]
    columns: list[str]
    messages: bool = True
    numbers: set[str] = field(default_factory=lambda: {"_time"})
    times: set[str] = field(default_factory=lambda: {"_time"})
    labels: bool = True
    removed: set[str] = field(default_factory=set)
    sorted: bool = False


def answer(query: tree.LogQuery, messages: Messages, from_: int, to: int) -> Result:
    rows = [row for row in messages.within(from_, to) if _in_scope(query.scope, row)]
    result = Result(rows, ["_time", "_level", "_text"])
    for place, node in enumerate(query.operators):
        if isinstance(node, tree.Compare):
            _compare(result, node, [
                answer(
                    tree.LogQuery(query.scope, query.operators[:place]),
                    messages,
                    from_ - node.shift_ms * number,
                    to - node.shift_ms * number,
                )
                for number in range(1, node.count + 1)
            ])  # fmt: skip
        elif isinstance(node, tree.Timeslice):
            _timeslice(result, node)
        else:
            _OPERATORS[type(node)](result, node)
    if not result.messages and not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    return result


# ---- values


def number(value: Any) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(value)


def natural(value: Any) -> tuple[int, float, bytes]:
    found = number(value)
    if found is not None:
        return 0, found, b""
    return (2, 0.0, b"") if value is None else (1, 0.0, value.encode())


def look(result: Result, row: Row, name: str) -> Any:
    return row[name] if name in result.columns else row["#labels"].get(name)


def value(result: Result, row: Row, node: Any) -> Any:
    def inner(each: Any) -> Any:
        return value(result, row, each)

    if isinstance(node, tree.Field):
        return look(result, row, node.name)
    if isinstance(node, (tree.Number, tree.Text)):
        return node.value
    if isinstance(node, tree.Negative):
        found = number(inner(node.operand))
        return None if found is None else -found
    if isinstance(node, tree.Choice):
        kinds = {_is_number(result, node.yes), _is_number(result, node.no)}
        chosen = inner(node.yes if holds(result, row, node.condition) else node.no)
        return chosen if len(kinds) == 1 else text(chosen)
    if isinstance(node, tree.Binary):
        a, b = number(inner(node.left)), number(inner(node.right))
        if a is None or b is None or (node.operator in "/%" and b == 0):
            return None
        return {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b,
                "%": lambda: math.fmod(a, b)}[node.operator]()  # fmt: skip
    return _call(node.function.lower(), [inner(each) for each in node.arguments])


def _call(function: str, given: list[Any]) -> Any:
    if function == "concat":
        return "".join(text(each) or "" for each in given)
    if given[0] is None:
        return None
    if function in ("num", "abs", "round", "floor", "ceil"):
        found = number(given[0])
        if found is None:
            return None
        half_up = math.copysign(math.floor(abs(found) + 0.5), found)
        return {"num": found, "abs": abs(found), "round": half_up, "floor": math.floor(found),
                "ceil": math.ceil(found)}[function]  # fmt: skip
    said = text(given[0]) or ""
    if function == "substring":
        begin = max(0, int(number(given[1]) or 0))
        end = len(said) if len(given) == 2 else int(number(given[2]) or 0)
        return said[begin : max(begin, end)]
    return {"length": float(len(said)), "tolowercase": said.lower(), "touppercase": said.upper(),
            "trim": said.strip(" ")}[function]  # fmt: skip


def _is_number(result: Result, node: Any) -> bool:
    if isinstance(node, tree.Field):
        return node.name in result.numbers
    if isinstance(node, tree.Choice):
        return _is_number(result, node.yes) and _is_number(result, node.no)
    if isinstance(node, tree.Call):
        return node.function.lower() in ("num", "abs", "round", "floor", "ceil", "length")
    return isinstance(node, (tree.Number, tree.Binary, tree.Negative))


def holds(result: Result, row: Row, node: Any) -> bool:
    def inner(each: Any) -> Any:
        return value(result, row, each)

    if isinstance(node, tree.AllOf):
        return all(holds(result, row, part) for part in node.parts)
    if isinstance(node, tree.AnyOf):
        return any(holds(result, row, part) for part in node.parts)
    if isinstance(node, tree.NoneOf):
        return not holds(result, row, node.part)
    if isinstance(node, tree.Comparison):
        return compared(node.operator, inner(node.left), inner(node.right))
    if isinstance(node, tree.In):
        return node.negated != any(compared("=", inner(node.value), inner(each)) for each in node.options)
    if isinstance(node, tree.Call):
        found = inner(node.arguments[0])
        return {"isnull": found is None, "isempty": (text(found) or "") == "",
                "isnumeric": number(found) is not None}[node.function.lower()]  # fmt: skip
    said = text(inner(node.value))
    if said is None:
        return False
    if isinstance(node, tree.Like):
        return re.fullmatch(wild(node.pattern.text, ".*"), said, re.DOTALL) is not None
    if isinstance(node, tree.Fits):
        return re.search(node.regex.text, said, re.ASCII) is not None
    part = text(inner(node.part))
    return part is not None and part in said


def compared(sign: str, a: Any, b: Any) -> bool:
    if sign == "!=":
        return not compared("=", a, b)
    if a is None or b is None:
        return False
    x, y = number(a), number(b)
    if (x is None) != (y is None):
        return False
    left: Any = x if x is not None else str(a).encode()
    right: Any = y if y is not None else str(b).encode()
    return {"=": left == right, "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right}[sign]  # fmt: skip


def wild(pattern: str, star: str) -> str:
    parts = re.findall(r"\\.|\*+|[^*\\]+|\\$", pattern, re.DOTALL)
    return "".join(
        star if part[0] == "*" else re.escape(part[1:] if part in (r"\*", r"\\") else part) for part in parts
    )


# ---- scope


def _in_scope(node: Any, row: Row) -> bool:
    if isinstance(node, tree.Everything):
        return True
    if isinstance(node, And):
        return all(_in_scope(part, row) for part in node.parts)
    if isinstance(node, Or):
        return any(_in_scope(part, row) for part in node.parts)
    if isinstance(node, Not):
        return not _in_scope(node.part, row)
    if isinstance(node, Word):
        return said(node.pattern, row["_text"])
    if node.key.text == "_level":
        return any(_fits(each, row["_level"]) for each in node.patterns) != node.negated
    assert isinstance(node, Match)
    found = row["#labels"].get(node.key.text, "")
    return any(_fits(each, found) for each in node.patterns) != node.negated


def _fits(pattern: Pattern, found: str) -> bool:
    if not found:
        return not pattern.text
    return re.fullmatch(wild(pattern.text, ".*"), found, re.DOTALL | re.IGNORECASE) is not None


def said(pattern: Pattern, message: str) -> bool:
    """The word or phrase stands in the message, from the edge of a token to the edge of a token."""
    if not pattern.text.strip("*"):
        return True
    regex = wild(pattern.text, f"{_TOKEN}*")
    plain = re.sub(r"\\(.)", r"\1", pattern.text)
    if re.match(rf"{_TOKEN}|\*", plain) and not pattern.text.startswith(r"\*"):
        regex = rf"(?<!{_TOKEN})" + regex
    if re.search(rf"(?:{_TOKEN}|\*)\Z", plain) and not pattern.text.endswith(r"\*"):
        regex += rf"(?!{_TOKEN})"
    return re.search(regex, message, re.IGNORECASE | re.DOTALL) is not None


# ---- operators on rows


def _made(result: Result, row: Row, name: str, found: Any) -> Row:
    return {**row, name: found}


def _add_columns(result: Result, names: Sequence[str], numeric: bool = False) -> None:
    for name in names:
        if name in result.columns:
            result.columns.remove(name)
        result.columns.append(name)
        result.times.discard(name)
        (result.numbers.add if numeric else result.numbers.discard)(name)


def _from_regex(result: Result, node: Any, regex: str, names: dict[str, int], multi: bool) -> None:
    rows = []
    for row in result.rows:
        source = text(look(result, row, node.field.text if node.field else "_text")) or ""
        finds = list(re.finditer(regex, source, re.ASCII))
        for place, each in enumerate(finds if multi else finds[:1]):
            rows.append(
                {**row, "#": (*row["#"], place), **{name: each[at] or "" for name, at in names.items()}}
            )
        if not finds and node.nodrop:
            rows.append({**row, **dict.fromkeys(names)})
    result.rows = rows
    _add_columns(result, list(names))


def _parse(result: Result, node: tree.Parse) -> None:
    pieces = wild(node.pattern.text, "\0").split("\0")
    regex = pieces[0]
    for place, piece in enumerate(pieces[1:], 1):
        regex += (r"([^\n]*)" if place == len(pieces) - 1 and not piece else r"([^\n]*?)") + piece
    _from_regex(result, node, regex, {name.text: at for at, name in enumerate(node.names, 1)}, False)


def _parse_regex(result: Result, node: tree.ParseRegex) -> None:
    regex = node.regex.text.replace("(?<", "(?P<")
    _from_regex(result, node, regex, dict(re.compile(regex, re.ASCII).groupindex), node.multi)


def _json(result: Result, node: tree.Json) -> None:
    rows = []
    for row in result.rows:
        source = text(look(result, row, node.field.text if node.field else "_text")) or ""
        try:
            found = [_at(json.loads(source), path.steps) for path in node.paths]
        except ValueError:
            found = [(False, None)] * len(node.paths)
        if node.nodrop or any(there for there, _ in found):
            made = {name.text: each for name, (_, each) in zip(node.names, found, strict=True)}
            rows.append({**row, **made})
    result.rows = rows
    _add_columns(result, [name.text for name in node.names])


def _at(found: Any, steps: Sequence[str | int]) -> tuple[bool, str | None]:
    for step in steps:
        if (isinstance(step, int) and isinstance(found, list) and step < len(found)) or (
            isinstance(step, str) and isinstance(found, dict) and step in found
        ):
            found = found[step]
        else:
            return False, None
    if found is None or isinstance(found, str):
        return True, found
    return True, json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _where(result: Result, node: tree.Where) -> None:
    result.rows = [row for row in result.rows if holds(result, row, node.condition)]


def _assign(result: Result, node: tree.Assign) -> None:
    made = [{**row, node.name.text: value(result, row, node.expression)} for row in result.rows]
    numeric = _is_number(result, node.expression)
    result.rows = made
    _add_columns(result, [node.name.text], numeric)


def _fields(result: Result, node: tree.Fields) -> None:
    names = [name.text for name in node.names]
    if node.remove:
        result.columns = [name for name in result.columns if name not in names]
        result.removed |= set(names)
        return
    for row in result.rows:
        row.update({name: look(result, row, name) for name in names})
    keep = ["_time"] if result.messages and "_time" in result.columns else []
    result.columns = [*keep, *(name for name in names if name not in keep)]
    result.labels = False


def _timeslice(result: Result, node: tree.Timeslice) -> None:
    assert node.width_ms
    name = node.alias.text if node.alias else "_timeslice"
    for row in result.rows:
        row[name] = float(row["_time"] // node.width_ms * node.width_ms)
    _add_columns(result, [name], True)
    result.times.add(name)


def _aggregate(result: Result, node: tree.Aggregate) -> None:
    groups: dict[tuple[Any, ...], list[Row]] = {} if node.by else {(): []}
    for row in result.rows:
        groups.setdefault(tuple(look(result, row, name.text) for name in node.by), []).append(row)
    names = [name.text for name in node.by]
    slices = [name for name in names if name in result.times and name != "_time"]
    kinds, times = result.numbers & set(names), result.times & set(names)
    rows = []
    for key, members in groups.items():
        made = dict(zip(names, key, strict=True))
        for each in node.measures:
            made[_name(each)] = _measured(result, each, members)
        rows.append(made)
    texts = {"values", "first", "last"}
    kinds |= {_name(each) for each in node.measures if each.function not in texts}
    ordered = [*slices, *(name for name in names if name not in slices), *map(_name, node.measures)]
    result.__init__(rows, ordered, False, kinds, times, False)  # type: ignore[misc]


def _name(node: tree.Measure) -> str:
    rank = f"_{node.rank:g}" if node.rank is not None else ""
    return node.alias.text if node.alias else f"_{node.function}{rank}"


def _measured(result: Result, node: tree.Measure, members: list[Row]) -> Any:
    if node.argument is None:
        return float(len(members))
    rows = sorted(members, key=lambda row: row["#"]) if result.messages else members
    found = [value(result, row, node.argument) for row in rows]
    there = [text(each) for each in found if each is not None]
    numbers = [each for each in map(number, found) if each is not None]
    if node.function == "count":
        return float(len(there))
    if node.function == "count_distinct":
        return float(len(set(there)))
    if node.function == "values":
        every = sorted(set(there), key=lambda each: each.encode())
        return "\n".join(every[:100] + ([f"… and {len(every) - 100} more"] if len(every) > 100 else []))
    if node.function in ("first", "last"):
        return (there[0] if node.function == "first" else there[-1]) if there else None
    if not numbers:
        return None
    return {
        "sum": math.fsum,
        "avg": statistics.fmean,
        "min": min,
        "max": max,
        "median": statistics.median,
        "stddev": lambda some: statistics.stdev(some) if len(some) > 1 else 0.0,
        "pct": lambda some: _percentile(some, node.rank or 0.0),
    }[node.function](numbers)


def _percentile(numbers: list[float], rank: float) -> float:
    some, place = sorted(numbers), (len(numbers) - 1) * rank / 100
    low = math.floor(place)
    high = min(low + 1, len(some) - 1)
    return some[low] + (some[high] - some[low]) * (place - low)


def _sort(result: Result, node: tree.Sort) -> None:
    if result.messages:
        result.rows.sort(key=lambda row: (-row["#"][0], -row["#"][1], *row["#"][2:]))
    elif all("@" in row for row in result.rows):
        result.rows.sort(key=lambda row: row["@"])
    else:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    for key in reversed(node.keys):
        found = [look(result, row, key.name.text) for row in result.rows]
        pairs = list(zip(found, result.rows, strict=True))
        there = [pair for pair in pairs if pair[0] is not None]
        there.sort(key=lambda pair: natural(pair[0]), reverse=not key.ascending)
        if not key.ascending:  # reversed ties go back
            there = _stable_descending([pair for pair in pairs if pair[0] is not None])
        result.rows = [row for _, row in there] + [row for each, row in pairs if each is None]
    result.sorted = True


def _stable_descending(pairs: list[tuple[Any, Row]]) -> list[tuple[Any, Row]]:
    backwards = pairs[::-1]
    backwards.sort(key=lambda pair: natural(pair[0]))
    return backwards[::-1]


def _limit(result: Result, node: tree.Limit) -> None:
    if not result.messages and not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
    result.rows = result.rows[: node.count]


def _top(result: Result, node: tree.Top) -> None:
    by = node.by
    if isinstance(by, tree.Measure):
        _aggregate(result, tree.Aggregate((by,), node.names))
        by = tree.Name(_name(by))
    keys = (tree.SortKey(by), *(tree.SortKey(name, True) for name in node.names))
    _sort(result, tree.Sort(keys))
    _limit(result, tree.Limit(node.count))


# ---- operators on tables


def _groups(result: Result, by: Sequence[tree.Name]) -> list[list[Row]]:
    if not result.sorted:
        result.rows.sort(key=lambda row: [natural(row[name]) for name in result.columns])
        result.sorted = True
    for place, row in enumerate(result.rows):
        row["@"] = place  # a table has an order of its own
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in result.rows:
        groups.setdefault(tuple(row[name.text] for name in by), []).append(row)
    slices = [name for name in result.columns if name in result.times]
    for rows in groups.values():
        if slices:
            rows.sort(key=lambda row: row[slices[0]])
    return list(groups.values())


def _total(result: Result, node: tree.Total) -> None:
    name = node.alias.text if node.alias else "_total"
    for rows in _groups(result, node.by):
        numbers = [n for n in (number(row[node.name.text]) for row in rows) if n is not None]
        for row in rows:
            row[name] = math.fsum(numbers) if numbers else None
    _add_columns(result, [name], True)


def _accum(result: Result, node: tree.Accum) -> None:
    name = node.alias.text if node.alias else "_accum"
    for rows in _groups(result, node.by):
        so_far = 0.0
        for row in rows:
            so_far += number(row[node.name.text]) or 0.0
            row[name] = so_far
    _add_columns(result, [name], True)


def _diff(result: Result, node: tree.Diff) -> None:
    name = node.alias.text if node.alias else "_diff"
    for rows in _groups(result, node.by):
        before = None
        made = []
        for row in rows:
            now = number(row[node.name.text])
            made.append(None if before is None or now is None else now - before)
            before = now
        for row, each in zip(rows, made, strict=True):
            row[name] = each
    _add_columns(result, [name], True)


def _rollingstd(result: Result, node: tree.RollingStd) -> None:
    name = node.alias.text if node.alias else "_rollingstd"
    for rows in _groups(result, node.by):
        numbers = [number(row[node.name.text]) for row in rows]
        for place, row in enumerate(rows):
            window = [n for n in numbers[max(0, place + 1 - node.window) : place + 1] if n is not None]
            row[name] = statistics.stdev(window) if len(window) > 1 else None
    _add_columns(result, [name], True)


def _outlier(result: Result, node: tree.Outlier) -> None:
    name = node.name.text
    for rows in _groups(result, node.by):
        numbers = [number(row[name]) for row in rows]
        out = []
        for place, row in enumerate(rows):
            window = [n for n in numbers[max(0, place - node.window) : place] if n is not None]
            row[f"{name}_lower"] = row[f"{name}_upper"] = None
            out.append(False)
            if len(window) > 1:
                mean, wide = statistics.fmean(window), node.threshold * statistics.stdev(window)
                row[f"{name}_lower"], row[f"{name}_upper"] = mean - wide, mean + wide
                now = numbers[place]
                above = now is not None and now > mean + wide and "+" in node.direction
                below = now is not None and now < mean - wide and "-" in node.direction
                out[-1] = above or below
        for place, row in enumerate(rows):
            run = any(
                all(out[start : start + node.consecutive]) and start + node.consecutive <= len(out)
                for start in range(max(0, place - node.consecutive + 1), place + 1)
            )
            row[f"{name}_violation"] = 1.0 if out[place] and run else 0.0
    _add_columns(result, [f"{name}_lower", f"{name}_upper", f"{name}_violation"], True)


def _predict(result: Result, node: tree.Predict) -> None:
    name, new = node.name.text, []
    keys = {each.text for each in node.by}
    (slices,) = [each for each in result.columns if each in result.times]
    for rows in _groups(result, node.by):
        points = [(row[slices], number(row[name])) for row in rows if number(row[name]) is not None]
        for row in rows:
            row["_predicted"] = None
        if len({x for x, _ in points}) < 2:
            continue
        slope, begin = statistics.linear_regression(
            [x for x, _ in points], [float(y or 0) for _, y in points]
        )
        for row in rows:
            row["_predicted"] = begin + slope * row[slices]
        moments = sorted({x for x, _ in points})
        step = statistics.median([b - a for a, b in zip(moments, moments[1:], strict=False)])
        for ahead in range(1, node.forecast + 1):
            row = {each: rows[0][each] if each in keys else None for each in result.columns}
            row[slices] = moments[-1] + ahead * step
            new.append({**row, "_predicted": begin + slope * row[slices]})
    result.rows = sorted([*result.rows, *new], key=lambda row: row[slices])
    _add_columns(result, ["_predicted"], True)


def _transpose(result: Result, node: tree.Transpose) -> None:
    (across,) = [each.text for each in node.columns]
    rows = [each.text for each in node.rows]
    (cell,) = [each for each in result.columns if each not in {*rows, across}]
    values = sorted({row[across] for row in result.rows}, key=natural)
    keys = sorted(
        {tuple(row[name] for name in rows) for row in result.rows}, key=lambda key: [natural(k) for k in key]
    )
    titles = {each: text(each) or "(none)" for each in values}
    made = []
    for key in keys:
        row = dict(zip(rows, key, strict=True))
        for each in values:
            found = [r[cell] for r in result.rows if (r[across], *(r[n] for n in rows)) == (each, *key)]
            row[titles[each]] = found[0] if found else None
        made.append(row)
    numbers = {*(result.numbers & set(rows)), *titles.values()}
    times = result.times & set(rows)
    result.__init__(made, [*rows, *titles.values()], False, numbers, times, False)  # type: ignore[misc]
    result.sorted = True


def _compare(result: Result, node: tree.Compare, earlier: list[Result]) -> None:
    measured = [name for name in result.columns if name in result.numbers - result.times]
    keys = [name for name in result.columns if name not in measured]

    def key(row: Row, shift: int) -> tuple[Any, ...]:
        return tuple(row[name] + shift if name in result.times else row[name] for name in keys)

    sides = [
        {key(row, node.shift_ms * at): row for row in each.rows} for at, each in enumerate([result, *earlier])
    ]
    made = []
    for each in {key: None for side in sides for key in side}:
        row = dict(zip(keys, each, strict=True))
        for name in measured:
            found = [side.get(each, {}).get(name) for side in sides]
            row[name] = found[0]
            unit = f"{node.shift_ms // 60_000}m"
            if node.function:
                there = [n for n in found[1:] if n is not None]
                function: Callable[[list[float]], float] = {"avg": statistics.fmean, "min": min, "max": max}[
                    node.function
                ]
                row[f"{name}_{node.count}x{unit}_{node.function}"] = function(there) if there else None
            else:
                for at, n in enumerate(found[1:], 1):
                    row[f"{name}_{node.shift_ms * at // 60_000}m"] = n
        made.append(row)
    names = list(made[0]) if made else keys
    result.__init__(made, names, False, set(names) - set(keys), result.times, False)  # type: ignore[misc]


_OPERATORS: dict[type, Callable[[Result, Any], None]] = {
    tree.Parse: _parse,
    tree.ParseRegex: _parse_regex,
    tree.Json: _json,
    tree.Where: _where,
    tree.Assign: _assign,
    tree.Fields: _fields,
    tree.Aggregate: _aggregate,
    tree.Sort: _sort,
    tree.Limit: _limit,
    tree.Top: _top,
    tree.Transpose: _transpose,
    tree.Total: _total,
    tree.Accum: _accum,
    tree.Diff: _diff,
    tree.RollingStd: _rollingstd,
    tree.Outlier: _outlier,
    tree.Predict: _predict,
}
