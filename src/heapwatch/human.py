"""Numbers as people read them. Tables and screens use these; JSON and CSV carry the exact values."""

from __future__ import annotations

import time
from typing import Callable, Optional, Sequence

NONE = "–"

_BINARY = (" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB")
_DECIMAL = ("", " k", " M", " G", " T", " P", " E")


def size(value: Optional[float]) -> str:
    """`12.4 MiB`"""
    return NONE if value is None else _scaled(value, 1024, _BINARY)


def count(value: Optional[float]) -> str:
    """`1.24 M`; below ten thousand the exact number, `9,876`."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) < 10_000 else _scaled(value, 1000, _DECIMAL)


def change(value: Optional[float], show: Callable[[Optional[float]], str] = size) -> str:
    """`+12.4 MiB`, `-3 B`, and `0` for none: the sign is what one looks for."""
    if value is None:
        return NONE
    size_of_it = show(abs(value))
    if size_of_it == show(0.0):
        return "0"
    return f"-{size_of_it}" if value < 0 else f"+{size_of_it}"


def size_change(value: Optional[float]) -> str:
    return change(value, size)


def count_change(value: Optional[float]) -> str:
    return change(value, count)


def milliseconds(value: Optional[float]) -> str:
    """`42 ms`, `1.3 s`"""
    if value is None:
        return NONE
    if value < 9.95:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 999.5 else duration(value / 1000)


def duration(seconds: Optional[float]) -> str:
    """`8.2 s`, `12m`, `3h20m`, `5d4h`"""
    if seconds is None:
        return NONE
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours}h" if days < 100 else f"{days}d"


def share(fraction: Optional[float]) -> str:
    """`12.3%`, `0.04%`"""
    if fraction is None:
        return NONE
    percent = fraction * 100
    if percent == 0:
        return "0%"
    if percent >= 99.95:
        return f"{percent:.0f}%"
    return f"{percent:.1f}%" if percent >= 0.095 else f"{percent:.2f}%"


def plural(count: int, noun: str) -> str:
    """`1 file`, `2,345 files`"""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def moment(epoch_ms: Optional[float]) -> str:
    """`2026-11-22 10:15:03`, local time"""
    if epoch_ms is None:
        return NONE
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch_ms / 1000))


def clock(epoch_ms: Optional[float]) -> str:
    """`10:15:03`, local time"""
    return NONE if epoch_ms is None else time.strftime("%H:%M:%S", time.localtime(epoch_ms / 1000))


def iso(epoch_ms: float) -> str:
    """`2026-11-22T09:15:03.120Z`"""
    whole, rest = divmod(int(epoch_ms), 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:03d}Z"


def _scaled(value: float, step: int, units: Sequence[str]) -> str:
    magnitude = abs(float(value))
    power = 0
    while power + 1 < len(units) and magnitude >= step - 0.5:  # so never `1024 KiB`
        magnitude /= step
        power += 1
    sign = "-" if value < 0 else ""
    if power == 0:
        return f"{sign}{magnitude:.0f}{units[0]}"
    digits = 2 if magnitude < 9.995 else 1 if magnitude < 99.95 else 0
    return f"{sign}{magnitude:.{digits}f}{units[power]}"
