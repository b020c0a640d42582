"""How bad a log message says it is: one word of few, whatever the logging library calls it.

    2026-11-22 10:00:00,123 WARN  [main] c.s.Shop - slow          warn
    SEVERE: cannot bind                                           error
    [2026-11-22T10:00:00.123+0000][1.5s][info][gc] GC(0) Pause    info

A level is looked for near the beginning of the first line and only where such a word stands on its own, in
capitals, in brackets, behind `level=` or before a colon: the word "error" in a sentence is none.
"""

from __future__ import annotations

import re
from typing import Dict

LEVELS = ("fatal", "error", "warn", "info", "debug", "trace")
"""From worst to least; "" is a message that does not say."""

_WORDS: Dict[str, str] = {
    "emerg": "fatal",
    "emergency": "fatal",
    "panic": "fatal",
    "fatal": "fatal",
    "alert": "fatal",
    "crit": "fatal",
    "critical": "fatal",
    "severe": "error",
    "err": "error",
    "error": "error",
    "eror": "error",
    "warn": "warn",
    "warning": "warn",
    "notice": "info",
    "info": "info",
    "information": "info",
    "informational": "info",
    "config": "info",
    "debug": "debug",
    "dbug": "debug",
    "fine": "debug",
    "finer": "trace",
    "finest": "trace",
    "trace": "trace",
    "verbose": "trace",
}
_NUMBERS = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}  # bunyan, pino
_SEVERITIES = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")  # of syslog

_PLACE = 160  # characters of the first line in which a level stands, if at all
_WORD = re.compile(r"(?<![\w.$/-])[A-Za-z]{3,13}(?![\w.$/-])")
_NAMED = ("level=", 'level="', 'level": "', 'level":"', "lvl=", "severity=")


def level_of(text: str) -> str:
    """The level that a message's first line names, or ""."""
    line = text[:_PLACE].partition("\n")[0]
    for found in _WORD.finditer(line):
        word = found.group()
        level = _WORDS.get(word.lower())
        if level and (word.isupper() or _marked(line, *found.span())):
            return level
    return ""


def _marked(line: str, start: int, end: int) -> bool:
    """Whether a word that is not in capitals stands where levels do."""
    behind = line[end : end + 12].lstrip(" ")
    return (
        (line[start - 1 : start] == "[" and behind[:1] == "]")
        or line[end : end + 2] == ": "
        or line[:start].lower().endswith(_NAMED)
    )


def named_level(word: object) -> str:
    """The level that a field of a structured message holds; "" when it is none that we know."""
    if isinstance(word, bool) or not isinstance(word, (str, int, float)):
        return ""
    if isinstance(word, str) and not word.isdecimal():
        return _WORDS.get(word.strip().lower(), "")
    return _NUMBERS.get(int(word) // 10 * 10, "") if 0 <= float(word) < 1000 else ""


def severity_level(severity: int) -> str:
    """The level of a syslog severity, 0 to 7."""
    return _SEVERITIES[severity & 7]
