"""What one query may take; past a limit it is refused, with the limit's name and a query that would fit."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from heapwatch.store.errors import TooBig

SMALL = 100_000
"""Groups that planning takes beside the points: histograms and series are counted before they are read."""


@dataclass(frozen=True)
class Limits:
    """Series in the answer, points read from the store, seconds, and points of one series."""

    series: int = 2_000
    points: int = 20_000_000
    seconds: float = 30.0
    length: int = 11_000
    cells: int = 8_000_000  # points that leave the engine, to be worked on here
    fetched: int = 200_000  # from so many points on, groups that topk and where drop stay in the engine
    until: float | None = None  # when the seconds are over, by the monotonic clock

    def begun(self) -> Limits:
        """The same for a query that begins now: all its statements share the seconds."""
        return replace(self, until=time.monotonic() + self.seconds)

    def check_time(self) -> float:
        """The seconds that are left; an error when there are none."""
        left = self.seconds if self.until is None else self.until - time.monotonic()
        if left <= 0:
            raise TooBig(f"more than one question may take: {self.seconds:g} s are over")
        return left

    @property
    def engine(self) -> dict[str, int | float]:
        """The same for the engine, which counts rows: it reads whole granules, so it is given room.

        What a query groups is bounded too, since a group is at most a point each.
        """
        return {
            "max_execution_time": round(self.check_time(), 6),
            "max_rows_to_group_by": self.points + SMALL,
            "max_result_rows": self.cells + SMALL,
        }


class LimitExceeded(TooBig):
    """`limit` is its name; `suggestion` a query that would fit, or "" when none was found."""

    def __init__(self, message: str, limit: str, suggestion: str = "") -> None:
        fitting = f"; this would fit: {suggestion}" if suggestion else ""
        super().__init__(" ".join(f"{message}{fitting}".split("\n")))
        self.reason = message
        self.limit = limit
        self.suggestion = suggestion


RESULT_TOO_LONG = "Code: 396"
"""The engine's, when a statement's answer has more rows than it may."""


def said(error: TooBig, limits: Limits) -> TooBig:
    """The engine's refusal as a limit of ours, where it is one."""
    if RESULT_TOO_LONG not in str(error):
        return error
    return LimitExceeded(f"more than {limits.cells} points at once; sum them, or ask for less", "cells")
