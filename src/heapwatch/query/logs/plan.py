"""A log query on its way to SQL: what the rows are so far, as a SELECT, and which columns they have.

Every operator that the engine carries out wraps the SELECT in one more. Names and values that come from the
query are bound parameters; a column of the query has an identifier of ours (`c7`). There are two texts all
along: `rows` drops what the query drops, `counted` keeps it and says in `fate` why it went, so that one cheap
question tells how many messages there are by time and how many each operator could not use.

A column is TEXT (Nullable(String)), NUMBER (Nullable(Float64)) or TIME (epoch ms, whole).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NoReturn, Protocol

from heapwatch.query.build import Fault
from heapwatch.query.logs.wording import nearest
from heapwatch.query.tree import Name

TEXT, NUMBER, TIME = "text", "number", "time"

ALIVE = 0
FILTERED = 255

_PARAMETER = re.compile(r"\{(p\d+):")
_STAGE = re.compile(r"\bFROM stage(\d+)\b")


class Value(NamedTuple):
    """An expression in SQL and what it is."""

    sql: str
    kind: str


class Column(NamedTuple):
    name: str
    sql: str
    kind: str

    @property
    def value(self) -> Value:
        return Value(self.sql, self.kind)


class Binder:
    """Gives out parameters and identifiers; one for all SQL of a query."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._columns = 0
        self._stages: list[str] = []

    def bind(self, value: Any, kind: str = "String") -> str:
        name = f"p{len(self._values)}"
        self._values[name] = value
        return f"{{{name}:{kind}}}"

    def identifier(self) -> str:
        self._columns += 1
        return f"c{self._columns}"

    def stage(self, sql: str) -> str:
        """The SELECT under a name (WITH), so that many operators are not as many brackets deep."""
        self._stages.append(sql)
        return f"SELECT * FROM stage{len(self._stages)}"

    def question(self, sql: str) -> tuple[str, dict[str, Any]]:
        """The text with the stages that it builds on, and the parameters that are in it."""
        needed: set[int] = set()
        waiting = [sql]
        while waiting:
            new = {int(number) for number in _STAGE.findall(waiting.pop())} - needed
            needed |= new
            waiting += [self._stages[number - 1] for number in new]
        stages = ", ".join(f"stage{number} AS ({self._stages[number - 1]})" for number in sorted(needed))
        whole = f"WITH {stages} {sql}" if stages else sql
        return whole, {name: self._values[name] for name in dict.fromkeys(_PARAMETER.findall(whole))}


class Labels(Protocol):
    """What is known of where messages come from."""

    def names(self) -> Sequence[str]: ...

    def values(self, name: str) -> Mapping[int, str]:
        """By source; a source without the label is missing."""
        ...


class AnyLabel:
    """While a query is only checked, any name may be a label."""

    def names(self) -> Sequence[str]:
        return ("host", "jvm", "pid", "_sourceCategory", "_sourceHost", "_sourceName")

    def values(self, name: str) -> Mapping[int, str]:  # noqa: ARG002 - as Labels has it
        return {}


class Drop(NamedTuple):
    """`fate` of the rows that an operator could not use, and what to say of them, with `{n}` for how many."""

    fate: int
    message: str


class Counter(NamedTuple):
    """Rows that are there and whose value could not be used, and what to say of them."""

    sql: str
    message: str


@dataclass(frozen=True)
class Count:
    """What is to be counted of a stretch of operators."""

    counted: str
    drops: tuple[Drop, ...]
    counters: tuple[Counter, ...]


@dataclass(frozen=True)
class Plan:
    binder: Binder
    rows: str
    counted: str
    columns: tuple[Column, ...]
    labels: Labels | None = None  # of messages: what their source says
    id_type: str = "UInt32"
    messages: bool = True
    by_labels: bool = True  # all labels are shown
    removed: frozenset[str] = frozenset()
    json: Value | None = None  # after `json auto`: where an unknown name is looked for
    unknown: bool = False  # the columns are only known once the query runs
    order: tuple[str, ...] = ()  # ORDER BY of the rows; of messages by time if empty
    within: tuple[str, ...] = ()  # the order of rows that one message became
    rank: tuple[str, ...] = ()  # of a table that comes back to the engine: its order
    drops: tuple[Drop, ...] = ()
    counters: tuple[Counter, ...] = ()
    counts: tuple[Count, ...] = ()  # of earlier stretches

    # ---- columns

    def column(self, name: Name) -> Column:
        """The column of that name; an error says which there are."""
        found = self.find(name.text)
        if found is None:
            self._unknown(name)
        return found

    def find(self, name: str) -> Column | None:
        exact = next((each for each in self.columns if each.name == name), None)
        if exact:
            return exact
        folded = name.casefold()
        near = [each for each in self.columns if each.name.casefold() == folded]
        if len(near) == 1:
            return near[0]
        return self._from_source(folded) or self._open(name)

    def _from_source(self, folded: str) -> Column | None:
        if self.labels is None:
            return None
        label = next((each for each in self.labels.names() if each.casefold() == folded), None)
        if label is None or label in self.removed:
            return None
        known = self.labels.values(label)
        ids = self.binder.bind(list(known), f"Array({self.id_type})")
        values = self.binder.bind(list(known.values()), "Array(String)")
        return Column(label, f"nullIf(transform(source, {ids}, {values}, ''), '')", TEXT)

    def _open(self, name: str) -> Column | None:
        if self.json is not None and name not in self.removed:
            steps = ", ".join(self.binder.bind(step) for step in name.split("."))
            return Column(name, json_value(f"JSONExtractRaw({self.json.sql}, {steps})"), TEXT)
        if (self.unknown or isinstance(self.labels, AnyLabel)) and name not in self.removed:
            return Column(name, "CAST(NULL, 'Nullable(String)')", TEXT)
        return None

    def _unknown(self, name: Name) -> NoReturn:
        known = [each.name for each in self.columns] + list(self.labels.names() if self.labels else ())
        if name.text.casefold() in {each.casefold() for each in self.removed}:
            raise Fault(f"the field {name.text[:60]!r} was removed before", name.span, "fields - can go last")
        near = nearest(name.text, known)
        shown = ", ".join(dict.fromkeys(known[:12])) + (", …" if len(known) > 12 else "")
        hint = f"did you mean {near}?" if near else f"there are {shown}" if known else "nothing is left"
        raise Fault(f"no field {name.text[:60]!r} here", name.span, hint)

    def text_of(self, name: Name | None) -> Value:
        """The field that a parse reads, as text."""
        return as_text(self.column(name or Name("_text")).value)

    # ---- stages

    def made(self, made: Sequence[tuple[Name | str, Value]]) -> Plan:
        """More columns; one replaces another of its name."""
        new = [(str(getattr(name, "text", name)), self.binder.identifier(), value) for name, value in made]
        extra = "".join(f", {value.sql} AS {identifier}" for _, identifier, value in new)
        names = {name for name, _, _ in new}
        kept = tuple(each for each in self.columns if each.name not in names)
        return replace(
            self,
            rows=self.binder.stage(f"SELECT *{extra} FROM ({self.rows})"),
            counted=self.binder.stage(f"SELECT *{extra} FROM ({self.counted})"),
            columns=(*kept, *(Column(name, identifier, value.kind) for name, identifier, value in new)),
            removed=self.removed - names,
        )

    def hidden(self, sql: str) -> tuple[Plan, str]:
        """One more column that only SQL sees, for what is used several times."""
        identifier = self.binder.identifier()
        extra = f", {sql} AS {identifier}"
        rows, counted = (
            self.binder.stage(f"SELECT *{extra} FROM ({each})") for each in (self.rows, self.counted)
        )
        return replace(self, rows=rows, counted=counted), identifier

    @property
    def noun(self) -> str:
        """What a row is called."""
        return "message" if self.messages else "row"

    def kept(self, condition: str, dropped: str = "") -> Plan:
        """The rows for which it holds. With a message those that go are counted, else it is a filter."""
        fate = len(self.drops) + 1 if dropped else FILTERED
        counted = f"if(fate != {ALIVE} OR ({condition}), fate, toUInt8({fate})) AS fate"
        return replace(
            self,
            rows=self.binder.stage(f"SELECT * FROM ({self.rows}) WHERE {condition}"),
            counted=self.binder.stage(f"SELECT * REPLACE ({counted}) FROM ({self.counted})"),
            drops=(*self.drops, Drop(fate, dropped)) if dropped else self.drops,
        )

    def opened(self, json: Value) -> Plan:
        """From here on unknown names are paths in this text."""
        return replace(self, json=json)

    def closed(self, counters: Sequence[Counter] = ()) -> tuple[Count, ...]:
        """What is counted up to here, when what comes next changes what a row is."""
        return (*self.counts, Count(self.counted, self.drops, (*self.counters, *counters)))

    def begun(self, rows: str, counters: Sequence[Counter] = (), **changes: Any) -> Plan:
        """A plan over what `rows` gives: a new stretch."""
        rows = self.binder.stage(rows)
        counted = f"SELECT *, toUInt8({ALIVE}) AS fate FROM ({rows})"
        return replace(
            self,
            rows=rows,
            counted=counted,
            counts=self.closed(counters),
            drops=(),
            counters=(),
            **changes,
        )

    def ordering(self, descending: bool = True) -> str:
        if self.order or self.rank:
            return ", ".join(self.order or self.rank)
        if self.messages:
            return ", ".join(["t DESC, seq DESC" if descending else "t, seq", *self.within])
        return ", ".join(key for each in self.columns for key in sort_keys(each.value, True))


def sort_keys(value: Value, ascending: bool) -> list[str]:
    """Numbers sort as numbers and before texts; what is absent comes last, either way."""
    way = "" if ascending else " DESC"
    if value.kind == TEXT:
        number = as_number(value)
        return [
            f"isNull({value.sql})",
            f"isNull({number}){way}",
            f"ifNull({number}, 0){way}",
            f"ifNull({value.sql}, ''){way}",
        ]
    return [f"isNull({value.sql})", f"{value.sql}{way}"]


# ---- values

NUMBER_FORM = r"^ *([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?) *$"
_NUMBER = re.compile(NUMBER_FORM.replace("$", r"\Z"))
_IN_SQL = NUMBER_FORM.replace("\\", "\\\\")


def as_number(value: Value) -> str:
    """The value as a number, NULL if it is none."""
    if value.kind != TEXT:
        return value.sql
    return f"toFloat64OrNull(extract(ifNull({value.sql}, ''), '{_IN_SQL}'))"


def as_text(value: Value) -> Value:
    return value if value.kind == TEXT else Value(f"toString({value.sql})", TEXT)


def number_in(text: str) -> float | None:
    """The number that a text is, by the same rule as the engine's."""
    return float(text) if _NUMBER.match(text) else None


def json_value(raw: str) -> str:
    """What JSONExtractRaw found: the text of a string, anything else as written, NULL for nothing."""
    return f"multiIf({raw} IN ('', 'null'), NULL, startsWith({raw}, '\"'), JSONExtractString({raw}), {raw})"
