"""Lines into messages: what belongs together stays together.

    2026-11-22 10:00:00,123 ERROR [main] c.s.Shop - cannot sell                  a message begins
    java.lang.IllegalStateException: sold out                                    and goes on
    \tat com.shop.Shop.sell(Shop.java:42)
    Caused by: java.io.IOException: no shelf
    \t... 3 more
    2026-11-22 10:00:01,000 INFO  [main] c.s.Shop - next                         the next one

Unless a pattern of first lines is given, a line goes on what came before it when it begins with white space,
`at `, `Caused by:`, `Suppressed:` or `... n more`, names a Throwable behind a line that has a time, or is the
second line of java.util.logging's two.
"""

from __future__ import annotations

import re
from typing import List, Protocol

MOST_CHARACTERS = 1 << 20
MOST_LINES = 5000
"""Where a message is cut, so that a file without any first line does not become one."""

_GOES_ON = (" ", "\t", "at ", "Caused by:", "Suppressed:", "... ")
_THROWABLE = re.compile(r"(?:[\w$]+\.)*[\w$]*(?:Exception|Error|Throwable)\b(?=:|\s*$)")
_ENTRY = re.compile(r"\[?\(?(?:\d|[A-Z][a-z]{2} +\d|Traceback )")  # a line that begins with a time
_JUL_HEAD = re.compile(r"[A-Z][a-z]{2} \d{1,2}, 20\d\d,? \d{1,2}:\d\d:\d\d.[AP]M [\w.$]+")
_JUL_BODY = re.compile(r"(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): ")


class FirstLine(Protocol):
    """A compiled pattern; `re` has it, and so has RE2."""

    def search(self, line: str) -> object: ...


class Joiner:
    """Collects lines; hands out a message when the next one begins."""

    def __init__(
        self,
        first_line: FirstLine | None = None,
        most_characters: int = MOST_CHARACTERS,
        most_lines: int = MOST_LINES,
    ) -> None:
        self._first_line = first_line
        self._most_characters, self._most_lines = most_characters, most_lines
        self._lines: List[str] = []
        self._size = 0

    @property
    def pending(self) -> bool:
        """A message has begun and may go on."""
        return bool(self._lines)

    def feed(self, line: str) -> str | None:
        """Take a line without its end; the message before it, when this line begins another."""
        if self._lines and self._goes_on(line):
            self._lines.append(line)
            self._size += len(line) + 1
            return None
        done = self.flush()
        if line:
            self._lines.append(line)
            self._size = len(line)
        return done

    def flush(self) -> str | None:
        """What has been collected, as a message, or None."""
        if not self._lines:
            return None
        text = "\n".join(self._lines).rstrip()
        self._lines.clear()
        self._size = 0
        return text or None

    def _goes_on(self, line: str) -> bool:
        if self._size + len(line) > self._most_characters or len(self._lines) >= self._most_lines:
            return False
        if self._first_line is not None:
            return not self._first_line.search(line)
        if not line or line.startswith(_GOES_ON):
            return True
        head = self._lines[0]
        if line[0].isalpha() and _THROWABLE.match(line):
            return bool(_ENTRY.match(head))
        return len(self._lines) == 1 and bool(_JUL_BODY.match(line)) and bool(_JUL_HEAD.match(head))


def split(text: str, first_line: FirstLine | None = None) -> List[str]:
    """The messages of a whole text; lines end in LF or CRLF, as files have them."""
    joiner = Joiner(first_line)
    found: List[str] = []
    for line in text.split("\n"):
        done = joiner.feed(line[:-1] if line.endswith("\r") else line)
        if done is not None:
            found.append(done)
    last = joiner.flush()
    return found if last is None else [*found, last]
