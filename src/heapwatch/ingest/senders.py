"""Who sends, and for which hosts: a token of a web server must not write the history of a database.

A name that says no host belongs to nobody and may be sent by everybody who may send at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Protocol

from heapwatch.errors import HeapwatchError
from heapwatch.ingest.batcher import Samples
from heapwatch.model import Batch

_HOST_LABELS = ("host", "_sourceHost")


class NotYours(HeapwatchError):
    """Something for a host that its sender may not speak for."""


class Several(Protocol):
    """A decoded body that is stored in several parts."""

    @property
    def parts(self) -> Iterable[Batch | Samples]: ...


class Sender(str):
    """The name by which a sender is counted, with patterns of the hosts it may send for; none = all."""

    hosts: tuple[str, ...]
    __slots__ = ("hosts",)

    def __new__(cls, name: str, hosts: Iterable[str] = ()) -> Sender:
        made = super().__new__(cls, name)
        made.hosts = tuple(host.lower() for host in hosts)
        return made

    def check(self, decoded: Batch | Samples | Several | None) -> None:
        """`NotYours` when any of it is for another host; then nothing of it is stored."""
        if not self.hosts or decoded is None:
            return
        parts = [decoded] if isinstance(decoded, (Batch, Samples)) else decoded.parts
        for part in parts:
            for host in set(_hosts(part)):
                if not any(fnmatchcase(host.lower(), pattern) for pattern in self.hosts):
                    allowed = ", ".join(self.hosts)
                    raise NotYours(f"{self} may send for {allowed}, and this is for {host[:100]!r}")


def _hosts(part: Batch | Samples) -> Iterator[str]:
    if isinstance(part, Samples):
        for series in part.series:
            yield from _of_series(series)
        return
    for snapshot in part.snapshots:
        yield snapshot.jvm.host
        yield from _of_labels(snapshot.labels)
    for block in part.metrics:
        yield from _of_labels(block.labels)
        for name in block.values:
            yield from _of_series(name)
    for event in part.events:
        yield from _of_labels(event.labels)
    for log in part.logs:
        yield from _of_labels(log.labels)


def _of_labels(labels: Mapping[str, str]) -> Iterator[str]:
    for name in _HOST_LABELS:
        if labels.get(name):
            yield labels[name]


def _of_series(series: str) -> Iterator[str]:
    """From a name in Graphite's tagged form, `http_requests;host=web1;code=200`."""
    for cell in series.split(";")[1:]:
        name, _, value = cell.partition("=")
        if name in _HOST_LABELS and value:
            yield value
