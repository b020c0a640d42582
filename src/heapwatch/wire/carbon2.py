"""Carbon 2.0 (metrics20.org), both directions: `metric=cpu host=a  env=prod 0.4 1790000100`.

Tags, a value, a time.

Two spaces part the tags that name a series from those that only describe it; both are kept as labels, since
there is no series here that they would tell apart. The series is named by its tag `metric`, else `what`.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping

from heapwatch.wire.graphite import MAX_LINE, BadLine, Lines, Sample, gather, parse_time, parse_value
from heapwatch.wire.series import series_of

NAMES = ("metric", "_metric", "what")


_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


def line(tags: Mapping[str, str], meta: Mapping[str, str], value: float, time: int) -> bytes:
    """One sample (epoch ms), written; what a tag cannot hold is percent-encoded, an empty one left out."""
    parts = [" ".join(_tag(key, text) for key, text in each.items() if key and text) for each in (tags, meta)]
    number = str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)
    return f"{parts[0]}  {parts[1]}{' ' if parts[1] else ''}{number} {time // 1000}\n".encode(
        "utf-8", "backslashreplace"
    )


def _tag(key: str, text: str) -> str:
    name = _SPACE.sub("_", key).replace("=", "_")
    return f"{name}={_SPACE.sub(lambda found: f'%{ord(found.group()):02X}', text)}"


def parse(block: bytes, now_ms: int) -> Lines:
    """The samples in whole lines; a bad one is counted and skipped."""
    return gather(block, lambda line: _sample(line, now_ms))


def _sample(line: bytes, now_ms: int) -> Sample | None:
    cells = line.split()
    if not cells:
        return None
    if len(line) > MAX_LINE:
        raise BadLine("line-too-long")
    if len(cells) < 3:
        raise BadLine("not-tags-value-time")
    return _series(cells[:-2]), parse_value(cells[-2]), parse_time(cells[-1], now_ms)


def _series(cells: List[bytes]) -> str:
    labels: Dict[str, str] = {}
    for cell in cells:
        try:
            key, equals, value = cell.decode().partition("=")
        except UnicodeDecodeError:
            raise BadLine("not-utf-8") from None
        if not (key and equals):
            raise BadLine("bad-tags")
        labels[key] = value
    for name in NAMES:
        if labels.get(name):
            return series_of(labels.pop(name), labels)
    raise BadLine("no-metric")
