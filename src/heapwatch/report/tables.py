"""Tables of a page."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from heapwatch.report.markup import Child, tag

LISTED = 12


def listed(label: str, heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> list[Element]:
    """A table of the first rows; the rest is folded."""
    first, rest = rows[:LISTED], rows[LISTED:]
    told = [table(label, heads, first)]
    if rest:
        more = tag("summary", f"{len(rest):,} more")
        told.append(tag("details", more, table(f"{label}, more", heads, rest)))
    return told


def table(label: str, heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> Element:
    """A table that is scrolled where it is too wide; what can be scrolled must be reached by keyboard."""
    body = tag(
        "table",
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
        tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows]),
        aria_label=label,
    )
    return tag("div", body, class_="table", tabindex=0, role="group", aria_label=label)
