"""What an answer says beside its numbers: what was left out, how often, what was decided for the asker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Notes:
    """Warnings by row; equal ones of a row are added up."""

    def __init__(self) -> None:
        self.row: str | None = None
        """The row that is being answered."""
        self._counts: dict[tuple[str, str | None], int | None] = {}

    @contextmanager
    def of_row(self, letter: str) -> Iterator[None]:
        """What is noted meanwhile is about this row."""
        before, self.row = self.row, letter
        try:
            yield
        finally:
            self.row = before

    def add(self, message: str, count: int | None = None) -> None:
        """Note something; nothing when it happened 0 times."""
        if count == 0:
            return
        key = message, self.row
        known = self._counts.get(key)
        self._counts[key] = count if known is None or count is None else known + count

    def listed(self) -> list[dict[str, Any]]:
        """For the answer."""
        return [
            {"message": message, "count": count, "row": row} for (message, row), count in self._counts.items()
        ]
