"""The one name of a foreign series: `http_requests;code=200;job=shop`, whatever its protocol calls it.

Graphite's tagged form is what all doors agree on. Labels of other protocols may hold what that form gives a
meaning to: in a value `;` is percent-encoded, in a name it becomes `_`. An empty label is no label.
"""

from __future__ import annotations

import re
from typing import Mapping

_IN_NAME = re.compile(r"[\s;!^=\x00-\x1f\x7f]")
_IN_VALUE = re.compile(r"[;\x00-\x1f\x7f]")


def series_of(name: str, labels: Mapping[str, str]) -> str:
    """The name with its labels in order behind it."""
    cells = [cell(key, labels[key]) for key in sorted(labels) if labels[key]]
    return ";".join([label_name(name), *cells])


def cell(name: str, value: str) -> str:
    """One label as it stands in a series' name."""
    if not value.isprintable() or ";" in value:
        value = _IN_VALUE.sub(lambda found: f"%{ord(found.group()):02X}", value)
    return f"{label_name(name)}={value}" if value[:1] != "~" else f"{label_name(name)}=%7E{value[1:]}"


def label_name(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _IN_NAME.sub("_", name)
