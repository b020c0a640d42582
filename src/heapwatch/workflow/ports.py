"""What steps need of the house: hands on hosts, answers, a voice. Who builds a server puts them in."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Hands(Protocol):
    """Reaches hosts and their JVMs, this machine or others; a HeapwatchError says why not.

    Once `stop` is set what runs there is ended, as far as it can be; `Stopped` is then raised.
    """

    def operate(
        self,
        host: str,
        jvm: str,
        operation: str,
        options: Mapping[str, Any],
        timeout_s: float,
        stop: threading.Event,
    ) -> Mapping[str, Any]: ...

    def heap_dump(
        self,
        host: str,
        jvm: str,
        options: Mapping[str, Any],
        suspect: str,
        timeout_s: float,
        stop: threading.Event,
    ) -> Mapping[str, Any]:
        """Taken, fetched, read and deleted; `classes` by size, and who holds the suspect."""

    def collect(
        self, pattern: str, jvms: Sequence[str], mode: str, timeout_s: float, stop: threading.Event
    ) -> Sequence[Mapping[str, Any]]:
        """A row a host: `host`, `outcome`, `failed`, `why`, and `jvms`, each with name, pid and outcome."""

    def command(
        self, host: str, argv: Sequence[str], timeout_s: float, stop: threading.Event
    ) -> Mapping[str, Any]:
        """`code`, `stdout` and `stderr`."""


class Answers(Protocol):
    """The newest value of each row that a query of metrics answers with."""

    def values(self, query: str, within_ms: int) -> list[float]: ...


class Proofs(Protocol):
    """Whether what leaked before leaks after."""

    def verified(self, service: str, before: str, after: str, classes: Sequence[str]) -> Mapping[str, Any]:
        """`proofs`, each with `class`, `verdict` and `sentence`, and `new`: what leaks only after."""


class Voice(Protocol):
    """Tells a receiver by its name; a HeapwatchError says why not, without the address."""

    def tell(self, receiver: str, title: str, text: str, labels: Mapping[str, str]) -> None: ...
