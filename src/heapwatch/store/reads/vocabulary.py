"""The words there are: class names, labels and their values. For completion and pickers."""

from __future__ import annotations

from typing import Any

from heapwatch.store.errors import NotFound, near
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.selection import containing

OWN = ("host", "jvm", "class", "package", "metric", "mode")


def class_names(parts: Parts, match: str, limit: int) -> dict[str, Any]:
    """Class names with the pattern in them, shortest first."""
    fits = containing(match) if match else lambda _: True
    found = [name for name in list(parts.names.classes.by_name) if fits(name)]
    found.sort(key=lambda name: (len(name), name))
    return {"classes": found[:limit], "total": len(found)}


def labels(parts: Parts) -> dict[str, Any]:
    """All label names."""
    names = set(OWN)
    for incarnation in list(parts.names.jvms.by_id.values()):
        names.update(incarnation.labels)
    for series in list(parts.names.series.by_id.values()):
        names.update(series.tags)
    return {"labels": sorted(names)}


def label_values(parts: Parts, name: str) -> dict[str, Any]:
    """All values of a label."""
    known = labels(parts)["labels"]
    if name not in known:
        raise NotFound(f"no label {name!r} in the store", near(name, known))
    return {"values": sorted(_values(parts, name))}


def _values(parts: Parts, name: str) -> set[str]:
    names = parts.names
    everyone, every_series = list(names.jvms.by_id.values()), list(names.series.by_id.values())
    found: set[str] = set()
    if name == "mode":
        return {"all", "live"}
    if name == "class":
        found.update(names.classes.by_name)
    if name == "package":
        found.update(names.classes.packages.values())
    if name == "metric":
        found.update(series.metric for series in every_series)
    if name in ("host", "jvm"):
        found.update(getattr(each.who, name) for each in everyone)
    found.update(each.labels[name] for each in everyone if name in each.labels)
    found.update(series.tags[name] for series in every_series if name in series.tags)
    return found
