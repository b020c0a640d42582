"""A small table: what an aggregation comes to, in memory, a list a column.

Operators that look at rows beside each other (accum, outlier, transpose, ...) work on it. When one that the
engine carries out follows, the table goes back as bound arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heapwatch.query.build import Fault
from heapwatch.query.logs.plan import NUMBER, TEXT, TIME, Binder, Column, Plan, number_in
from heapwatch.query.logs.wording import nearest
from heapwatch.query.tree import Name

Cell = str | float | None

NO_SLICES = ("_time", "_first", "_last")
"""Times that are not those of a timeslice."""


@dataclass(frozen=True)
class TableColumn:
    name: str
    kind: str
    values: list[Any]


@dataclass(frozen=True)
class Table:
    """Rows in their order. `warnings` are what the operators on it had to say."""

    columns: tuple[TableColumn, ...]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    def column(self, name: Name) -> TableColumn:
        found = self.find(name.text)
        if found is None:
            known = [each.name for each in self.columns]
            near = nearest(name.text, known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known[:12])}"
            raise Fault(f"no field {name.text[:60]!r} here", name.span, hint)
        return found

    def slices(self) -> TableColumn | None:
        """The column that a timeslice made."""
        times = [each for each in self.columns if each.kind == TIME and each.name not in NO_SLICES]
        return next((each for each in times if each.name == "_timeslice"), times[0] if times else None)

    def find(self, name: str) -> TableColumn | None:
        exact = next((each for each in self.columns if each.name == name), None)
        folded = [each for each in self.columns if each.name.casefold() == name.casefold()]
        return exact or (folded[0] if len(folded) == 1 else None)

    def numbers(self, name: Name) -> list[float]:
        """A column's numbers; nan where there is none."""
        return [as_number(value) for value in self.column(name).values]

    def with_columns(self, *new: TableColumn) -> Table:
        names = {each.name for each in new}
        kept = tuple(each for each in self.columns if each.name not in names)
        return replace(self, columns=(*kept, *new))

    def rows(self, places: Iterable[int]) -> Table:
        chosen = list(places)
        columns = (replace(each, values=[each.values[at] for at in chosen]) for each in self.columns)
        return replace(self, columns=tuple(columns))

    def warned(self, *warnings: str) -> Table:
        return replace(self, warnings=(*self.warnings, *(each for each in warnings if each)))

    def groups(self, by: Sequence[Name]) -> Iterator[list[int]]:
        """The places of the rows of each group, by time if there are slices, else as they stand."""
        keys = [self.column(name).values for name in by]
        found: dict[tuple[Any, ...], list[int]] = {}
        for place in range(len(self)):
            found.setdefault(tuple(values[place] for values in keys), []).append(place)
        times = self.slices()
        for places in found.values():
            if times:
                places.sort(key=lambda at: as_number(times.values[at]))
            yield places


def as_number(value: Cell) -> float:
    """The number that a cell is, nan if it is none."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        found = number_in(value)
        return math.nan if found is None else found
    return float(value)


def cell(number: float) -> float | None:
    """A computed number as a cell."""
    return None if math.isnan(number) or math.isinf(number) else number


def natural(value: Cell) -> tuple[int, float, str]:
    """The order of cells: numbers, then texts, then nothing."""
    number = as_number(value)
    if not math.isnan(number):
        return 0, number, ""
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))


# ---- there and back


def from_answer(columns: Sequence[Column], answer: Any) -> Table:
    """The table that a plan's output is (see `select`)."""
    found = []
    for place, column in enumerate(columns):
        values = answer[f"v{place}"]
        if column.kind == TEXT:
            absent = answer[f"n{place}"]
            cells = [None if gone else text for text, gone in zip(values, absent, strict=True)]
        else:
            cells = [cell(number) for number in values.tolist()]
        found.append(TableColumn(column.name, column.kind, cells))
    return Table(tuple(found))


def select(columns: Sequence[Column]) -> str:
    """What is selected so that the answer has only types that are read as columns."""
    parts = []
    for place, column in enumerate(columns):
        if column.kind == TEXT:
            parts.append(f"ifNull({column.sql}, '') AS v{place}, toUInt8(isNull({column.sql})) AS n{place}")
        else:
            parts.append(f"ifNull(toFloat64({column.sql}), nan) AS v{place}")
    return ", ".join(parts) or "1 AS one"


def to_plan(table: Table, binder: Binder) -> Plan:
    """The table as something that the engine selects from."""
    if not table.columns:
        return Plan(
            binder, "SELECT 1 AS one WHERE 0", "SELECT 1 AS one, toUInt8(0) AS fate WHERE 0", (), None
        )
    bound, columns, selected = [], [], []
    for place, each in enumerate(table.columns, 1):
        kind = TEXT if any(isinstance(value, str) for value in each.values) else each.kind
        kind = NUMBER if kind == TIME and None in each.values else kind
        identifier = binder.identifier()
        type_ = {TEXT: "Nullable(String)", NUMBER: "Nullable(Float64)", TIME: "Int64"}[kind]
        values = [_bound(value, kind) for value in each.values]
        bound.append(binder.bind(values, f"Array({type_})"))
        selected.append(f"row.{place} AS {identifier}")
        columns.append(Column(each.name, identifier, kind))
    order = binder.identifier()
    zipped = f"arrayZip({', '.join(bound)}, arrayEnumerate({bound[0]}))"
    selected.append(f"row.{len(columns) + 1} AS {order}")
    rows = f"SELECT {', '.join(selected)} FROM (SELECT arrayJoin({zipped}) AS row)"
    counted = f"SELECT *, toUInt8(0) AS fate FROM ({rows})"
    return Plan(binder, rows, counted, tuple(columns), None, messages=False, by_labels=False, rank=(order,))


def _bound(value: Cell, kind: str) -> Cell | int:
    if value is None:
        return None
    if kind == TEXT:
        return value if isinstance(value, str) else shown(value)
    return int(value) if kind == TIME else float(value)


def shown(number: float) -> str:
    """A number as a text, as the engine writes it."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def to_json(values: Sequence[Cell]) -> list[Any]:
    """A column of an answer: whole numbers without a point if all of them are."""
    numbers = [value for value in values if isinstance(value, float | int)]
    if all(float(value).is_integer() and abs(value) < 2**53 for value in numbers):
        return [int(value) if isinstance(value, float) else value for value in values]
    return list(values)


def as_mapping(table: Table) -> Mapping[str, list[Any]]:
    return {each.name: to_json(each.values) for each in table.columns}
