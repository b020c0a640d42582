"""Where a heap dump's bytes come from, and where what is cut out of them goes: files, not memory."""

from __future__ import annotations

import gzip
import mmap
import shutil
import tempfile
import zlib
from array import array
from typing import Any

from heapwatch.errors import Truncated, Unreadable

_FLUSH = 1 << 16


class Column:
    """Numbers that only grow in number: on disk, and mapped when they are read."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the column
        self.recent = array("Q")
        self.length = 0

    def extend(self, values: Any) -> None:
        self.recent.extend(values)
        if len(self.recent) >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        self.length += len(self.recent)
        self.recent.tofile(self._file)
        self.recent = array("Q")

    def size(self) -> int:
        return self.length + len(self.recent)

    def view(self) -> Any:
        self._flush()
        self._file.flush()
        if not self.length:
            return array("Q")
        return memoryview(mmap.mmap(self._file.fileno(), 0, prot=mmap.PROT_READ)).cast("Q")


def content(path: str) -> Any:
    """The file, unpacked if it is packed."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - the caller closes it
        if file.read(2) != b"\x1f\x8b":
            return file
        with file, gzip.open(path, "rb") as packed:
            plain = tempfile.TemporaryFile()  # noqa: SIM115 - the same
            shutil.copyfileobj(packed, plain, 1 << 20)
            plain.flush()
            return plain
    except EOFError:
        raise Truncated(f"{path} is cut off (gzip)") from None
    except (OSError, zlib.error) as error:
        raise Unreadable(f"{path}: {getattr(error, 'strerror', None) or error}") from error
