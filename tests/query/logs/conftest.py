"""A store of log messages that the tests of a file share."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from heapwatch.model import LogBlock
from heapwatch.store import Settings, Store, open_store

Messages = Sequence[tuple[int, Mapping[str, str], str]]
NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(readers=2, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("store"), settings, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def say(store: Store) -> Callable[[Messages], None]:
    """Store messages: time, labels, text; in this order of arrival."""

    def said(messages: Messages) -> None:
        blocks = [LogBlock(labels, array("q", [time]), [text]) for time, labels, text in messages]
        store.insert_logs(blocks)

    return said
