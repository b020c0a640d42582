"""A store per test file: one process can have one directory open at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from makers import Clock

from heapwatch.store import Settings, Store, open_store

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Store]:
    settings = Settings(readers=2, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("store"), settings, clock=clock) as opened:
        yield opened


@pytest.fixture
def host() -> str:
    """A host that no other test has."""
    return f"host{next(_numbers)}"
