"""Classes of one or two histograms as rows: how much there is, and how much more than before."""

from __future__ import annotations

import fnmatch
from typing import Callable, Iterable, NamedTuple

from heapwatch.errors import UsageError
from heapwatch.model import Histogram


class ClassRow(NamedTuple):
    name: str
    instances: int
    bytes: int
    delta_instances: int = 0
    delta_bytes: int = 0


SORTS: dict[str, Callable[[ClassRow], tuple[int, int, str]]] = {
    "bytes": lambda row: (-row.bytes, -row.instances, row.name),
    "instances": lambda row: (-row.instances, -row.bytes, row.name),
    "delta-bytes": lambda row: (-row.delta_bytes, -row.bytes, row.name),
    "delta-instances": lambda row: (-row.delta_instances, -row.bytes, row.name),
    "class": lambda row: (0, 0, row.name),
}
"""Orders of a table; what is largest stands first."""


def rows(after: Histogram, before: Histogram | None = None) -> list[ClassRow]:
    """Every class of `after`, and with `before` also those that are gone."""
    if before is None:
        return [
            ClassRow(name, instances, held)
            for name, instances, held in zip(after.classes, after.instances, after.bytes)
        ]
    old = {name: (n, held) for name, n, held in zip(before.classes, before.instances, before.bytes)}
    found = []
    for name, instances, held in zip(after.classes, after.instances, after.bytes):
        old_instances, old_bytes = old.pop(name, (0, 0))
        found.append(ClassRow(name, instances, held, instances - old_instances, held - old_bytes))
    found += [ClassRow(name, 0, 0, -instances, -held) for name, (instances, held) in old.items()]
    return found


def matching(pattern: str | None) -> Callable[[str], bool]:
    """A test of names: a part of it, or with * or ? all of it. Case counts where the pattern has capitals."""
    if not pattern:
        return lambda _: True
    exact = pattern != pattern.lower()
    if "*" in pattern or "?" in pattern:
        # `[` is part of no set here: it stands in the names of arrays.
        glob = pattern.replace("[", "[[]")
        if exact:
            return lambda name: fnmatch.fnmatchcase(name, glob)
        return lambda name: fnmatch.fnmatchcase(name.lower(), glob)
    return (lambda name: pattern in name) if exact else (lambda name: pattern in name.lower())


def arranged(
    found: Iterable[ClassRow], sort: str = "bytes", pattern: str | None = None, top: int | None = None
) -> list[ClassRow]:
    """The rows to show, the first `top` of them."""
    if sort not in SORTS:
        raise UsageError(f"no order {sort!r}: one of {', '.join(SORTS)}")
    wanted = matching(pattern)
    ordered = sorted((row for row in found if wanted(row.name)), key=SORTS[sort])
    return ordered if top is None else ordered[:top]
