"""What steps need of the house: hands on JVMs, answers to queries. Who builds a server puts them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Hands(Protocol):
    """Reaches JVMs, here or on other hosts; a HeapwatchError says why not."""

    def operate(
        self, host: str, jvm: str, operation: str, options: Mapping[str, Any]
    ) -> Mapping[str, Any]: ...


class Answers(Protocol):
    """The newest value of each row that a query of metrics answers with."""

    def values(self, query: str, within_ms: int) -> list[float]: ...
