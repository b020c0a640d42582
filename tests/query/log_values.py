"""Values, conditions and scopes of log queries in plain Python, for log_oracle.py.

Nothing here is shared with the code it judges but the tree of the query; regular expressions are Python's,
over a part of their syntax that means the same there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
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
        kinds = {is_number(result, node.yes), is_number(result, node.no)}
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


def is_number(result: Result, node: Any) -> bool:
    if isinstance(node, tree.Field):
        return node.name in result.numbers
    if isinstance(node, tree.Choice):
        return is_number(result, node.yes) and is_number(result, node.no)
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


def in_scope(node: Any, row: Row) -> bool:
    if isinstance(node, tree.Everything):
        return True
    if isinstance(node, And):
        return all(in_scope(part, row) for part in node.parts)
    if isinstance(node, Or):
        return any(in_scope(part, row) for part in node.parts)
    if isinstance(node, Not):
        return not in_scope(node.part, row)
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


def add_columns(result: Result, names: Sequence[str], numeric: bool = False) -> None:
    for name in names:
        if name in result.columns:
            result.columns.remove(name)
        result.columns.append(name)
        result.times.discard(name)
        (result.numbers.add if numeric else result.numbers.discard)(name)
