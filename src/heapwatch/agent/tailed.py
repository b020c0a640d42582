"""One log file that is being written, read as far as it is written.

    grown                   the new bytes are read, up to the last line that is whole
    renamed, a new file     what is open is read to its end; the new one is another file
    truncated, overwritten  begins anew; what its copy (copytruncate) still has of the old is read from there

Its place is where the first message begins that was not handed over: after a crash it is read again from
there. What a file is, its inode and its first bytes say, not its name.
"""

from __future__ import annotations

import os
import re
import zlib
from typing import Iterable, List, NamedTuple, Tuple

from heapwatch.wire.messages import FirstLine, Joiner

PIECE = 128 << 10
LONGEST_LINE = 1 << 20
LONGEST_MESSAGE = 1 << 18

_HEAD = 64  # bytes by which the beginning of a file is known
_WIDTHS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

FileKey = Tuple[int, int]
"""Device and inode."""


class Place(NamedTuple):
    """How far a file was handed over."""

    offset: int
    head_size: int  # of so many bytes at its beginning
    head: int  # is this the checksum


class Tailed:
    """An open file. Every method may raise OSError: then it is let go and looked for again."""

    def __init__(
        self,
        path: str,
        key: FileKey,
        first_line: FirstLine | None = None,
        encoding: str = "utf-8",
        place: Place | None = None,
    ) -> None:
        self.path, self.key = path, key
        self._encoding = encoding
        self._joiner = Joiner(first_line, LONGEST_MESSAGE)
        self._offset = 0  # all before has been read
        self._rest = b""  # the end of that: a line that is not whole
        self._begun = 0  # where the pending message begins
        self._head_size = self._head = 0
        self.resumed = False  # whether it goes on at the place that was given
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            stat = os.fstat(self._fd)
            if (stat.st_dev, stat.st_ino) != key:
                raise FileNotFoundError(2, "is another file by now", path)
            self._learn_head()
            if place is not None and place.offset <= stat.st_size and self._begins_as(place):
                self._move(place.offset)
                self.resumed = True
        except BaseException:
            self.close()
            raise

    @property
    def place(self) -> Place:
        offset = self._begun if self._joiner.pending else self._offset - len(self._rest)
        return Place(offset, self._head_size, self._head)

    @property
    def pending(self) -> bool:
        """A message has begun, and a line that goes on it may come."""
        return self._joiner.pending

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def changed(self, size: int) -> bool:
        """Whether a file of this size has anything that was not read."""
        return size != self._offset

    def was_cut(self, size: int) -> bool:
        """Whether what was read is its beginning no more."""
        return size < self._offset or not self._begins_as(self.place)

    def read(self, most: int) -> Tuple[List[str], int]:
        """The messages that are whole now, and how many bytes were read for them."""
        found: List[str] = []
        taken = 0
        while taken < most:
            piece = os.pread(self._fd, min(PIECE, most - taken), self._offset)
            if not piece:
                break
            taken += len(piece)
            self._offset += len(piece)
            self._learn_head()
            self._take(piece, found)
        return found, taken

    def flush(self) -> List[str]:
        """The pending message: it is taken for whole."""
        done = self._joiner.flush()
        return [] if done is None else [done]

    def last_words(self) -> List[str]:
        """All that is left when nothing more can come: also a line without its end."""
        found: List[str] = []
        if self._rest:
            rest, self._rest = self._rest, b""
            self._line(rest, self._offset - len(rest), found)
        return found + self.flush()

    def to_the_end(self) -> None:
        """Begin with what is written from now on; a line that has begun counts as that."""
        size = self.size()
        last = os.pread(self._fd, min(size, PIECE), size - min(size, PIECE))
        whole = last.rfind(b"\n") + 1
        self._move(size - (len(last) - whole if whole else 0))

    def skip_to(self, offset: int) -> int:
        """Leave out what is before the first line that begins there; how many bytes that was."""
        piece = os.pread(self._fd, PIECE, offset)
        before = self.place.offset
        self._joiner.flush()
        self._move(offset + piece.find(b"\n") + 1)
        return self._offset - before

    def begin_anew(self) -> List[str]:
        """The file was truncated: what a copy of it has of the old, and the message that was pending."""
        found = self.rest_of_copy(Place(self._offset, self._head_size, self._head))
        self._move(0)
        self._head_size = self._head = 0
        self._learn_head()
        return found

    def rest_of_copy(self, place: Place) -> List[str]:
        """What a copy of the file before it was truncated has behind a place."""
        found: List[str] = []
        copy = self._copy(place)
        if copy:
            with open(copy, "rb") as file:
                file.seek(place.offset)
                self._take(file.read(8 * LONGEST_LINE), found)
        return found + self.last_words()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _move(self, offset: int) -> None:
        self._rest = b""
        self._offset = offset - offset % _WIDTHS.get(self._coding(), 1)

    def _take(self, piece: bytes, found: List[str]) -> None:
        data = self._rest + piece
        at = self._offset - len(data)
        start = 0
        coding = self._coding()
        width = _WIDTHS.get(coding, 1)
        mark = "\n".encode(coding) if width > 1 else b"\n"
        end = data.find(mark)
        while end >= 0:
            if end % width == 0:
                self._line(data[start:end], at + start, found)
                start = end + width
            end = data.find(mark, end + 1)
        self._rest = data[start:]
        if len(self._rest) > LONGEST_LINE:
            rest, self._rest = self._rest, b""
            self._line(rest, at + start, found)

    def _line(self, raw: bytes, at: int, found: List[str]) -> None:
        line = raw.decode(self._coding(), "replace").lstrip("\ufeff").replace("\0", "")
        was_pending = self._joiner.pending
        done = self._joiner.feed(line[:-1] if line.endswith("\r") else line)
        if done is not None:
            found.append(done)
        if done is not None or not was_pending:
            self._begun = at

    def _coding(self) -> str:
        return self._marked or self._encoding

    _marked = ""  # what a byte order mark says

    def _learn_head(self) -> None:
        """Know the file by more of its first bytes, as long as there are few."""
        if self._head_size < _HEAD:
            head = os.pread(self._fd, _HEAD, 0)
            self._head_size, self._head = len(head), zlib.crc32(head)
            self._marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")

    def _begins_as(self, place: Place) -> bool:
        head = os.pread(self._fd, place.head_size, 0)
        return len(head) == place.head_size and zlib.crc32(head) == place.head

    def _copy(self, place: Place) -> str:
        """The file beside it with that beginning that goes on behind the place; "" if there is none."""
        folder, name = os.path.split(self.path)
        start = re.split(r"[._-]?\d", name)[0]  # it may be a rotated one by now, too
        if not place.head_size:
            return ""
        for entry in sorted(os.scandir(folder or "."), key=lambda each: each.name):
            beside = entry.name.startswith(start) and entry.name != name and entry.is_file()
            if beside and entry.stat().st_size > place.offset:
                with open(entry.path, "rb") as file:
                    if zlib.crc32(file.read(place.head_size)) == place.head:
                        return entry.path
        return ""


def begins_as_any(path: str, heads: Iterable[Tuple[int, int]]) -> bool:
    """Whether a file has one of these beginnings, each a number of bytes and their checksum."""
    with open(path, "rb") as file:
        start = file.read(_HEAD)
    return any(size and size <= len(start) and zlib.crc32(start[:size]) == head for size, head in heads)
