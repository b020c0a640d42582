"""Which log files are read, and what is said of their messages: one [[tail]] of the settings."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass, field
from glob import iglob
from typing import List, Mapping

from heapwatch.errors import UsageError
from heapwatch.wire.messages import FirstLine


@dataclass(frozen=True)
class TailSettings:
    """One [[tail]]: files, and what is said of their messages."""

    path: str
    jvm: str = ""
    category: str = ""
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    first_line: FirstLine | None = None
    encoding: str = "utf-8"
    from_beginning: bool = False
    rate: float = 1 << 20  # bytes a second
    lag: int = 64 << 20  # bytes; what is further behind is left out

    def fitting(self) -> List[str]:
        """The files that there are now."""
        if not re.search(r"[*?\[]", self.path):
            return [self.path] if os.path.exists(self.path) else []
        return sorted(path for path in iglob(self.path, recursive=True) if os.path.isfile(path))


def pattern(value: object) -> re.Pattern[str]:
    """What begins a message."""
    try:
        return re.compile(str(value))
    except re.error as error:
        raise UsageError(f"{value!r} is no pattern: {error}") from error


def encoding(value: object) -> str:
    """The name by which Python knows it; UTF-16 without a byte order is taken for little-endian."""
    try:
        name = codecs.lookup(str(value)).name
    except LookupError:
        raise UsageError(f"{value!r} is no encoding; write utf-8, latin-1, utf-16-le") from None
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name)


def beginning(value: object) -> bool:
    """Whether a file that was there before is read from its beginning."""
    if value not in ("end", "beginning"):
        raise UsageError(f"{value!r} is no place to begin: end (only what is new) or beginning")
    return value == "beginning"
