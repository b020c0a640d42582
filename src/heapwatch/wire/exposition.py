"""The text of Prometheus and of OpenMetrics 1.0: `http_requests_total{code="200"} 1027 1790000100000`.

Escapes in label values, names of any characters in quotes, exemplars, `# EOF`. A time is in milliseconds in
the first and in seconds in the second; a sample without one is of now. A bad line is counted and skipped, as
by every door, where Prometheus would drop all of a scrape.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Dict, Tuple

from heapwatch.wire.graphite import MAX_LINE, MAX_SECONDS, BadLine, Lines, Sample, gather
from heapwatch.wire.series import series_of

_SPACE = re.compile(r"[ \t]")
_LABELS_BEGIN = re.compile(r"[^ \t{]*[ \t]*\{")
_LABELLED = re.compile(_LABELS_BEGIN.pattern + r"""[^"}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"}]*)*\}""")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(
    r"""\s*(?:(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)|"(?P<quoted>(?:[^"\\\n]|\\.)*)")"""
    r"""\s*(?:=\s*"(?P<value>(?:[^"\\\n]|\\.)*)")?\s*(?P<end>[,}])"""
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}
_LONGEST = 4 * MAX_LINE  # labels may be many; Prometheus has no limit of its own


class Names:
    """What the texts before it named: a target sends the same series again and again."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._known: Dict[str, str] = {}

    def series(self, text: str) -> str:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= self._most:
                self._known.clear()
            found = self._known[text] = _series(text)
        return found


def parse(body: bytes, now_ms: int, *, openmetrics: bool = False, names: Names | None = None) -> Lines:
    """All samples of one text."""
    known = names or Names()

    def read(line: bytes) -> Sample | None:
        line = line.strip()
        if not line or line[:1] == b"#":
            return None
        if len(line) > _LONGEST:
            raise BadLine("line-too-long")
        text, value, time = _sample(_decoded(line), now_ms, openmetrics)
        return known.series(text), value, time

    return gather(body, read)


def is_openmetrics(content_type: str) -> bool:
    return content_type.strip().lower().startswith("application/openmetrics-text")


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise BadLine("not-utf-8") from None


def _sample(line: str, now_ms: int, openmetrics: bool) -> Tuple[str, float, int]:
    """The part that names the series, the value, the time."""
    end = _end_of_series(line)
    rest = line[end:].partition(" # ")[0]
    cells = rest.split()
    if len(cells) not in (1, 2):
        raise BadLine("not-a-sample")
    try:
        value = float(cells[0])
        time = float(cells[1]) if len(cells) == 2 else None
    except ValueError:
        raise BadLine("bad-number") from None
    if "_" in rest:
        raise BadLine("bad-number")
    if not isfinite(value):
        raise BadLine("not-finite")
    if time is None:
        return line[:end], value, now_ms
    seconds = time if openmetrics else time / 1000
    if not 0 <= seconds < MAX_SECONDS:
        raise BadLine("time-out-of-range")
    return line[:end], value, round(seconds * 1000)


def _end_of_series(line: str) -> int:
    """Where the value begins; braces in quotes end no labels."""
    if _LABELS_BEGIN.match(line):
        found = _LABELLED.match(line)
        if found is None:
            raise BadLine("bad-labels")
        return found.end()
    space = _SPACE.search(line)
    if space is None:
        raise BadLine("not-a-sample")
    return space.start()


def _series(text: str) -> str:
    brace = text.find("{")
    name = (text if brace < 0 else text[:brace]).strip()
    if name and not _NAME.fullmatch(name):
        raise BadLine("bad-name")
    labels: Dict[str, str] = {}
    place = brace + 1
    while 0 < place < len(text) and text[place:].strip() != "}":
        found = _LABEL.match(text, place)
        if not found:
            raise BadLine("bad-labels")
        key = found["name"] if found["quoted"] is None else _unescaped(found["quoted"])
        if found["value"] is not None and key and key not in labels:
            labels[key] = _unescaped(found["value"])
        elif found["value"] is None and found["quoted"] and not name:
            name = key
        else:
            raise BadLine("bad-labels")
        place = found.end()
        if found["end"] == "}":
            break
    if not name:
        raise BadLine("bad-name")
    return series_of(name, labels)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text) if "\\" in text else text
