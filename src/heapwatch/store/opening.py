"""Opening a store: lock, versions, engine, schema, what a crash left, and all names into memory."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.store import backup, marker, migrate
from heapwatch.store.acks import Acks
from heapwatch.store.damage import Damage
from heapwatch.store.dimensions import Names
from heapwatch.store.engine import Engine
from heapwatch.store.health import Health
from heapwatch.store.hours import Hours
from heapwatch.store.intent import Intent
from heapwatch.store.keeping import Keeper
from heapwatch.store.live import Live
from heapwatch.store.lock import DirectoryLock
from heapwatch.store.places import Embedded, Location, Server
from heapwatch.store.reads.parts import Parts
from heapwatch.store.reads.warming import warm
from heapwatch.store.settings import Settings
from heapwatch.store.store import Store
from heapwatch.store.writer import Writer


def now_ms() -> int:
    """The clock on the wall."""
    return time.time_ns() // 1_000_000


def open_store(
    location: str | Path,
    settings: Settings | None = None,
    *,
    clock: Callable[[], int] = now_ms,
    state: Path | None = None,
) -> Store:
    """Open the store in a directory (made when missing), or on ClickHouse by `http(s)://` address.

    A directory belongs to one process, and a process has at most one open. With an address, `state` is a
    directory of this server's own, for the note of what it is just writing.
    """
    settings = settings or Settings()
    if str(location).startswith(("http://", "https://")):
        if state is None:
            raise UsageError("a store on ClickHouse needs a directory of its own for the server's state")
        state.mkdir(parents=True, exist_ok=True)
        return _opened(Server(str(location)), state, settings, clock, lambda: None)
    directory = Path(location).expanduser().absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the store's directory {directory}: {error.strerror}") from error
    lock = DirectoryLock(directory)
    try:
        marker.check(directory, embedded_version(), migrate.history()[-1].version)
        return _opened(Embedded(directory, settings), directory, settings, clock, lock.release)
    except BaseException:
        lock.release()
        raise


def restore(backup_path: str | Path, directory: str | Path) -> None:
    """Make a new store in `directory` from what `Store.backup` wrote."""
    backup.restore(backup_path, directory, embedded_version())


def embedded_version() -> str:
    """The version of the engine in this process."""
    try:
        import chdb
    except ImportError as error:
        raise UsageError("the embedded store needs chDB: pip install 'heapwatch[embedded]'") from error
    return str(chdb.engine_version)


def _opened(
    place: Location, state: Path, settings: Settings, clock: Callable[[], int], release: Callable[[], None]
) -> Store:
    engine = Engine(
        place,
        readers=settings.readers,
        write=_write(settings),
        read=_read(settings),
        cluster=settings.cluster,
    )
    try:
        return _store(engine, state, settings, clock, release)
    except BaseException:
        engine.close()
        raise


def _store(
    engine: Engine, state: Path, settings: Settings, clock: Callable[[], int], release: Callable[[], None]
) -> Store:
    version = str(engine.query("SELECT version() AS version")["version"][0])
    dialect = migrate.Dialect(settings.cluster)
    migrate.migrate(engine, dialect, version)
    marker.write(state, version, migrate.history()[-1].version)
    hashed = bool(settings.cluster)
    names, live, acks = Names(hashed), Live(settings.live_bytes, hashed), Acks()
    names.load(engine)
    acks.load(engine)
    hours = Hours(names, clock)
    hours.load(engine)
    intent = Intent(state, settings.fsync)
    writer = Writer(engine, names, live, acks, intent, settings, clock, hours)
    writer.makers.load(engine)
    damage = Damage(engine)
    health = Health(version, engine.location.name, acks, clock, damage, hours)
    parts = Parts(engine, names, live, clock, hours.raw_from, damage)
    warm(parts)

    def on_close() -> None:
        atexit.unregister(store.close)
        with suppress(HeapwatchError):  # what is not written is found by content
            writer.close()
        engine.close()
        release()

    store = Store(parts, writer, Keeper(engine, hours, health, settings, clock, state), on_close)
    atexit.register(store.close)
    return store


def _write(settings: Settings) -> dict[str, Any]:
    """Inserts are told apart by us: the engine must not drop a block because it looks like an earlier one."""
    return {
        "insert_deduplicate": 0,
        "max_partitions_per_insert_block": 0,
        "max_threads": settings.threads_per_query,
        "max_insert_threads": 1,
        "async_insert": 0,
        "max_memory_usage": settings.query_memory_bytes,
        "mutations_sync": 2,
        "lightweight_deletes_sync": 2,
    }


def _read(settings: Settings) -> dict[str, Any]:
    return {
        "max_threads": settings.threads_per_query,
        "max_execution_time": settings.query_seconds,
        "max_memory_usage": settings.query_memory_bytes,
        "max_bytes_before_external_group_by": settings.query_memory_bytes // 2,
        # most questions are small: compiling them costs more than they do
        "compile_expressions": 0,
        "compile_aggregate_expressions": 0,
        "compile_sort_description": 0,
        "use_query_cache": 0,
        "log_queries": 0,
    }
