"""A store opened by the command line itself, when no server runs on it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from heapwatch.errors import UsageError

if TYPE_CHECKING:
    from heapwatch.store import Store
    from heapwatch.web.settings import Settings


@contextmanager
def opened(data: Path | None) -> Iterator[Store]:
    """The store of the data folder `data`, or of the settings; closed again whatever happens."""
    from heapwatch.web.serve import open_store_for

    with closing(open_store_for(settings_of(data))) as store:
        yield store


def settings_of(data: Path | None) -> Settings:
    """The server's settings, with the data folder `data` where one is given."""
    from heapwatch.web.settings import Settings, load

    if data is None:
        return load().settings
    if data.exists() and not data.is_dir():
        raise UsageError(f"--data {data} is not a folder")
    return Settings.model_validate({"data": data})
