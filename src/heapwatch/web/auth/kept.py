"""A small file of entries that several processes read and edit: atomic, locked, for its owner only.

Readers look at the file's stamp with each question, so what the command line changes counts from a running
server's next request on. Writers hold a lock beside the file, read it anew, write a new one in its place and
wait for the disk. A file that cannot be read is an error, never an empty list: without entries a server on
loopback is open to everybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from heapwatch.errors import HeapwatchError

Entry = TypeVar("Entry")


class Damaged(HeapwatchError):
    """A file of tokens, users or sessions cannot be read; nobody is let in by it."""


class Kept(Generic[Entry]):
    """The entries of one file. Safe to use from any thread, and next to another process that edits it."""

    def __init__(
        self,
        path: Path,
        kind: str,
        read: Callable[[Mapping[str, Any]], Entry],
        write: Callable[[Entry], dict[str, Any]],
    ) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._kind = kind
        self._read_entry = read
        self._write_entry = write
        self._stamp: tuple[int, int, int] | None = None
        self._entries: tuple[Entry, ...] = ()

    def now(self) -> tuple[Entry, ...]:
        """The entries as they are on disk."""
        with self.lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                self._stamp, self._entries = None, ()
                return ()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._entries = self._read()
                self._stamp = stamp
            return self._entries

    @contextlib.contextmanager
    def edit(self) -> Iterator[list[Entry]]:
        """The entries to change in place; written when the block ends without an error."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".lock")
        with self.lock, open(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            entries = list(self._read()) if self.path.exists() else []
            yield entries
            self._write(entries)
            self._stamp = None
            self.keep_owner()

    def keep_owner(self) -> None:
        """What root writes belongs to the folder's owner, as whom the server runs."""
        if os.geteuid() == 0:
            folder = self.path.parent.stat()
            for path in (self.path, self.path.with_suffix(".lock")):
                if path.exists():
                    os.chown(path, folder.st_uid, folder.st_gid)

    def _read(self) -> tuple[Entry, ...]:
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))[self._kind]
            return tuple(self._read_entry(entry) for entry in entries)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Damaged(
                f"{self.path} is damaged ({error}); restore it, or remove it and make new {self._kind}"
            ) from error

    def _write(self, entries: list[Entry]) -> None:
        text = json.dumps(
            {"version": 1, self._kind: [self._write_entry(entry) for entry in entries]}, indent=1
        )
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with open(os.open(fresh, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
