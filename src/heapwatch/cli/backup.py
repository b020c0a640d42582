"""`heapwatch backup FOLDER`"""

from __future__ import annotations

import shutil
from pathlib import Path

from heapwatch import human
from heapwatch.cli.folder import opened, settings_of
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import write_json


def backup(folder: Path, /, *, data: Path | None = None, output: TableOutput = TABLE) -> int:
    """Copy a store to a new folder.

    The store's engine makes a consistent copy; your dashboards go along. No
    server may be running on the data folder meanwhile; of a running one,
    `heapwatch export` takes the data.

    For example:

        heapwatch backup /backup/heapwatch-2026-11-22
        heapwatch backup /backup/now --data /srv/heapwatch

    Parameters
    ----------
    folder
        A folder that does not exist yet.
    data
        Data folder of the server [else the one of its settings].
    """
    with opened(data) as store:
        told = store.backup(str(folder))
    dashboards = settings_of(data).dashboards
    if dashboards.is_dir():
        shutil.copytree(dashboards, folder / dashboards.name)
    if output.kind == "json":
        write_json(told)
    else:
        print(f"{told['path']}: {human.size(told['bytes'])}")
    return 0
