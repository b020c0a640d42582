"""How the server writes a moment of a history: for JSON, and in a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable


def milliseconds(moment: float) -> int:
    """Epoch milliseconds, as the API gives all times."""
    return round(moment * 1000)


def clock_of(now_ms: int) -> Callable[[float], str]:
    """The hour alone where it is today's, else with the date; in the server's time zone."""
    today = time.localtime(now_ms / 1000)[:3]

    def clock(moment: float) -> str:
        local = time.localtime(moment)
        return time.strftime("%H:%M" if local[:3] == today else "%Y-%m-%d %H:%M", local)

    return clock
