"""Batches to standard output, for pipes and for looking."""

from __future__ import annotations

import sys
from typing import BinaryIO

from heapwatch.errors import Unavailable
from heapwatch.model import Batch
from heapwatch.ship.records import Records


class StdoutSink:
    """Delivered means handed to whoever reads our standard output."""

    def __init__(self, records: Records, *, stream: BinaryIO | None = None, name: str = "stdout") -> None:
        self.name = name
        self._records = records
        self._stream = stream or sys.stdout.buffer

    def send(self, batch: Batch) -> None:
        try:
            for block in self._records.write(batch):
                self._stream.write(block)
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise Unavailable(f"standard output: {error}") from error

    def close(self) -> None:
        """Standard output stays open: it is not ours."""
