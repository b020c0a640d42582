"""`heapwatch restore FOLDER`"""

from __future__ import annotations

import shutil
from pathlib import Path

from heapwatch.cli.folder import settings_of
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import write_json
from heapwatch.errors import UsageError


def restore(folder: Path, /, *, data: Path | None = None, output: TableOutput = TABLE) -> int:
    """Make a store from a backup.

    Into a data folder that has none yet; your dashboards come back too, tokens
    and settings are not part of a backup. A server on that folder then goes on
    with what was saved.

    For example:

        heapwatch restore /backup/heapwatch-2026-11-22
        heapwatch restore /backup/now --data /srv/heapwatch

    Parameters
    ----------
    folder
        What `heapwatch backup` wrote.
    data
        Data folder of the server [else the one of its settings].
    """
    from heapwatch import store

    settings = settings_of(data)
    if settings.store_dsn:
        raise UsageError("the store is a ClickHouse server (store_dsn): restore it with its own tools")
    store.restore(folder, settings.store_location)
    kept = folder / settings.dashboards.name
    if kept.is_dir() and not settings.dashboards.exists():
        shutil.copytree(kept, settings.dashboards)
    if output.kind == "json":
        write_json({"path": str(settings.store_location)})
    else:
        print(f"{settings.store_location}: made from {folder}")
    return 0
