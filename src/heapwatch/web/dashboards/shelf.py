"""Where dashboards are: built-in ones beside this file, everybody's own in a folder, a YAML file each.

A write is a new file that takes the old one's place, so that a crash leaves one of them whole; `version` lets
two people who edit at once notice each other. What a text says is not this module's business.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.store.errors import NotFound

BUILT_IN = Path(__file__).parent
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
MOST = 1000


class ReadOnly(HeapwatchError):
    """A built-in dashboard, which a copy under another name can replace."""


class Changed(HeapwatchError):
    """Somebody else has stored it since it was read."""


@dataclass(frozen=True)
class Stored:
    """One dashboard's text; `changed` is epoch ms, 0 for built-in ones."""

    name: str
    text: str
    builtin: bool
    changed: int

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Shelf:
    """A folder of texts over the built-in ones. Safe to use from several threads."""

    def __init__(self, folder: Path, built_in: Path = BUILT_IN) -> None:
        self._folder = folder
        self._built_in = built_in
        self._lock = threading.Lock()

    def all(self) -> list[Stored]:
        """Built-in ones first, then by name."""
        own = sorted(path for path in self._folder.glob("*.yaml") if NAME.fullmatch(path.stem))
        built_in = sorted(self._built_in.glob("*.yaml"))
        taken = {path.stem for path in built_in}
        found = [self._read(path, builtin=True) for path in built_in]
        return found + [self._read(path, builtin=False) for path in own if path.stem not in taken]

    def get(self, name: str) -> Stored:
        for folder, builtin in ((self._built_in, True), (self._folder, False)):
            path = folder / f"{_named(name)}.yaml"
            if path.is_file():
                return self._read(path, builtin=builtin)
        raise NotFound(f"no dashboard is called {name!r}", [])

    def put(self, name: str, text: str, replaces: str | None = None) -> Stored:
        """Store; `replaces` is the version that was edited (None: whatever is there, "": nothing is)."""
        path = self._own(name)
        with self._lock:
            there = self._read(path, builtin=False) if path.is_file() else None
            if replaces is not None and replaces != (there.version if there else ""):
                raise Changed(
                    f"{name} was {'changed' if there else 'deleted'} meanwhile; load it again first"
                )
            if there is None and len(self.all()) >= MOST:
                raise UsageError(f"there are {MOST} dashboards already; delete one first")
            self._folder.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}.new")
            with open(fresh, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
            return self._read(path, builtin=False)

    def delete(self, name: str) -> None:
        path = self._own(name)
        with self._lock:
            try:
                path.unlink()
            except FileNotFoundError:
                raise NotFound(f"no dashboard is called {name!r}", []) from None

    def _own(self, name: str) -> Path:
        if (self._built_in / f"{_named(name)}.yaml").is_file():
            raise ReadOnly(f"{name} is built in and stays as it is")
        return self._folder / f"{name}.yaml"

    def _read(self, path: Path, *, builtin: bool) -> Stored:
        text = path.read_text(encoding="utf-8", errors="replace")
        return Stored(path.stem, text, builtin, 0 if builtin else int(path.stat().st_mtime * 1000))


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is no name of a dashboard: small letters, digits and dashes, at most 64"
        )
    return name
