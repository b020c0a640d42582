"""What is on a heap, and what changed: two snapshots of one life, class by class or package by package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heapwatch.errors import UsageError
from heapwatch.store.dimensions import Incarnation
from heapwatch.store.errors import NoSnapshot
from heapwatch.store.live import EMPTY, Head, Table
from heapwatch.store.reads.intervals import floats
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import Selection, containing
from heapwatch.store.reads.tables import nearest, one_with_histograms, spoken, table

COLUMNS = ("rows", "instances", "bytes")
SORTS = ("bytes", "instances", "delta_bytes", "delta_instances", "rate", "class", "rows", "package")


@dataclass(frozen=True)
class Difference:
    """Classes of either snapshot, with what they have after and how much more that is than before."""

    before: Head | None
    after: Head
    incarnation: Incarnation
    classes: NDArray[Any]
    rows: NDArray[np.int64]
    instances: NDArray[np.int64]
    bytes: NDArray[np.int64]
    delta_instances: NDArray[np.int64]
    delta_bytes: NDArray[np.int64]

    @property
    def minutes(self) -> float:
        """How far the two are apart; 0 without a snapshot before."""
        return (self.after.time - self.before.time) / 60_000 if self.before else 0.0

    def only(self, places: NDArray[Any]) -> Difference:
        columns = (
            self.classes,
            self.rows,
            self.instances,
            self.bytes,
            self.delta_instances,
            self.delta_bytes,
        )
        return Difference(self.before, self.after, self.incarnation, *(column[places] for column in columns))


@dataclass(frozen=True)
class Pair:
    """Two moments of one JVM (the earlier may be missing), and which of its classes are wanted."""

    selection: Selection
    before: int | None
    at: int
    mode: str
    filter: str = ""
    package: str = ""


@dataclass(frozen=True)
class Page:
    """Which part of a table, in which order."""

    sort: str = "bytes"
    order: str = "desc"
    limit: int = 100
    offset: int = 0


def difference(parts: Parts, pair: Pair) -> Difference:
    """The snapshots nearest to both moments of the one incarnation that lived at the later."""
    mode = pair.mode
    incarnation = one_with_histograms(parts, pair.selection, pair.at, mode)
    after = nearest(parts, incarnation, mode, pair.at)
    if after is None:
        host, jvm, pid, _ = incarnation.who
        raise NoSnapshot(f"no histogram (mode {mode}) of {jvm} on {host} (pid {pid}) in the store", [])
    earlier = nearest(parts, incarnation, mode, pair.before) if pair.before is not None else None
    new = table(parts, incarnation, mode, after.time)
    old = table(parts, incarnation, mode, earlier.time) if earlier else EMPTY
    classes = np.union1d(new.classes, old.classes).astype(new.classes.dtype)
    now = {name: _spread(new, classes, name) for name in COLUMNS}
    then = {name: _spread(old, classes, name) for name in COLUMNS} if earlier else now
    return Difference(
        earlier,
        after,
        incarnation,
        classes,
        now["rows"],
        now["instances"],
        now["bytes"],
        now["instances"] - then["instances"],
        now["bytes"] - then["bytes"],
    )


def classes(parts: Parts, pair: Pair, wish: Page) -> dict[str, Any]:
    """One page of the difference."""
    found = chosen_difference(parts, pair)
    page = found.only(_sorted(parts, found, wish)[wish.offset : wish.offset + wish.limit])
    names, minutes = parts.names.classes, page.minutes
    ids = page.classes.tolist()
    return {
        "before": spoken(page.before, pair.mode),
        "after": spoken(page.after, pair.mode),
        "total": len(found.classes),
        "columns": {
            "class": [names.names[each] for each in ids],
            "package": [names.packages[each] for each in ids],
            "kind": [names.kinds[each] for each in ids],
            "rows": page.rows.tolist(),
            "instances": page.instances.tolist(),
            "bytes": page.bytes.tolist(),
            "delta_instances": page.delta_instances.tolist(),
            "delta_bytes": page.delta_bytes.tolist(),
            "bytes_per_min": floats(page.delta_bytes / minutes) if minutes else [None] * len(ids),
        },
    }


def chosen_difference(parts: Parts, pair: Pair) -> Difference:
    """Only the classes whose name fits the filter, of the package and those below it."""
    found = difference(parts, pair)
    package = pair.package
    if not pair.filter and not package:
        return found
    names, packages = parts.names.classes.names, parts.names.classes.packages
    fits = containing(pair.filter) if pair.filter else lambda _: True

    def within(each: int) -> bool:
        own = packages[each]
        return not package or own == package or own.startswith(package + ".")

    return found.only(
        np.fromiter((fits(names[each]) and within(each) for each in found.classes.tolist()), bool)
    )


def _sorted(parts: Parts, found: Difference, wish: Page) -> NDArray[Any]:
    sort, order = wish.sort, wish.order
    if sort not in SORTS:
        raise UsageError(f"no sort order {sort!r}; there are {', '.join(SORTS)}")
    if order not in ("asc", "desc"):
        raise UsageError(f"an order is asc or desc, not {order!r}")
    names = parts.names.classes
    if sort in ("class", "package"):
        texts = names.names if sort == "class" else names.packages
        ids = found.classes.tolist()
        ranked = sorted(range(len(ids)), key=lambda place: (texts[ids[place]], names.names[ids[place]]))
        return np.array(ranked[::-1] if order == "desc" else ranked, np.int64)
    column = found.delta_bytes if sort == "rate" else getattr(found, sort)
    return np.argsort(-column if order == "desc" else column, kind="stable")


def _spread(source: Table, classes: NDArray[Any], name: str) -> NDArray[np.int64]:
    column = np.zeros(len(classes), np.int64)
    column[np.searchsorted(classes, source.classes)] = getattr(source, name)
    return column
