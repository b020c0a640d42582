"""Backups by the engine: a consistent copy of all tables, while inserts go on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from heapwatch.errors import UsageError
from heapwatch.store.engine import Engine
from heapwatch.store.places import DATABASE


def backup(engine: Engine, path: str) -> dict[str, Any]:
    """Write all data into the new directory `path`; answers its size."""
    target = Path(path).absolute()
    if target.exists():
        raise UsageError(f"{target} exists already; a backup makes its own directory")
    if not target.parent.is_dir():
        raise UsageError(f"{target.parent} is not a directory")
    try:
        engine.command(f"BACKUP DATABASE {DATABASE} TO File({quoted(str(target))})")
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    return {"path": str(target), "bytes": size}


def quoted(text: str) -> str:
    """A text literal, for the one statement that binds no parameters."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
