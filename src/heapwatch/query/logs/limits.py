"""What one log query may take, and what to ask instead when it would take more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from heapwatch.query.logs.format import duration
from heapwatch.store.errors import TooBig

_NICE_MS = (
    60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 21_600_000,
    43_200_000, 86_400_000, 172_800_000, 604_800_000,
)  # fmt: skip
_CODE = re.compile(r"Code: (\d+)")


class TooMuch(TooBig):
    """A log query over a limit; `suggestion` is one that would fit, or the same with a note of its range."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(f"{message}; this would fit: {suggestion}" if suggestion else message)
        self.suggestion = suggestion


@dataclass(frozen=True)
class Limits:
    """Of one log query: `messages` that the engine has to look at, `rows` of an aggregation."""

    messages: int = 200_000_000
    seconds: float = 30.0
    memory_bytes: int = 600 << 20
    rows: int = 20_000
    page: int = 10_000

    def settings(self) -> dict[str, int | float]:
        return {
            "max_rows_to_read": self.messages,
            "max_execution_time": self.seconds,
            "max_memory_usage": self.memory_bytes,
            "max_bytes_before_external_group_by": self.memory_bytes // 2,
            "max_subquery_depth": 1000,  # an operator is one; how many there may be is parse.py's to say
        }


def spoken(error: TooBig, limits: Limits, text: str, from_ms: int, to_ms: int) -> TooMuch:
    """The engine's refusal with the limit's name and a range that would fit."""
    if isinstance(error, TooMuch):
        return error
    code = _CODE.search(str(error))
    range_ms = to_ms - from_ms
    share, what = 4.0, f"more than {limits.seconds:g} s"
    if code and code[1] in ("158", "307"):
        read = re.search(r"current rows: ([\d.]+) (thousand|million|billion)?", str(error))
        scale = {None: 1, "thousand": 1e3, "million": 1e6, "billion": 1e9}
        rows = float(read[1]) * scale[read[2]] if read else 4.0 * limits.messages
        share, what = 2 * rows / max(1, limits.messages), f"more than {limits.messages} messages to look at"
    elif code and code[1] == "241":
        what = f"more than {limits.memory_bytes >> 20} MiB of memory"
    wanted = range_ms / max(share, 1.5)
    fits = max((each for each in _NICE_MS if each <= wanted), default=max(1000, int(wanted) // 1000 * 1000))
    shown = " ".join(text.split())
    return TooMuch(
        f"this query takes {what}, and a limit is there so that others are served",
        f"{shown or '*'} // over {duration(fits)} at most, or with more words and labels to search for",
    )
