"""Carbon 2.0 (metrics20.org): `metric=cpu host=a  env=prod 0.4 1790000100`, tags, a value, a time.

Two spaces part the tags that name a series from those that only describe it; both are kept as labels, since
there is no series here that they would tell apart. The series is named by its tag `metric`, else `what`.
"""

from __future__ import annotations

from typing import Dict, List

from heapwatch.wire.graphite import MAX_LINE, BadLine, Lines, Sample, gather, parse_time, parse_value
from heapwatch.wire.series import series_of

NAMES = ("metric", "_metric", "what")


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
