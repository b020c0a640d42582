"""A class over time and hosts: one that is named, or several together by a glob."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from heapwatch.errors import UsageError
from heapwatch.store.errors import TooBig, UnknownClass, near
from heapwatch.store.reads.intervals import Buckets, whole
from heapwatch.store.reads.moments import Moments, by_class, by_incarnation, moments, summed
from heapwatch.store.reads.parts import Parts, framed, who
from heapwatch.store.reads.selection import Selection, any_of, is_glob

MOST_SERIES = 2000
BY = ("host", "jvm", "class", "none", "")


def class_ids(parts: Parts, wanted: Sequence[str]) -> list[int]:
    """The classes of these names and globs; a name written out that no histogram had is an error."""
    by_name = parts.names.classes.by_name
    found: dict[int, None] = {}
    for name in wanted:
        if name in by_name:
            found[by_name[name]] = None
        elif is_glob(name):
            fits = any_of([name])
            found.update((id_, None) for known, id_ in by_name.copy().items() if fits(known))
        else:
            raise UnknownClass(f"no histogram had a class {name!r}", near(name, by_name))
    return list(found)


def class_history(
    parts: Parts, selection: Selection, wanted: Sequence[str], buckets: Buckets, mode: str, by: str
) -> dict[str, Any]:
    """Instances and bytes per incarnation and class, or summed `by` host, jvm, class or none."""
    if by not in BY:
        raise UsageError(f"by is host, jvm, class or none, not {by!r}")
    if not wanted:
        raise UsageError("give the class: class=NAME, a glob, or several")
    classes = class_ids(parts, wanted)
    found = moments(parts, selection.among(parts.names.jvms, buckets.start, buckets.end), buckets, mode)
    if not classes or not found.incarnations:
        return framed(buckets, [], [], "last")
    if by in ("class", ""):
        _bounded(len(classes) * (len(found.incarnations) if by == "" else 1))
        series = _of_each_class(parts, found, classes, together=by == "class")
    else:
        series = _of_all_classes(parts, found, classes, by, wanted)
    return framed(buckets, series, [], "last")


def _of_each_class(
    parts: Parts, found: Moments, classes: Sequence[int], *, together: bool
) -> list[dict[str, Any]]:
    instances, sizes = by_class(parts, found, classes)
    names = [parts.names.classes.names[each] for each in classes]
    if together:
        return [
            _line({"class": name}, summed(instances[layer]), summed(sizes[layer]))
            for layer, name in enumerate(names)
        ]
    return [
        _line({"class": name, **who(each)}, instances[layer, row], sizes[layer, row])
        for layer, name in enumerate(names)
        for row, each in enumerate(found.incarnations)
        if np.nansum(instances[layer, row]) > 0
    ]


def _of_all_classes(
    parts: Parts, found: Moments, classes: Sequence[int], by: str, wanted: Sequence[str]
) -> list[dict[str, Any]]:
    instances, sizes = by_incarnation(parts, found, classes)
    groups: dict[str, list[int]] = {}
    for row, each in enumerate(found.incarnations):
        key = {"host": each.who.host, "jvm": each.who.jvm, "none": ""}[by]
        groups.setdefault(key, []).append(row)
    label = {"class": ", ".join(wanted)}
    return [
        _line(label if by == "none" else {**label, by: key}, summed(instances[rows]), summed(sizes[rows]))
        for key, rows in groups.items()
    ]


def _line(labels: dict[str, Any], instances: Any, sizes: Any) -> dict[str, Any]:
    return {"labels": labels, "bytes": whole(sizes), "instances": whole(instances)}


def _bounded(count: int) -> None:
    if count > MOST_SERIES:
        raise TooBig(f"{count} series are more than {MOST_SERIES}; narrow the classes or add by=host")
