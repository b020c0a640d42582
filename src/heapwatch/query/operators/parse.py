"""`parse [field=F] PATTERN as a, b [nodrop]`: labels out of a label, `_rawName` unless another is named.

`*` stands for the shortest run and `**` for the longest that lets the whole value fit; each gives one label.
A new label takes the place of an old one of its name. A series that does not fit is left out and counted, or
stays as it is with `nodrop`.
"""

from __future__ import annotations

from dataclasses import replace

from heapwatch.query import tree
from heapwatch.query.frame import Frame
from heapwatch.query.notes import Notes
from heapwatch.query.patterns import captures
from heapwatch.query.universe import RAW_NAME

LEFT_OUT = "series left out because parse did not fit them"


def field_of(node: tree.Parse) -> str:
    return node.field.text if node.field else RAW_NAME


def made(node: tree.Parse, value: str | None) -> dict[str, str] | None:
    """The labels that a value gives; None when it does not fit."""
    found = None if value is None else captures(node.pattern.text, value)
    if found is None:
        return None
    return {name.text: text for name, text in zip(node.names, found, strict=False)}


def apply(node: tree.Parse, frame: Frame, notes: Notes) -> Frame:
    kept = []
    labels = []
    for series in range(len(frame)):
        new = made(node, frame.label(series, field_of(node)))
        if new is None and not node.nodrop:
            continue
        kept.append(series)
        labels.append({**frame.labels[series], **(new or {})})
    notes.add(LEFT_OUT, len(frame) - len(kept))
    return replace(frame.rows(kept), labels=labels)
