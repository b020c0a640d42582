"""A place where the grammar stops, in people's words: what stands there, what could, and what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from heapwatch.query.errors import QueryError
from heapwatch.query.tree import Span

OPERATORS = (
    "sum", "avg", "min", "max", "count", "stddev", "pct", "parse", "topk", "bottomk", "where", "filter",
    "quantize", "rate", "delta", "accum", "eval", "ewma", "timeshift", "fillmissing", "outlier", "predict",
    "diff",
)  # fmt: skip
REDUCERS = ("avg", "min", "max", "sum", "count", "latest", "stddev", "slope", "pct")
FUNCTIONS = ("sin", "cos", "tan", "abs", "log", "exp", "sqrt", "round", "ceil", "floor", "min", "max")
ROLLUPS = ("avg", "min", "max", "sum", "count", "latest")

# What a terminal of the grammar is called; one that is missing here is its own word.
FREE = {
    "WORD": "a word or pattern",
    "STRING": 'a "quoted text"',
    "FIELD": "a label's name",
    "MOMENT": "a moment such as -1h",
    "NUMBER": "a number",
    "DURATION": "a duration such as 5m",
    "ROW": "a row such as #A",
    "LABEL": "a row such as #A",
    "_NL": "a new row",
    "$END": "the end",
    "PIPE": "|",
    "VBAR": "|",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "_EQ": "=",
    "_NE": "!=",
    "COMPARE": "a comparison such as >",
    "SIGNS": "+, - or +-",
    "DROP_LAST": "drop last",
    "VALUE": "_value",
    "GRANULARITY": "_granularity",
    "FIRST_NUMBER": "a number",
    "FIRST_NEG": "-",
    "NEG": "-",
    "MINUS": "-",
    "SUB": "-",
    "PLUS": "+",
    "ADD": "+",
    "STAR": "*",
    "MUL": "*",
    "SLASH": "/",
    "DIV": "/",
    "_FIELD_OF": "field=",
}

# What people write from habit elsewhere.
MEANT = {
    "mean": "avg", "average": "avg", "median": "pct(50)", "p50": "pct(50)", "p90": "pct(90)",
    "p95": "pct(95)", "p99": "pct(99)", "percentile": "pct", "quantile": "pct", "top": "topk",
    "bottom": "bottomk", "limit": "topk", "sort": "topk", "increase": "delta", "derivative": "rate",
    "derive": "rate", "last": "latest", "first": "min", "smooth": "ewma", "offset": "timeshift",
    "compare": "timeshift", "fill": "fillmissing", "having": "where", "map": "eval", "bucket": "quantize",
    "resample": "quantize", "stdev": "stddev", "std": "stddev", "cumsum": "accum", "forecast": "predict",
    "extract": "parse", "ln": "log",
}  # fmt: skip

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kmgtp])(i?)b?(?!\w)", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.]+\w*")
_OFFENDING = re.compile(r"[^\s|=!(),\"'<>{}+*/]+|[=!<>]+|.", re.DOTALL)
_SPECIAL: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r'"'),
        "this text has no closing quote",
        'quoted texts end on their line; \\" is a quote in one',
    ),
    (re.compile(r"'"), "texts stand in double quotes", 'write "…"'),
    (re.compile(r"[{}]"), "there are no braces here", "labels are written key=value, lists key=(a, b)"),
    (
        re.compile(r"==|=~|!~"),
        "there is no such sign",
        "= and != compare; in a selector * stands for any text",
    ),
    (re.compile(r"#(?![A-Za-z](?!\w))"), "a row is # and one letter, #A to #Z", ""),
    (re.compile(r"&&?"), "there is no & here", "write AND"),
    (re.compile(r";"), "there is no ; here", "every row is a line of its own"),
)


def words_of(terminals: Collection[str]) -> list[str]:
    """The terminals as people write or name them, each once."""
    named = {FREE.get(each, each.lower().lstrip("_")) for each in terminals}
    return sorted(named, key=lambda word: (" " in word, not word[:1].isalpha(), word))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or ''."""
    choices = [each for each in known if each[:1].isalpha() or each[:1] == "_"]
    meant = MEANT.get(word.lower(), "")
    if meant and meant.partition("(")[0].partition(" ")[0] in choices:
        return meant
    return next(iter(difflib.get_close_matches(word.lower(), choices, 1, 0.6)), "")


def explain(text: str, plain: str, at: int, terminals: Collection[str]) -> QueryError:
    """What is wrong at this place, where only these terminals could go on."""
    while at < len(plain) and plain[at].isspace():
        at += 1
    expected = words_of(terminals)
    if at >= len(plain.rstrip()):
        end = len(plain.rstrip())
        return _error("the query ends too early", text, Span(end, end), expected)
    if at and plain[at] in "=~" and plain[at - 1] in "=!":
        at -= 1  # the first sign alone was right
    for form, message, hint in _SPECIAL:
        found = form.match(plain, at)
        if found:
            return QueryError(message, text, Span(at, found.end()), expected=expected, hint=hint)
    habit = _habit(plain, at, terminals)
    if habit is not None:
        message, hint, end = habit
        return QueryError(message, text, Span(at, end), expected=expected, hint=hint)
    found = _OFFENDING.match(plain, at)
    word = found[0] if found else plain[at]
    span = Span(at, at + len(word))
    near = nearest(word, expected)
    if word[:1].isalpha() or word[:1] == "_":
        message = f"{_kind(terminals)} {word[:40]!r}"
    else:
        message = f"{word[:40]!r} cannot stand here"
    return _error(message, text, span, expected, near)


def _habit(plain: str, at: int, terminals: Collection[str]) -> tuple[str, str, int] | None:
    """What is written so elsewhere: sizes with a unit, durations without one, lists without parentheses."""
    size = _SIZE.match(plain, at)
    if size and "NUMBER" in terminals and "DURATION" not in terminals:
        factor = 1024 if size[3] else 1000
        meant = float(size[1]) * factor ** ("kmgtp".index(size[2].lower()) + 1)
        return f"{size[0]!r} is no number", f"numbers have no unit: write {meant:.0f}", size.end()
    number = _NUMBER.match(plain, at)
    if number and "DURATION" in terminals and "NUMBER" not in terminals:
        hint = "a duration is a whole number and ms, s, m, h or d, such as 90m"
        return f"{number[0][:40]!r} is no duration", hint, number.end()
    if plain[at] == "," and {"WORD", "_NL"} <= set(terminals):
        return "',' cannot stand here", "lists are written key=(a, b)", at + 1
    return None


def _kind(terminals: Collection[str]) -> str:
    if "QUANTIZE" in terminals:
        return "unknown operator"
    if {"SLOPE", "LATEST"} <= set(terminals):
        return "unknown function"
    return "unexpected word"


def _error(message: str, text: str, span: Span, expected: list[str], near: str = "") -> QueryError:
    hint = f"did you mean {near}?" if near else f"expected {_listed(expected)}" if expected else ""
    return QueryError(message, text, span, expected=expected, hint=hint)


def _listed(words: list[str]) -> str:
    if set(OPERATORS) <= set(words):
        return "an operator such as sum, topk or where"
    if "latest" in words and "slope" in words:
        return "a number or one of " + ", ".join(REDUCERS)
    shown = words if len(words) <= 8 else [*words[:7], "…"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
