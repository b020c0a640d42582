"""What doors ask before they keep names of JVMs and classes: whether their sender may make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from heapwatch.errors import Refused
from heapwatch.model import JvmId, LogBlock, Snapshot
from heapwatch.store.identity import identity

TOO_MANY = "too-many-series"
_WHY = (
    "it made as many names as one may within a day (setting sender_series), or there are as many as may be "
    "(max_series)"
)


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
        guard.refused(maker, [_shown(who)], len(classes))
        raise TooManyNames(f"{maker} has no room for this JVM and its classes: {_WHY}")


def admit_logs(guard: Guard, maker: str, blocks: Sequence[LogBlock]) -> tuple[list[LogBlock], list[LogBlock]]:
    """The messages whose JVM this sender may name, and the others; `TooManyNames` when all are others."""
    kept: list[LogBlock] = []
    others: list[LogBlock] = []
    for block in blocks:
        who = identity(block.labels)
        if who is None or not who.pid or guard.claim(maker, [who]):  # without a pid messages make no life
            kept.append(block)
        else:
            others.append(block)
            guard.refused(maker, [_shown(who)], len(block.texts))
    if blocks and not kept:
        raise TooManyNames(f"{maker} has no room for a JVM that its messages name: {_WHY}")
    return kept, others


def _shown(who: JvmId) -> str:
    return f"{who.host}/{who.jvm}/{who.pid}"
