"""What doors ask before they keep names of JVMs and classes: whether their sender may make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from heapwatch.errors import Refused
from heapwatch.model import JvmId, Snapshot

TOO_MANY = "too-many-series"


class TooManyNames(Refused):
    """A sender has made as many series, JVMs and classes as one may."""


class Guard(Protocol):
    """Who may make which names; the store knows."""

    def claim(self, maker: str, names: Iterable[JvmId | str]) -> bool:
        """Whether there is room for these lives and classes, as far as they are new; then they count."""
        ...

    def refused(self, maker: str, names: Sequence[str], count: int) -> None:
        """There was none for so many lines, such as these."""
        ...


def admit(guard: Guard, maker: str, snapshot: Snapshot) -> None:
    """`TooManyNames` when there is no room for all that a histogram names."""
    who, classes = snapshot.jvm, snapshot.histogram.classes
    if not guard.claim(maker, [who, *classes]):
        guard.refused(maker, [f"{who.host}/{who.jvm}/{who.pid}"], len(classes))
        raise TooManyNames(
            f"{maker} has no room for this JVM and its classes: it made as many names as one "
            "may within a day (setting sender_series), or there are as many as may be (max_series)"
        )
