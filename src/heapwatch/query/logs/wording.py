"""A place where the grammar of logs stops, in people's words: what stands there, could, and was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

from heapwatch.query.errors import QueryError
from heapwatch.query.tree import Span

AGGREGATES = (
    "count", "sum", "avg", "min", "max", "pct", "stddev", "median", "first", "last", "values",
    "count_distinct",
)  # fmt: skip
OPERATORS = (
    "parse", "json", "where", "fields", "timeslice", *AGGREGATES, "sort", "limit", "top", "transpose",
    "total", "accum", "diff", "rollingstd", "outlier", "predict", "compare", "logreduce",
)  # fmt: skip

SUCH = "an operator such as parse, where or count"

# What a terminal of the grammar is called; one that is missing here is its own word.
FREE = {
    "WORD": "a word to look for",
    "STRING": 'a "quoted text"',
    "REGEX": "a /regular expression/",
    "NAME": "a field",
    "QUOTED_NAME": 'a field as %"name"',
    "NUMBER": "a number",
    "DURATION": "a duration such as 5m",
    "$END": "the end",
    "VBAR": "|",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "QMARK": "?",
    "COLON": ":",
    "_EQ": "=",
    "_NE": "!=",
    "COMPARE": "a comparison such as >",
    "SIGNS": "+, - or +-",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "PERCENT": "%",
    "_S_AND": "AND",
    "_S_OR": "OR",
    "_S_NOT": "NOT",
    "NEGATED": "not",
    "_FIELD_OF": "field=",
    "_REGEX_WORD": "regex",
    "COMPARE_TO": "compare",
    "WINDOW": "window=",
    "CONSECUTIVE": "consecutive=",
    "THRESHOLD": "threshold=",
    "DIRECTION": "direction=",
    "FORECAST": "forecast=",
    "MODEL": "model=",
}

# What people write from habit elsewhere.
MEANT = {
    "extract": "parse", "rex": "parse", "grep": "where", "filter": "where", "search": "where",
    "having": "where", "select": "fields", "project": "fields", "table": "fields", "head": "limit",
    "tail": "limit", "stats": "count", "mean": "avg", "average": "avg", "p50": "pct", "p90": "pct",
    "p95": "pct", "p99": "pct", "percentile": "pct", "quantile": "pct", "stdev": "stddev", "std": "stddev",
    "dc": "count_distinct", "distinct": "count_distinct", "uniq": "count_distinct", "bin": "timeslice",
    "bucket": "timeslice", "quantize": "timeslice", "pivot": "transpose", "cumsum": "accum",
    "delta": "diff", "rollingstddev": "rollingstd", "forecast": "predict", "timeshift": "compare",
    "patterns": "logreduce", "cluster": "logreduce", "reduce": "logreduce", "topk": "top",
}  # fmt: skip

_OFFENDING = re.compile(r"[^\s|=!(),\"'<>{}+*/%?:]+|[=!<>]+|.", re.DOTALL)
_FIRST_WORD = re.compile(r"\s*([^\W\d][\w-]*)")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SPECIAL: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r'%?"'), "this text has no closing quote", 'a text ends on its line; \\" is a quote in one'),
    (re.compile(r"'"), "texts stand in double quotes", 'write "…"'),
    (re.compile(r"[{}\[\]]"), "there are no braces here", "labels are written key=value, lists key=(a, b)"),
    (re.compile(r"=~|!~"), "there is no such sign", "write matches /expression/"),
    (re.compile(r"<>"), "there is no such sign", "write !="),
    (re.compile(r"&&?"), "there is no & here", "write AND"),
    (re.compile(r"\|\|"), "there is no operator between these", "write OR for one or the other"),
    (re.compile(r";"), "there is no ; here", "operators are joined by |"),
)


def words_of(terminals: Collection[str]) -> list[str]:
    """The terminals as people write or name them, each once."""
    named = {FREE.get(each, each.lower().lstrip("_")) for each in terminals}
    return sorted(named, key=lambda word: (" " in word, not word[:1].isalpha(), word))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or ''."""
    choices = [each for each in known if each[:1].isalpha() or each[:1] == "_"]
    meant = MEANT.get(word.lower(), "")
    if meant in choices:
        return meant
    folded = {each.lower(): each for each in choices}
    return next((folded[each] for each in difflib.get_close_matches(word.lower(), folded, 1, 0.6)), "")


def explain(text: str, plain: str, at: int, terminals: Collection[str]) -> QueryError:
    """What is wrong at this place, where only these terminals could go on."""
    while at < len(plain) and plain[at].isspace():
        at += 1
    expected = words_of(terminals)
    unknown = _unknown_operator(text, plain, at, terminals)
    if unknown:
        return unknown
    end = len(plain.rstrip())
    if at >= end:
        if {"_AS", "PLUS"} <= set(terminals):
            return QueryError(
                "what was computed needs a name", text, Span(end, end), expected=expected, hint="add: as NAME"
            )
        return _error("the query ends too early", text, Span(end, end), expected)
    if at and plain[at - 1 : at + 1] in ("=~", "!~", "<>", "||"):
        at -= 1  # the first sign alone was right
    for form, message, hint in _SPECIAL:
        found = form.match(plain, at)
        if found and not (plain[at] in '%"' and _QUOTED.match(plain, at + (plain[at] == "%"))):
            return QueryError(message, text, Span(at, found.end()), expected=expected, hint=hint)
    return _unexpected(text, plain, at, terminals, expected)


def _unexpected(
    text: str, plain: str, at: int, terminals: Collection[str], expected: list[str]
) -> QueryError:
    found = _OFFENDING.match(plain, at)
    found = _QUOTED.match(plain, at) or found
    word = found[0] if found else plain[at]
    span = Span(at, at + len(word))
    if "WORD" in terminals and word[0] in "(),":
        message = f"{word[0]!r} cannot stand here"
        return QueryError(
            message, text, span, expected=expected, hint="quote what is to be looked for as it stands"
        )
    near = nearest(word, expected)
    kind = "unknown operator" if "TIMESLICE" in terminals else "unexpected word"
    message = (
        f"{kind} {word[:40]!r}"
        if word[:1].isalpha() or word[:1] == "_"
        else f"{word[:40]!r} cannot stand here"
    )
    return _error(message, text, span, expected, near)


def _unknown_operator(text: str, plain: str, at: int, terminals: Collection[str]) -> QueryError | None:
    """`| cuont by host`: read as a field at first, it is found out one word too late."""
    if not {"_AS", "PLUS"} & set(terminals):
        return None
    begin = _begin(plain, at)
    first = _FIRST_WORD.match(plain, begin) if begin else None
    if not first or not re.fullmatch(r"\s*|\s*\(.*", plain[first.end() : at], re.DOTALL):
        return None
    word = first[1]
    if word.lower() in OPERATORS or (plain[first.end() : at].strip() and not nearest(word, OPERATORS)):
        return None
    near = nearest(word, OPERATORS)
    hint = f"did you mean {near}?" if near else f"expected {SUCH}"
    return QueryError(
        f"unknown operator {word[:40]!r}", text, Span(*first.span(1)), expected=OPERATORS, hint=hint
    )


def _begin(plain: str, at: int) -> int:
    """Where the operator that stands at a place begins; 0 in the scope."""
    bare = _QUOTED.sub(lambda found: "x" * len(found[0]), plain)
    return bare.rfind("|", 0, at) + 1


def _error(message: str, text: str, span: Span, expected: list[str], near: str = "") -> QueryError:
    hint = f"did you mean {near}?" if near else f"expected {_listed(expected)}" if expected else ""
    return QueryError(message, text, span, expected=expected, hint=hint)


def _listed(words: list[str]) -> str:
    if {"timeslice", "logreduce"} <= set(words):
        return SUCH
    shown = words if len(words) <= 8 else [*words[:7], "…"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
