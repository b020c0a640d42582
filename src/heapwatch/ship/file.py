"""Batches into a file that is rotated: never more than `keep` + 1 files of about `max_bytes` each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from heapwatch.errors import Unavailable
from heapwatch.model import Batch
from heapwatch.ship.records import Records


class FileSink:
    """Delivered means written to the operating system: a crash of this program loses nothing of it.

    A batch goes into one file whole. What a failed write left behind (disk full) is cut off again, so that
    the file never holds half a record and the batch can be sent once more.
    """

    def __init__(
        self,
        path: Path,
        records: Records,
        *,
        max_bytes: int = 64 << 20,
        keep: int = 3,
        name: str = "file",
    ) -> None:
        self.name = name
        self._path = path
        self._records = records
        self._max_bytes, self._keep = max_bytes, keep
        self._open: BinaryIO | None = None

    def send(self, batch: Batch) -> None:
        block = b"".join(self._records.write(batch))
        try:
            file = self._file(len(block))
            start = file.seek(0, os.SEEK_END)
            try:
                _write(file, block)
            except OSError:
                file.truncate(start)
                raise
        except OSError as error:
            self.close()
            raise Unavailable(f"file {self._path}: {error.strerror}") from error

    def close(self) -> None:
        file, self._open = self._open, None
        if file is not None:
            file.close()

    def _file(self, more: int) -> BinaryIO:
        if self._open is not None and not _same(self._open, self._path):  # logrotate moved it away
            self.close()
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open = open(self._path, "ab", buffering=0)  # noqa: SIM115 - it stays open
        size = os.fstat(self._open.fileno()).st_size
        if size and size + more > self._max_bytes:
            self.close()
            self._rotate()
            self._open = open(self._path, "ab", buffering=0)  # noqa: SIM115
        return self._open

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self._numbered(number)
            newer = self._numbered(number - 1)
            if newer.exists():
                os.replace(newer, older)
        if not self._keep:
            self._path.unlink()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


def _write(file: BinaryIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _same(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
