"""A log message as one JSON object a line, as structured loggers and container engines write them.

    {"time": "2026-11-22T10:00:00Z", "level": "WARN", "message": "slow"}        the text is `slow`
    {"ts": 1795341600.5, "level": "info", "msg": "sold", "order": 4711}         the text is the whole line
    {"log": "slow\\n", "stream": "stdout", "time": "2026-11-22T10:00:00.5Z"}     Docker: the text is `slow`

An object that says more than when, how bad and what is kept whole, so that nothing of it is lost and the
query language's `json` finds its fields.
"""

from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Tuple

from heapwatch.errors import Unreadable
from heapwatch.wire.levels import named_level
from heapwatch.wire.moments import Zone, epoch_of, utc

TIMES = ("time", "timestamp", "@timestamp", "ts", "Timestamp", "t")
TEXTS = ("message", "msg", "text", "log", "Message", "MESSAGE")
LEVELS = ("level", "severity", "lvl", "loglevel", "log.level", "Level")
_NOISE = ("stream", "logtag")  # of container engines


class Record(NamedTuple):
    time: int | None  # epoch ms
    level: str
    text: str


def parse(line: str, now_ms: int, zone: Zone = utc) -> Record:
    """The message in one JSON object; Unreadable when there is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not a JSON object: {str(error)[:100]}") from error
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return record(found, line, now_ms, zone)


def record(found: Dict[str, Any], line: str, now_ms: int, zone: Zone = utc) -> Record:
    """The message that an object is; `line` is how it was written."""
    time, level = _first(found, TIMES), _first(found, LEVELS)
    text = _first(found, TEXTS)
    known = {name for name in (time, level, text, *_NOISE) if name}
    whole = text is None or not isinstance(found[text], str) or not found.keys() <= known
    said = line.strip() if whole else found[text or ""].rstrip("\n")
    if not said:
        raise Unreadable("a message without text")
    at = epoch_of(found[time], now_ms, zone) if time else None
    return Record(at, named_level(found[level]) if level else "", said)


def _first(found: Dict[str, Any], names: Tuple[str, ...]) -> str | None:
    return next((name for name in names if name in found), None)
