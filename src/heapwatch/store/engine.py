"""The one way to the columns: clickhouse-connect on chDB in this process, or on ClickHouse over HTTP.

Rules that were measured, not chosen: a client serves one thread at a time (so: a writer, a keeper for
maintenance, one to cancel queries, a pool of readers), the engine lets one process have a directory and a
process one directory, and a process that ends without closing its clients may crash on the way out.
"""

from __future__ import annotations

import os
import queue
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, Error

from heapwatch.errors import HeapwatchError, Unavailable, UsageError
from heapwatch.store import errors
from heapwatch.store.native import Column, Columns, read, write
from heapwatch.store.places import DATABASE, Location

Parameters = Mapping[str, Any]
Limits = Mapping[str, int | float]

_FULL = {243}  # NOT_ENOUGH_SPACE
_BUSY = {252, 202, 236}  # too many parts, too many queries, aborted
_TOO_BIG = {158, 159, 160, 241, 307, 396}  # rows, time, estimated time, memory, bytes, rows of the answer
_CANCELLED = {394}
_DAMAGED = {40, 107, 246, 228, 32, 33, 79, 271}  # checksum, file missing, cut or unreadable
_RINSED = b"\x01\x01\x06rinsed\x05UInt8\x01"
_MOST_RINSES = 5
_QUERY_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")

RUNNING = "SELECT query_id FROM system.processes WHERE Settings['log_comment'] = {id:String}"
KILL = "KILL QUERY WHERE Settings['log_comment'] = {id:String} ASYNC"


class Engine:
    """Clients by role; every method blocks and may be called from any thread."""

    def __init__(
        self,
        location: Location,
        *,
        readers: int,
        write: Mapping[str, Any],
        read: Mapping[str, Any],
        cluster: str = "",
    ) -> None:
        self.location = location
        self._pid = os.getpid()
        self._on_cluster = f" ON CLUSTER '{cluster}'" if cluster else ""
        self._clients: list[Client] = []
        self._pool: queue.LifoQueue[Client] = queue.LifoQueue()
        self._writer_lock = threading.Lock()
        self._keeper_lock = threading.Lock()
        self._control_lock = threading.Lock()
        try:
            with _spoken(self._pid):
                self._writer = self._connect(write)
                self._keeper = self._connect(write)
                self._control = self._connect({})
                for _ in range(readers):
                    # readonly comes last: after it only settings of a query can be given
                    self._pool.put(self._connect({**read, "readonly": 2}))
        except BaseException:
            self.close()
            raise

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        query_id: str | None = None,
        limits: Limits | None = None,
    ) -> Columns:
        """An answer by column, from a read-only client; values only ever as bound parameters.

        `limits` are settings of the engine that hold for this query alone, such as max_execution_time.
        """
        settings = [f"{name} = {value}" for name, value in (limits or {}).items()]
        if query_id:
            settings.append(f"log_comment = '{_checked(query_id)}'")
        if settings:
            sql = f"{sql} SETTINGS {', '.join(settings)}"
        with self._reader() as client:
            return read(client.raw_query(sql, parameters=_bound(parameters), fmt="Native"))

    def ask(self, sql: str, parameters: Parameters | None = None) -> Columns:
        """As `query`, for statements that a read-only client may not run (BACKUP, CHECK TABLE)."""
        with self._keeper_lock, _spoken(self._pid), _rinsed(self._keeper):
            return read(self._keeper.raw_query(sql, parameters=_bound(parameters), fmt="Native"))

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """A statement that changes something; one at a time, beside the writer."""
        with self._keeper_lock, _spoken(self._pid), _rinsed(self._keeper):
            self._keeper.command(sql, parameters=_bound(parameters))

    def insert(self, table: str, columns: Sequence[Column]) -> None:
        """Rows in, durable when it returns; whole or not at all within a partition."""
        if not len(columns[0].values):
            return
        names = [column.name for column in columns]
        with self._writer_lock, _spoken(self._pid), _rinsed(self._writer):
            self.location.insert(self._writer, table, names, write(columns))

    def cancel(self, query_id: str) -> bool:
        """Stop a query; False when there is none of that id. Waits for nobody else."""
        bound = {"id": _checked(query_id)}
        with self._control_lock, _spoken(self._pid), _rinsed(self._control):
            running = read(self._control.raw_query(RUNNING, parameters=bound, fmt="Native"))
            if len(running):
                self._control.command(KILL, parameters=bound)
        return len(running) > 0

    def close(self) -> None:
        """Close every client; what a client is doing ends first."""
        if os.getpid() != self._pid:
            return
        clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def _connect(self, settings: Mapping[str, Any]) -> Client:
        client = self.location.connect(settings)
        self._clients.append(client)
        if len(self._clients) == 1:
            client.command(f"CREATE DATABASE IF NOT EXISTS {DATABASE}{self._on_cluster}")
        client.database = DATABASE
        return client

    @contextmanager
    def _reader(self) -> Iterator[Client]:
        if not self._clients:
            raise Unavailable("the store is closed")
        client = self._pool.get()
        try:
            with _spoken(self._pid), _rinsed(client):
                yield client
        finally:
            self._pool.put(client)


def _bound(parameters: Parameters | None) -> dict[str, Any]:
    """As they are, but long lists of whole numbers fast."""
    return {name: _fast(value) for name, value in (parameters or {}).items()}


def _fast(value: Any) -> Any:
    return _Ids(value) if isinstance(value, list) and set(map(type, value)) == {int} else value


class _Ids:
    """Whole numbers, written at once: the client looks at each element of a list, and asks others for their
    text."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers

    def __str__(self) -> str:
        return f"[{','.join(map(str, self._numbers))}]"


def _checked(query_id: str) -> str:
    if not _QUERY_ID.fullmatch(query_id):
        raise UsageError("a query id is up to 64 letters, digits and _ . : -")
    return query_id


@contextmanager
def _spoken(pid: int) -> Iterator[None]:
    """Turn the engine's errors into ours, once, here."""
    if os.getpid() != pid:
        raise HeapwatchError("the store was opened before this process was forked; open it in the child")
    try:
        yield
    except DatabaseError as error:
        raise translated(error) from error
    except Error as error:
        raise Unavailable(f"the store does not answer: {_line(error)}") from error


@contextmanager
def _rinsed(client: Client) -> Iterator[None]:
    """After a query that failed, empty the client before anybody uses it again.

    chDB (up to 4.4 at least) keeps what such a query had answered until it failed or was killed, and puts it
    in front of the answer to the client's next query: an answer of somebody else.
    """
    try:
        yield
    except BaseException:
        for _ in range(_MOST_RINSES):
            if client.raw_query("SELECT 1 AS rinsed", fmt="Native") == _RINSED:
                break
        else:
            raise errors.StoreError(
                "the engine answers with what it was asked before; restart the server"
            ) from None
        raise


def translated(error: DatabaseError) -> HeapwatchError:
    """The engine's error as one of ours, by its code."""
    code, line = error.code, _line(error)
    if code in _FULL or "No space left on device" in line:
        return errors.DiskFull(f"the store's disk is full: {line}", retry_after=30)
    if code in _BUSY:
        return Unavailable(f"the store is busy: {line}", retry_after=5)
    if code in _TOO_BIG:
        return errors.TooBig(f"more than one question may take: {line}")
    if code in _CANCELLED:
        return errors.Cancelled("the query was cancelled")
    if code in _DAMAGED:
        return errors.StoreBroken(f"damaged data in the store: {line}")
    return errors.StoreError(f"the store's engine failed: {line}")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
