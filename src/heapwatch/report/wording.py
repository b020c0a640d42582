"""Numbers of findings as a report says them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heapwatch import human
from heapwatch.report.subject import Object


def rate(value: float | None) -> str:
    """Objects a second: `41.2`, `0.031`, `1,234`"""
    if value is None:
        return human.NONE
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def between(values: Sequence[float | None] | None) -> str:
    """` (39 to 43)`, or nothing"""
    if not values or values[0] is None or values[1] is None:
        return ""
    return f"{rate(values[0])} to {rate(values[1])}"


def share(value: float | None) -> str:
    return human.NONE if value is None else f"{value:.2f}"


def amount(resource: str, value: float | None) -> str:
    """Bytes of memory, or a count."""
    return human.count(value) if resource in ("threads", "objects") else human.size(value)


def until(end: Object | None) -> str:
    """`1h20m (58m to 1h50m)`"""
    if end is None:
        return human.NONE
    low, high = end["between_s"]
    span = (
        f"{human.duration(low)} or later"
        if high is None
        else f"{human.duration(low)} to {human.duration(high)}"
    )
    return f"{human.duration(end['in_s'])} ({span})"


def name_of(leak: Object) -> str:
    return str(leak["class"])


def goes_on(leak: Object) -> bool:
    """Whether what was forecast still holds: not after a change, nor where it stopped."""
    return not leak.get("proof") and leak["state"] not in ("stopped", "fixed")


def endings(leak: Object) -> list[Object]:
    """Every exhaustion that a leak tells of, each host's and resource's once."""
    told: list[Any] = [leak.get("exhaustion"), *(leak.get("exhaustions") or ())]
    for jvm in leak.get("jvms") or ():
        told += [jvm.get("exhaustion"), *(jvm.get("exhaustions") or ())]
    return once(told)


def once(ends: Sequence[Object | None]) -> list[Object]:
    """Of each host's resource the first; those that end first in front."""
    found: dict[tuple[str, str], Object] = {}
    for end in ends:
        if end is not None:
            found.setdefault(key_of(end), end)
    return sorted(found.values(), key=lambda end: float(end["in_s"]))


def key_of(end: Object) -> tuple[str, str]:
    return str(end.get("host", "")), str(end["resource"])
