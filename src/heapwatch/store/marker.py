"""Who wrote the directory last: DIRECTORY/store.json, read before the engine touches anything.

    {"engine": "26.9.2.1", "heapwatch": "0.1.0", "schema": 2}

An engine older than the one that made a table calls its parts broken, sets them aside and does not take them
back later (measured: a downgrade ends with no rows), so an older engine must not even open the directory.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from heapwatch import __version__
from heapwatch.errors import UsageError
from heapwatch.store.errors import StoreTooNew

NAME = "store.json"


def check(directory: Path, engine: str, schema: int) -> None:
    """Raise StoreTooNew when a newer engine or a newer schema wrote the directory."""
    path = directory / NAME
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text())
        wrote, made = str(found["engine"]), int(found["schema"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is not readable; restore it from a backup, or from the engine's version"
        ) from error
    if _release(wrote) > _release(engine):
        raise StoreTooNew(
            f"the store was written by engine {wrote}, this is {engine}, which would damage it; "
            f"install heapwatch {found.get('heapwatch', '')} or newer with its chdb"
        )
    if made > schema:
        raise StoreTooNew(
            f"the store has schema {made}, this heapwatch {__version__} knows up to {schema}; "
            f"install heapwatch {found.get('heapwatch', '')} or newer, or restore a backup"
        )


def write(directory: Path, engine: str, schema: int) -> None:
    """Say that we wrote it."""
    path = directory / NAME
    text = json.dumps({"engine": engine, "heapwatch": __version__, "schema": schema}) + "\n"
    if path.exists() and path.read_text() == text:  # a store on a full disk opens, too
        return
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def _release(version: str) -> tuple[int, ...]:
    """Year and month of the release: patches of one release read each other's data."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
