"""A heap dump on its way here: its bytes between the words that a host says before and after them.

    {"is":"hello", ...}                            a line each
    {"is":"file","bytes":70254592}
    <70254592 bytes>                               of which nothing is kept in memory
    {"is":"result","result":{"sha256": "9f86...", "bytes": 70254592, ...}}
    {"is":"end","jvms":1}

However the connection cuts it into pieces. What is shorter or longer than it should be, or has another sum,
is refused; whoever gave the file removes it then.
"""

from __future__ import annotations

import hashlib
import json
from typing import Callable, Mapping

from heapwatch.errors import Refused
from heapwatch.fleet import answers
from heapwatch.fleet.results import BAD_ANSWER, TOO_MUCH, HostFailed

_WORDS = 1 << 20
_FILE, _HELLO = b'{"is":"file"', b'{"is":"hello"'


class Arriving:
    """Takes the pieces; `keep` gets those of the file. `most` is how large it may be, in bytes."""

    def __init__(self, host: str, keep: Callable[[bytes], object], most: int) -> None:
        self._host, self._keep, self._most = host, keep, most
        self._words = bytearray()
        self._line = bytearray()
        self._greeted = False
        self._digest = hashlib.sha256()
        self.size: int | None = None
        """Bytes of the file; None until it begins."""
        self._left = 0

    @property
    def share(self) -> float:
        """How much of the file is here."""
        return 1 - self._left / self.size if self.size else 0.0

    def take(self, piece: bytes) -> None:
        while piece:
            if self._left:
                part, piece = piece[: self._left], piece[self._left :]
                self._left -= len(part)
                self._digest.update(part)
                self._keep(part)
                continue
            line, newline, piece = piece.partition(b"\n")
            self._line += line + newline
            if len(self._words) + len(self._line) > _WORDS:
                raise HostFailed(TOO_MUCH, f"it says more than {_WORDS >> 20} MiB beside the heap dump")
            if newline:
                self._heard(bytes(self._line))
                self._line.clear()

    def answer(self, begun_ms: int, ended_ms: int) -> dict[str, object]:
        """What the host said of the file, once all of it is here; Refused when there is none for a reason."""
        told = answers.read(bytes(self._words + self._line), self._host, begun_ms, ended_ms)
        if told.refusal is not None:
            raise Refused(f"{self._host}: {told.refusal[1]}")
        if told.result is None or self.size is None:
            raise HostFailed(BAD_ANSWER, "neither a heap dump nor a reason why there is none")
        if (told.result.get("bytes"), told.result.get("sha256")) != (self.size, self._digest.hexdigest()):
            raise HostFailed(BAD_ANSWER, "the heap dump that arrived is not the one that was sent")
        return dict(told.result)

    def _heard(self, line: bytes) -> None:
        if self._greeted and self.size is None and line.startswith(_FILE):
            self.size = self._left = _size(line)
            if self.size > self._most:
                room = f"{self.size >> 20} MiB, {self._most >> 20} MiB are free for it here"
                raise HostFailed(TOO_MUCH, f"the heap dump has {room}; it was not fetched")
            return
        self._greeted = self._greeted or line.startswith(_HELLO)
        self._words += line


def _size(line: bytes) -> int:
    try:
        told: Mapping[str, object] = json.loads(line)
    except ValueError:
        told = {}
    size = told.get("bytes")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise HostFailed(BAD_ANSWER, f"not how large a heap dump is: {line[:60]!r}")
    return size
