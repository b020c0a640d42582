"""What of an incarnation and what of a class decides a group, as a number each.

Things that cannot be told apart by what the query looks at share a number. Numbers may be finer than the
groups asked for, never coarser.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from heapwatch.query import sql, tree
from heapwatch.query.operators.parse import field_of
from heapwatch.query.patterns import captures
from heapwatch.query.read import ClassSlice
from heapwatch.query.sums import Places
from heapwatch.query.universe import RAW_NAME, incarnation_labels, prefix, raw_name


@dataclass(frozen=True)
class Numbers:
    """The number of each thing, by its place among those of the slice; and an example of each number."""

    codes: Places
    examples: Places

    @property
    def one(self) -> bool:
        return len(self.examples) <= 1

    def bound(self, name: str, ids: Sequence[int]) -> dict[str, Any]:
        """What a statement binds to group by these numbers."""
        return {} if self.one else {f"{name}_ids": list(ids), f"{name}_groups": self.codes.tolist()}

    def expression(self, column: str, name: str) -> str:
        """The number of an id, in a statement."""
        return sql.ONE_GROUP if self.one else sql.grouped(column, name)


def numbered(keys: Iterable[Any]) -> Numbers:
    """Equal keys get one number."""
    places: dict[Any, int] = {}
    examples: list[int] = []
    codes = []
    for place, key in enumerate(keys):
        number = places.setdefault(key, len(places))
        if number == len(examples):
            examples.append(place)
        codes.append(number)
    return Numbers(np.array(codes, np.int64), np.array(examples, np.int64))


def numbers(slice_: ClassSlice, parses: Sequence[tree.Parse], by: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Of the slice's incarnations, and of its classes."""
    keys = _Keys(slice_, by)
    made: set[str] = set()
    looked_at = list(by)
    for parse in parses:
        name = field_of(parse)
        if name in made or (name == RAW_NAME and not keys.cut(parse)):
            return keys.finest()
        if name != RAW_NAME:
            looked_at.append(name)
        made |= {each.text for each in parse.names}
    if RAW_NAME in looked_at:
        return keys.finest()
    nodrop = any(parse.nodrop for parse in parses)
    for name in dict.fromkeys(looked_at):
        if name not in made or nodrop:
            keys.look_at(name)
    return keys.numbers()


class _Keys:
    """A key each, which grows by what is looked at."""

    def __init__(self, slice_: ClassSlice, by: Sequence[str]) -> None:
        self._metric = slice_.metric
        self._by = set(by)
        self._universe = slice_.reader.selected.universe
        self._jvms = [slice_.reader.selected.jvms[place] for place in np.flatnonzero(slice_.jvms).tolist()]
        self._classes: list[int] = np.flatnonzero(slice_.classes).tolist()
        self._jvm_keys: list[tuple[Any, ...]] = [()] * len(self._jvms)
        self._class_keys: list[tuple[Any, ...]] = [()] * len(self._classes)

    def numbers(self) -> tuple[Numbers, Numbers]:
        return numbered(self._jvm_keys), numbered(self._class_keys)

    def finest(self) -> tuple[Numbers, Numbers]:
        """Each thing for itself: right whatever the query looks at."""
        return numbered(range(len(self._jvms))), numbered(range(len(self._classes)))

    def look_at(self, name: str) -> None:
        """A label; `_2`, metric and mode are the same in all of the slice."""
        of_jvms = "host" if name == "_1" else name
        values = [incarnation_labels(each).get(of_jvms) for each in self._jvms]
        self._jvm_keys = [(*key, value) for key, value in zip(self._jvm_keys, values, strict=True)]
        column = self._universe.classes.columns.get(name)
        if column is not None:
            codes = column.codes
            self._class_keys = [
                (*key, codes[place] if place < len(codes) else -1)
                for key, place in zip(self._class_keys, self._classes, strict=True)
            ]

    def cut(self, parse: tree.Parse) -> bool:
        """Cut a pattern such as `*.size.**` where the class begins; False when it cannot be cut there.

        The first wildcard is lazy and a host has no dot, so it ends at the host's, unless what follows
        does not fit there: then it may go on into the class, and such a pattern is not cut.
        """
        head, kind, tail = (*parse.pattern.text.split(".", 2), "", "")[:3]
        if not tail or "*" in kind or "**" in head or "\\" in parse.pattern.text:
            return False
        starts = [captures(f"{head}.{kind}.", prefix(jvm.who.host, self._metric)) for jvm in self._jvms]
        ends = [captures(tail, self._path(place)) for place in self._classes]
        if any(each is None for each in ends) and self._fits_beyond(parse, starts, ends):
            return False
        names = [name.text for name in parse.names]
        count = head.count("*")
        self._jvm_keys = _grown(self._jvm_keys, starts, names[:count], self._by)
        self._class_keys = _grown(self._class_keys, ends, names[count:], self._by)
        return True

    def _fits_beyond(
        self, parse: tree.Parse, starts: Sequence[list[str] | None], ends: Sequence[list[str] | None]
    ) -> bool:
        hosts = [jvm.who.host for jvm, start in zip(self._jvms, starts, strict=True) if start is not None]
        return not hosts or any(
            end is None
            and captures(parse.pattern.text, prefix(hosts[0], self._metric) + self._path(place)) is not None
            for place, end in zip(self._classes, ends, strict=True)
        )

    def _path(self, place: int) -> str:
        return raw_name("h", self._metric, self._universe.class_names[place]).split(".", 2)[2]


def _grown(
    keys: Sequence[tuple[Any, ...]], found: Sequence[list[str] | None], names: Sequence[str], by: set[str]
) -> list[tuple[Any, ...]]:
    """Each key with the captured values that matter, or with the fact that there are none."""
    wanted = [place for place, name in enumerate(names) if name in by]
    return [
        (*key, None if values is None else tuple(values[place] for place in wanted))
        for key, values in zip(keys, found, strict=True)
    ]
