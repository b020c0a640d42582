"""What one query may take; past a limit it is refused, with the limit's name and a query that would fit."""

from __future__ import annotations

from dataclasses import dataclass

from heapwatch.store.errors import TooBig


@dataclass(frozen=True)
class Limits:
    """Series in the answer, points read from the store, seconds, and points of one series."""

    series: int = 2_000
    points: int = 20_000_000
    seconds: float = 30.0
    length: int = 11_000

    @property
    def engine(self) -> dict[str, int | float]:
        """The same for the engine, which counts rows: it reads whole granules, so it is given room.

        What a query groups is bounded too, since a group is at most a point each.
        """
        return {
            "max_execution_time": self.seconds,
            "max_rows_to_group_by": self.points,
            "max_result_rows": self.points,
        }


class LimitExceeded(TooBig):
    """`limit` is its name; `suggestion` a query that would fit, or "" when none was found."""

    def __init__(self, message: str, limit: str, suggestion: str = "") -> None:
        fitting = f"; this would fit: {suggestion}" if suggestion else ""
        super().__init__(" ".join(f"{message}{fitting}".split("\n")))
        self.reason = message
        self.limit = limit
        self.suggestion = suggestion
