"""What was changed, by whom, from where, with what outcome: lines, each bound to the one before it.

    {"n": 7, "time": 1790000100000, "who": "user:ann", "from": "10.0.0.7", "what": "token.revoke",
     "target": "web1", "outcome": "done", "detail": "", "before": "<SHA-256 of the line before>"}

Whoever changes or takes out a line breaks the chain at the next one. Whoever cuts off the end, or writes the
whole chain anew, does not: compare the newest hash with one that was noted elsewhere, for that. Several
processes may append. A full file is set aside and a new one goes on with the chain; the oldest go, and then
the chain begins where the kept ones begin.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from heapwatch.errors import HeapwatchError, Unavailable

FILE_BYTES = 16 << 20
FILES = 16
"""With the bytes of one: how much is kept at most."""
START = "0" * 64
LONGEST = 500
_TAIL = 64 << 10
_SET_ASIDE = re.compile(r"audit\.(\d{12})\.jsonl")


class Broken(HeapwatchError):
    """The chain does not hold; the message says where."""


@dataclass(frozen=True)
class Entry:
    """One change. `time` is epoch ms; `before` is the SHA-256 of the line before."""

    n: int
    time: int
    who: str
    from_: str
    what: str
    target: str
    outcome: str
    detail: str
    before: str

    def line(self) -> bytes:
        fields = {name.rstrip("_"): value for name, value in asdict(self).items()}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def public(self) -> dict[str, Any]:
        return {name.rstrip("_"): value for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Wanted:
    """Which entries: parts of what they say, upper and lower case alike; the outcome as a whole."""

    who: str = ""
    what: str = ""
    target: str = ""
    outcome: str = ""

    def __call__(self, entry: Entry) -> bool:
        return (
            self.who.lower() in entry.who.lower()
            and self.what.lower() in entry.what.lower()
            and self.target.lower() in entry.target.lower()
            and self.outcome in ("", entry.outcome)
        )


class Audit:
    """The chain in a folder. Safe to use from any thread and next to other processes."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        file_bytes: int = FILE_BYTES,
        files: int = FILES,
    ) -> None:
        self.path = folder / "audit.jsonl"
        self._clock = clock
        self._file_bytes = file_bytes
        self._files = files
        self._lock = threading.Lock()

    def add(
        self, who: str, from_: str, what: str, target: str = "", outcome: str = "done", detail: str = ""
    ) -> Entry:
        """Append one change; it is on the disk when this returns."""
        try:
            with self._alone() as file:
                last = _last(file) or self._last_set_aside()
                number, before = (last.n + 1, _hash(last.line())) if last else (1, START)
                entry = Entry(
                    n=number,
                    time=int(self._clock() * 1000),
                    who=_plain(who),
                    from_=_plain(from_),
                    what=_plain(what),
                    target=_plain(target),
                    outcome=_plain(outcome),
                    detail=_plain(detail),
                    before=before,
                )
                line = entry.line()
                if file.tell() and file.tell() + len(line) > self._file_bytes:
                    self._set_aside(entry.n)
                    with self._opened() as fresh:
                        _append(fresh, line)
                else:
                    _append(file, line)
                return entry
        except OSError as error:
            raise Unavailable(f"the audit cannot be written: {self.path}: {error.strerror}") from error

    def newest(
        self, limit: int, before: int | None = None, wanted: Callable[[Entry], bool] = lambda _entry: True
    ) -> list[Entry]:
        """The newest entries that are wanted, newest first; `before` is the number of one to begin below."""
        found: list[Entry] = []
        for path in reversed(self.files()):
            for entry in reversed(list(_entries(path))):
                if (before is None or entry.n < before) and wanted(entry):
                    found.append(entry)
                    if len(found) >= limit:
                        return found
        return found

    def files(self) -> list[Path]:
        """All that is kept, oldest first."""
        aside = sorted(p for p in self.path.parent.glob("audit.*.jsonl") if _SET_ASIDE.fullmatch(p.name))
        return [*aside, self.path] if self.path.exists() else aside

    def verify(self) -> tuple[Entry | None, str]:
        """The newest entry, and its hash, if the chain holds; `Broken` says where it does not."""
        last: Entry | None = None
        before = ""
        for path in self.files():
            for place, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
                entry = _read(line)
                where = f"{path}, line {place}"
                if entry is None:
                    cut = "is cut off" if not line.endswith(b"\n") else "is no entry of an audit"
                    raise Broken(f"{where} {cut}")
                if last is not None and entry.n != last.n + 1:
                    raise Broken(f"{where}: entry {entry.n} follows entry {last.n}; others were taken out")
                if last is not None and entry.before != before:
                    raise Broken(f"{where}: entry {last.n}, before it, is not what was written")
                if last is None and entry.n == 1 and entry.before != START:
                    raise Broken(f"{where}: the first entry is not what was written")
                last, before = entry, _hash(line)
        return last, before

    @contextmanager
    def _alone(self) -> Iterator[BinaryIO]:
        """The newest file, while nobody else writes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".lock")
        with self._lock, open(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self._keep_owner(beside)
            with self._opened() as file:
                yield file

    def _opened(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        file = open(os.open(self.path, flags, 0o600), "r+b", buffering=0)  # noqa: SIM115
        self._keep_owner(self.path)
        file.seek(0, os.SEEK_END)
        return file

    def _set_aside(self, number: int) -> None:
        """The full file gets the number of the entry after it; the oldest ones go."""
        os.rename(self.path, self.path.with_name(f"audit.{number:012d}.jsonl"))
        for old in self.files()[: -(self._files - 1)]:
            old.unlink()

    def _last_set_aside(self) -> Entry | None:
        aside = self.files()[:-1]
        if not aside:
            return None
        with aside[-1].open("rb") as file:
            file.seek(0, os.SEEK_END)
            return _last(file)

    def _keep_owner(self, path: Path) -> None:
        """What root writes belongs to the folder's owner, as whom the server runs."""
        if os.geteuid() == 0:
            folder = self.path.parent.stat()
            os.chown(path, folder.st_uid, folder.st_gid)


def _append(file: BinaryIO, line: bytes) -> None:
    size = file.tell()
    try:
        if file.write(line) != len(line):
            raise OSError(28, "no space left on device")
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), size)
        raise


def _last(file: BinaryIO) -> Entry | None:
    """The last entry of a file that is at its end. What a power cut left half written is taken away."""
    size = file.tell()
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        os.ftruncate(file.fileno(), size - len(tail) + whole)
    file.seek(0, os.SEEK_END)
    if not whole:
        return None
    entry = _read(tail[:whole].splitlines(keepends=True)[-1])
    if entry is None:
        raise Unavailable("the end of the audit is damaged; `heapwatch audit verify` says where")
    return entry


def _entries(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return  # set aside, and perhaps dropped, a moment ago
    for line in lines:
        entry = _read(line)
        if entry is not None:
            yield entry


def _read(line: bytes) -> Entry | None:
    """The entry of a line that is exactly as we write it."""
    try:
        fields = json.loads(line)
        entry = Entry(**{("from_" if name == "from" else name): value for name, value in fields.items()})
        kinds = {"n": int, "time": int}
        sound = all(type(value) is kinds.get(name, str) for name, value in vars(entry).items())
        return entry if sound and entry.line() == line else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _plain(text: str) -> str:
    """One line, not longer than an entry may be; what is no text in UTF-8 is replaced."""
    clean = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in clean)[:LONGEST]
