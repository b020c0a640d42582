"""What reads well and makes no sense: wrong numbers, wrong places, rows that are not there.

`check` raises the first QueryError, in the order of the text. Whether labels, classes or metrics exist is not
asked here: a query for what is not there yet has an empty answer.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from heapwatch.errors import UsageError
from heapwatch.query import patterns, tree
from heapwatch.query.errors import QueryError
from heapwatch.query.times import parse_time
from heapwatch.query.tree import Span

KEY = re.compile(r"[^\W\d][\w.\-/:@$]*")
MODELS = ("linear", "theil-sen")
MODES = ("all", "live")
RESERVED = ("_value", "_granularity")
MOST_TOP = 100_000
_CONTINUES = ("by", "as", "along", "over", "using", "nodrop")


def check(script: tree.Script, text: str) -> None:
    """Raise QueryError unless every row makes sense by itself and with the others."""
    _Check(text, {row.letter: row for row in script.rows}).script(script)


class _Check:
    def __init__(self, text: str, rows: Mapping[str, tree.Row]) -> None:
        self._text = text
        self._rows = rows
        self._operators: dict[type[Any], Callable[[Any], None]] = {
            tree.Aggregate: self._aggregate,
            tree.Parse: self._parse,
            tree.TopK: self._topk,
            tree.Where: self._where,
            tree.Quantize: self._quantize,
            tree.Eval: self._eval,
            tree.Ewma: self._ewma,
            tree.Outlier: self._outlier,
            tree.Predict: self._predict,
            tree.Diff: self._diff,
        }

    def script(self, script: tree.Script) -> None:
        for place, row in enumerate(script.rows):
            self._row(row, first=place == 0)
        self._circles(script.rows)

    def _wrong(self, message: str, span: Span, hint: str = "", expected: Sequence[str] = ()) -> NoReturn:
        raise QueryError(message, self._text, span, hint=hint, expected=expected)

    def _row(self, row: tree.Row, first: bool) -> None:
        body = row.body
        if isinstance(body, tree.Join):
            self._join(body)
        elif isinstance(body.source, tree.RowRef):
            self._row_ref(body.source)
        else:
            if not first:
                self._not_a_continuation(body.source)
            self._selector(body.source)
        for place, operator in enumerate(body.operators):
            self._operators.get(type(operator), lambda _: None)(operator)
            if isinstance(operator, tree.Diff) and place + 1 < len(body.operators):
                after = body.operators[place + 1]
                self._wrong("nothing can follow diff", after.span, "its answer is a table of classes")
            of_rows = isinstance(body, tree.Join) or isinstance(body.source, tree.RowRef)
            if isinstance(operator, tree.Diff) and of_rows:
                self._wrong(
                    "diff needs class data", operator.span, "use it in a row that begins with a selector"
                )

    # ---- selectors

    def _not_a_continuation(self, source: tree.Selector) -> None:
        part: Any = source
        while isinstance(part, (tree.And, tree.Or)):
            part = part.parts[0]
        if (
            isinstance(part, tree.Word)
            and not part.pattern.quoted
            and part.pattern.text.lower() in _CONTINUES
        ):
            hint = "a line that goes on with the one before begins with |; in quotes it is a keyword"
            self._wrong(f"a new row cannot begin with {part.pattern.text}", part.span, hint)

    def _selector(self, source: tree.Selector) -> None:
        for part in _walk(source, tree.Match, tree.Word):
            if isinstance(part, tree.Word):
                self._word(part)
            elif isinstance(part, tree.Match):
                self._match(part)

    def _word(self, word: tree.Word) -> None:
        text = word.pattern.text
        if word.pattern.quoted:
            if not text:
                self._wrong("an empty keyword fits nothing", word.span)
        elif not re.search(r"[\w*]", text):
            self._wrong(f"{text[:20]!r} is no word to search for", word.span, "in quotes it is")
        elif text.lower() == "along":
            self._wrong("along is for rows that are calculated with", word.span, "such as #A / #B along host")

    def _match(self, match: tree.Match) -> None:
        key = match.key.text
        if not KEY.fullmatch(key):
            hint = (
                "a label's name has no wildcards; a lone word is searched for in every label"
                if "*" in key
                else ""
            )
            self._wrong(f"{key[:40]!r} is no label's name", match.key.span, hint)
        for pattern in match.patterns:
            if not pattern.quoted and pattern.text.startswith("~"):
                self._wrong("there are no regular expressions here", pattern.span, "* stands for any text")
            if key.lower() == "mode" and patterns.literal(pattern.text) is not None:
                self._one_of("mode", pattern.text.lower(), MODES, pattern.span)

    def _one_of(self, what: str, word: str, known: Sequence[str], span: Span) -> None:
        if word not in known:
            near = difflib.get_close_matches(word, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"expected {' or '.join(known)}"
            self._wrong(f"unknown {what} {word[:40]!r}", span, hint, known)

    # ---- rows

    def _row_ref(self, ref: tree.RowRef) -> None:
        if ref.letter not in self._rows:
            known = ", ".join(f"#{letter}" for letter in self._rows)
            self._wrong(f"there is no row #{ref.letter}", ref.span, f"there is {known}")
        target = self._rows[ref.letter].body
        if target.operators and isinstance(target.operators[-1], tree.Diff):
            self._wrong(f"row #{ref.letter} is a table", ref.span, "diff's answer cannot be calculated with")

    def _join(self, join: tree.Join) -> None:
        refs = list(_walk(join.expression, tree.RowRef))
        for ref in refs:
            assert isinstance(ref, tree.RowRef)
            self._row_ref(ref)
        if not refs:
            self._wrong("this calculates with no row", join.expression.span, "rows are #A to #Z")
        if join.along and len(refs) < 2:
            self._wrong("along needs two rows", join.along[0].span, "such as #A / #B along host")
        self._distinct(join.along)

    def _circles(self, rows: Sequence[tree.Row]) -> None:
        needs = {row.letter: list(_walk(row.body, tree.RowRef)) for row in rows}
        settled: set[str] = set()

        def visit(letter: str, path: tuple[str, ...]) -> None:
            for ref in needs[letter]:
                assert isinstance(ref, tree.RowRef)
                if ref.letter in path:
                    circle = [*path[path.index(ref.letter) :], ref.letter]
                    told = " -> ".join(f"#{each}" for each in circle)
                    self._wrong(f"rows cannot depend on themselves: {told}", ref.span)
                if ref.letter not in settled:
                    visit(ref.letter, (*path, ref.letter))
            settled.add(letter)

        for letter in needs:
            visit(letter, (letter,))

    # ---- operators

    def _aggregate(self, operator: tree.Aggregate) -> None:
        for rank in operator.ranks:
            self._rank(rank, operator.span)
        if len(set(operator.ranks)) < len(operator.ranks):
            self._wrong("pct has a rank twice", operator.span)
        self._distinct(operator.by)

    def _rank(self, rank: float, span: Span) -> None:
        if not 0 <= rank <= 100:
            self._wrong(f"pct has ranks from 0 to 100, not {rank:g}", span)

    def _distinct(self, names: Sequence[tree.Name]) -> None:
        seen: set[str] = set()
        for name in names:
            if name.text in seen:
                self._wrong(f"{name.text} is named twice", name.span)
            seen.add(name.text)

    def _parse(self, operator: tree.Parse) -> None:
        wilds = len(patterns.split_literals(patterns.tokens(operator.pattern.text))[1])
        names = operator.names
        if not wilds:
            hint = "each * of the pattern is one name's value"
            self._wrong("this pattern has no wildcard", operator.pattern.span, hint)
        if wilds != len(names):
            span = Span(names[0].span.start, names[-1].span.end)
            told = f"the pattern has {_count(wilds, 'wildcard')} and there {_are(len(names), 'name')}"
            self._wrong(told, span, "a name for each * or **")
        self._distinct(names)
        for name in names:
            if name.text.lower() in RESERVED:
                self._wrong(f"{name.text} cannot be a label", name.span)

    def _topk(self, operator: tree.TopK) -> None:
        what = "bottomk" if operator.bottom else "topk"
        if not 0 < operator.n <= MOST_TOP:
            self._wrong(f"{what} keeps 1 to {MOST_TOP} series, not {operator.n}", operator.span)
        points = next(_walk(operator.score, tree.Value, tree.Granularity), None)
        if points is not None:
            hint = "use avg, min, max, sum, count, latest, stddev, slope or pct(95)"
            self._wrong(f"{what} ranks whole series, _value is of one point", points.span, hint)
        if next(_walk(operator.score, tree.Reducer), None) is None:
            self._wrong(
                "this score is the same for every series", operator.score.span, "such as topk(10, max)"
            )
        self._expression(operator.score)
        self._distinct(operator.by)

    def _where(self, operator: tree.Where) -> None:
        of_points: tree.Node | None = None
        of_series: tree.Node | None = None
        for each in _walk(operator.condition, tree.Comparison):
            assert isinstance(each, tree.Comparison)
            self._expression(each.left)
            self._expression(each.right)
            if next(_walk(each, tree.Value), None) is not None:
                of_points = of_points or each
            elif next(_walk(each, tree.Reducer), None) is not None:
                of_series = of_series or each
            else:
                self._wrong("this compares no series", each.span, "use _value, or a reducer such as avg")
        if of_points is not None and of_series is not None:
            hint = "write two where, one after the other"
            self._wrong("one where keeps either points (_value) or series", of_series.span, hint)
        if operator.occurrence is not None:
            if of_points is None:
                hint = "such as where _value > 5 all last 10m"
                self._wrong("first, any and last are about points", operator.occurrence.span, hint)
            if operator.occurrence.atleast == 0:
                self._wrong("atleast 0 is always so", operator.occurrence.span)

    def _quantize(self, operator: tree.Quantize) -> None:
        if operator == tree.Quantize():
            hint = "such as quantize to 5m using max"
            self._wrong("quantize says neither interval nor rollup", operator.span, hint)

    def _eval(self, operator: tree.Eval) -> None:
        self._expression(operator.expression)

    def _expression(self, expression: tree.Expression) -> None:
        for each in _walk(expression, tree.Call, tree.Reducer):
            if isinstance(each, tree.Call):
                several = each.function in ("min", "max")
                if several and len(each.arguments) < 2:
                    hint = f"{each.function} alone is the series' {each.function}"
                    self._wrong(f"{each.function} compares two or more", each.span, hint)
                if not several and len(each.arguments) != 1:
                    self._wrong(f"{each.function} takes one argument", each.span)
            elif isinstance(each, tree.Reducer) and each.rank is not None:
                self._rank(each.rank, each.span)

    def _ewma(self, operator: tree.Ewma) -> None:
        if operator.alpha is not None and not 0 < operator.alpha <= 1:
            self._wrong(f"alpha is above 0 and at most 1, not {operator.alpha:g}", operator.span)
        if operator.points is not None and operator.points < 1:
            self._wrong(f"span is at least 1 point, not {operator.points}", operator.span)

    def _outlier(self, operator: tree.Outlier) -> None:
        if operator.window is not None and operator.window < 2:
            self._wrong(f"window is at least 2 points, not {operator.window}", operator.span)
        if operator.threshold <= 0:
            self._wrong(f"threshold is above 0, not {operator.threshold:g}", operator.span)
        self._one_of("direction", operator.direction, ("+-", "+", "-"), operator.span)

    def _predict(self, operator: tree.Predict) -> None:
        self._one_of("model", operator.model, MODELS, operator.span)

    def _diff(self, operator: tree.Diff) -> None:
        moments = []
        for word in (operator.before, operator.after):
            try:
                moments.append(parse_time(word, 0))
            except UsageError as error:
                self._wrong(str(error), self._within(operator.span, word))
        if moments[0] == moments[1]:
            self._wrong("diff compares two different times", operator.span)

    def _within(self, span: Span, word: str) -> Span:
        start = self._text.find(word, span.start, span.end)
        return Span(start, start + len(word)) if start >= 0 else span


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _are(number: int, what: str) -> str:
    return f"{'is' if number == 1 else 'are'} {_count(number, what)}"


def _walk(node: object, *kinds: type[tree.Node]) -> Iterator[tree.Node]:
    """The nodes of these kinds below a node and itself, in the order of the text."""
    if isinstance(node, kinds):
        yield node
    if isinstance(node, tuple) and not isinstance(node, Span):
        for each in node:
            yield from _walk(each, *kinds)
    elif isinstance(node, tree.Node):
        for each in dataclasses.fields(node):
            if each.name != "span":
                yield from _walk(getattr(node, each.name), *kinds)
