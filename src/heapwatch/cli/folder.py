"""A store opened by the command line itself, when no server runs on it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from heapwatch.store import Store


@contextmanager
def opened(data: Path) -> Iterator[Store]:
    """The store of the data folder `data`; closed again whatever happens."""
    from heapwatch.store import open_store
    from heapwatch.web.settings import Settings

    if data.exists() and not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    with closing(open_store(Settings.model_validate({"data": data}).store_location)) as store:
        yield store
