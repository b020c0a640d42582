"""The difference of two snapshots by package, every level of the tree: for treemaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from heapwatch.store.reads.classes import Pair, chosen_difference
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.tables import spoken

SUMS = ("instances", "bytes", "delta_instances", "delta_bytes")


def packages(parts: Parts, pair: Pair) -> dict[str, Any]:
    """A row a package: what its classes have themselves (`own_bytes`), and with all packages below it.

    The default package and primitives have the name ""; it is nobody's parent.
    """
    found = chosen_difference(parts, pair)
    own = [parts.names.classes.packages[each] for each in found.classes.tolist()]
    names = sorted({level for each in set(own) for level in _levels(each)})
    place = {name: row for row, name in enumerate(names)}
    direct = np.array([place[name] for name in own], np.int64)
    columns: dict[str, Any] = {
        "package": names,
        "parent": [name.rpartition(".")[0] if "." in name else "" for name in names],
    }
    up = {row: [place[level] for level in _levels(name)] for name, row in place.items()}
    for sum_, values in [
        ("classes", np.ones(len(own), np.int64)),
        *((name, getattr(found, name)) for name in SUMS),
    ]:
        alone = np.zeros(len(names), np.int64)
        np.add.at(alone, direct, values)
        whole = np.zeros(len(names), np.int64)
        for row, rows in up.items():
            whole[rows] += alone[row]
        columns[sum_] = whole.tolist()
        if sum_ == "bytes":
            columns["own_bytes"] = alone.tolist()
    return {
        "before": spoken(found.before, pair.mode),
        "after": spoken(found.after, pair.mode),
        "total": len(names),
        "columns": columns,
    }


def _levels(package: str) -> list[str]:
    """`com.shop.cart` -> com, com.shop, com.shop.cart."""
    cells = package.split(".")
    return [".".join(cells[: end + 1]) for end in range(len(cells))]
