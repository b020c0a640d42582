"""`transpose row r column c`: a row for each value of r, a column for each value of c."""

from __future__ import annotations

from heapwatch.query.build import Fault
from heapwatch.query.logs import tree
from heapwatch.query.logs.limits import TooMuch
from heapwatch.query.logs.table import Cell, Table, TableColumn, natural, shown

MOST_COLUMNS = 300


def compute(node: tree.Transpose, table: Table) -> Table:
    rows = [table.column(name) for name in node.rows]
    across = [table.column(name) for name in node.columns]
    chosen = {each.name for each in (*rows, *across)}
    if len(chosen) < len(rows) + len(across):
        raise Fault("a field is either a row or a column", node.span)
    values = [each for each in table.columns if each.name not in chosen]
    if not values:
        raise Fault("nothing is left to stand in the cells", node.span, "aggregate something more")
    row_keys = _keys([each.values for each in rows], len(table))
    column_keys = _keys([each.values for each in across], len(table))
    if len(column_keys) * len(values) > MOST_COLUMNS:
        count = len(column_keys) * len(values)
        raise TooMuch(f"transpose would make {count} columns, more than {MOST_COLUMNS}")
    row_at = {key: place for place, key in enumerate(row_keys)}
    column_at = {key: place for place, key in enumerate(column_keys)}
    cells: list[list[Cell]] = [[None] * len(row_keys) for _ in range(len(column_keys) * len(values))]
    taken: set[tuple[int, int]] = set()
    twice = 0
    for place in range(len(table)):
        row = row_at[tuple(each.values[place] for each in rows)]
        column = column_at[tuple(each.values[place] for each in across)]
        twice += (row, column) in taken
        taken.add((row, column))
        for offset, each in enumerate(values):
            cells[column * len(values) + offset][row] = each.values[place]
    columns = [
        TableColumn(each.name, each.kind, [key[at] for key in row_keys]) for at, each in enumerate(rows)
    ]
    names = {each.name for each in columns}
    for key in column_keys:
        for offset, each in enumerate(values):
            name = " ".join(_shown(part) for part in key) + (f" {each.name}" if len(values) > 1 else "")
            while name in names:
                name += "'"
            names.add(name)
            columns.append(TableColumn(name, each.kind, cells[column_at[key] * len(values) + offset]))
    rows_fell = "1 row fell" if twice == 1 else f"{twice} rows fell"
    note = (
        f"{rows_fell} into a cell of transpose that was taken, and replaced what was there" if twice else ""
    )
    return Table(tuple(columns), table.warnings).warned(note)


def _keys(columns: list[list[Cell]], count: int) -> list[tuple[Cell, ...]]:
    found = {tuple(values[place] for values in columns) for place in range(count)}
    return sorted(found, key=lambda key: [natural(part) for part in key])


def _shown(value: Cell) -> str:
    if value is None or value == "":
        return "(none)"
    return value if isinstance(value, str) else shown(value)
