"""Batches into a store: over HTTP to a running server, many on the way at once, or straight into its folder.

A server answers when a batch is on its disk, which it does about once a second, so throughput comes from
having many batches on the way. Sending one again is safe.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, Protocol

from heapwatch.cli.client import Client
from heapwatch.errors import Refused, Unavailable
from heapwatch.model import Batch
from heapwatch.wire.batch import CONTENT_TYPE, encode

ON_THE_WAY = 64
PATIENCE_S = 120.0
"""How long a server may say `later` before the import gives up."""

DIRECT = 200
"""Batches of one insert into the folder of a store."""


@dataclass
class Delivered:
    stored: int = 0
    known: int = 0  # stored before
    refused: list[tuple[Batch, str]] = field(default_factory=list)


class Inserts(Protocol):
    """What a store offers to the import."""

    def insert(self, batches: list[Batch], /) -> list[bool]: ...


def to_server(client: Client, batches: Iterable[Batch], done: Callable[[Delivered], None]) -> Delivered:
    """Send every batch; what the server refuses is listed, when it goes away Unavailable is raised."""
    result = Delivered()
    waiting: dict[Future[bool], Batch] = {}

    def collect(finished: Iterable[Future[bool]]) -> None:
        for future in finished:
            batch = waiting.pop(future)
            try:
                duplicate = future.result()
            except Refused as error:
                result.refused.append((batch, str(error)))
                continue
            result.known += duplicate
            result.stored += not duplicate
        done(result)

    with ThreadPoolExecutor(ON_THE_WAY, "deliver") as pool:
        try:
            for batch in batches:
                waiting[pool.submit(_send, client, batch)] = batch
                if len(waiting) >= ON_THE_WAY:
                    collect(wait(waiting, return_when=FIRST_COMPLETED).done)
            collect(list(wait(waiting).done))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return result


def to_store(store: Inserts, batches: Iterable[Batch], done: Callable[[Delivered], None]) -> Delivered:
    """Insert every batch into a store that this process has open."""
    result = Delivered()
    for some in _chunks(batches, DIRECT):
        new = store.insert(some)
        result.stored += sum(new)
        result.known += len(new) - sum(new)
        done(result)
    return result


def _send(client: Client, batch: Batch) -> bool:
    """True when the server had it already."""
    data = encode(batch)
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = client.send("/api/v1/batch", data, CONTENT_TYPE)
            return bool(answer.get("duplicate"))
        except Unavailable as error:
            if error.retry_after is None or time.monotonic() + error.retry_after > until:
                raise
            time.sleep(max(0.1, error.retry_after))


def _chunks(batches: Iterable[Batch], size: int) -> Iterator[list[Batch]]:
    chunk: list[Batch] = []
    for batch in batches:
        chunk.append(batch)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
