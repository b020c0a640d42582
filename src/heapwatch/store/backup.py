"""Backups by the engine: a consistent copy of all tables, while inserts go on.

BACKUP/store.json    who wrote it, so that an older engine refuses to restore it
BACKUP/columns/      what the engine wrote
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.store import marker, migrate
from heapwatch.store.engine import Engine
from heapwatch.store.lock import DirectoryLock
from heapwatch.store.places import BACKUPS, DATABASE, Embedded
from heapwatch.store.settings import Settings

COLUMNS = "columns"


def backup(engine: Engine, state: Path, path: str | Path) -> dict[str, Any]:
    """Write all data into the new directory `path`; answers where it is and its size."""
    target = Path(path).expanduser().absolute()
    fresh = _own(state)
    try:
        target.mkdir()
        engine.command(f"BACKUP DATABASE {DATABASE} TO File('{fresh.name}')")
        shutil.move(fresh, target / COLUMNS)
        shutil.copy(state / marker.NAME, target / marker.NAME)
    except FileExistsError:
        raise UsageError(f"{target} exists already; a backup makes its own directory") from None
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise UsageError(f"cannot write a backup to {target}: {error.strerror}") from error
        raise
    return {"path": str(target), "bytes": sum(file.stat().st_size for file in target.rglob("*"))}


def restore(path: str | Path, directory: str | Path, engine_version: str) -> None:
    """Make a new store in `directory` from a backup; open it afterwards as any other."""
    source, target = Path(path).expanduser().absolute(), Path(directory).expanduser().absolute()
    if not (source / COLUMNS / ".backup").is_file():
        raise UsageError(f"{source} is not a backup of heapwatch")
    marker.check(source, engine_version, migrate.history()[-1].version)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {target}: {error.strerror}") from error
    if any(target.iterdir()):
        raise UsageError(f"{target} is not empty; a backup is restored into a directory of its own")
    lock = DirectoryLock(target)
    try:
        engine = Engine(Embedded(target, Settings()), readers=1, write={}, read={})
        try:
            copy = shutil.copytree(source / COLUMNS, _own(target))
            engine.command(f"RESTORE DATABASE {DATABASE} FROM File('{copy.name}')")
        finally:
            engine.close()
            shutil.rmtree(target / BACKUPS, ignore_errors=True)
        shutil.copy(source / marker.NAME, target / marker.NAME)
    except BaseException:  # it was empty: what is there now is half of a store
        shutil.rmtree(target, ignore_errors=True)
        raise
    finally:
        lock.release()


def _own(directory: Path) -> Path:
    """A name that is free in the one directory that the engine may use."""
    (directory / BACKUPS).mkdir(exist_ok=True)
    return directory / BACKUPS / f"{time.time_ns():x}"
