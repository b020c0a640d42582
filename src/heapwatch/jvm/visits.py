"""One visitor at a time, and what earlier visits left behind.

Every JVM life has one small file under a private directory (/run/heapwatch for root). Its lock keeps our
own processes and threads apart; its content is what the next visitor must know even when the last one was
killed: signals that were not answered, and an operation that may still run inside the JVM.

    {"boot": "9f1c...", "last_signal": 81234.5, "failures": 1, "pending": "inspectheap", ...}
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Tuple

from heapwatch.jvm.refusals import Busy

SIGNAL_PAUSE_S = 60.0
MOST_FAILURES = 2

_in_memory: Dict[str, int] = {}  # name -> memfd, where no directory can be had
_in_memory_guard = threading.Lock()


def now() -> float:
    """Seconds since boot: the same clock in every process, and never set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass
class Visits:
    """The remembered state of one JVM life. Changes are written when the lock is given back."""

    last_signal: Optional[float] = None
    failures: int = 0  # signals that no socket followed
    pending: Optional[str] = None  # command of an operation whose end was not seen
    pending_since: float = 0.0
    probed: Optional[float] = None  # when the pending operation was last asked after

    def signal_refused_for(self) -> Optional[float]:
        """Seconds until a signal may be sent again; None = now; infinity = never again."""
        if self.failures >= MOST_FAILURES:
            return float("inf")
        if self.last_signal is None or not self.failures:
            return None
        left = self.last_signal + SIGNAL_PAUSE_S - now()
        return left if left > 0 else None


class Visit:
    """The lock on one JVM life, held: the state, and `save` to make it outlive a kill."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.state = _load(os.pread(descriptor, 1 << 16, 0))

    def save(self) -> None:
        data = dict(vars(self.state), boot=_boot_id())
        text = json.dumps(data).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))


@contextlib.contextmanager
def visit(pid: int, start_ticks: int, timeout: float) -> Iterator[Visit]:
    """Wait for the JVM's lock, at most `timeout` seconds, and hold it in the block."""
    descriptor = _open(f"{pid}-{start_ticks}")
    try:
        _lock(descriptor, pid, time.monotonic() + timeout)
        visit = Visit(descriptor)
        before = dict(vars(visit.state))
        try:
            yield visit
        finally:
            if vars(visit.state) != before:
                visit.save()
    finally:
        os.close(descriptor)


def forget_the_dead(proc: str = "/proc") -> None:
    """Delete the files of processes that are no more."""
    directory = _directory()
    if directory is None:
        return
    for name in os.listdir(directory):
        pid, _, ticks = name.partition("-")
        if pid.isdigit() and ticks.isdigit() and not os.path.exists(f"{proc}/{pid}"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(directory, name))


def _lock(descriptor: int, pid: int, deadline: float) -> None:
    wait = 0.005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Busy(f"another heapwatch is talking to JVM {pid}; try again", retry_after=5) from None
            time.sleep(min(wait, left))
            wait = min(wait * 2, 0.2)


def _load(data: bytes) -> Visits:
    try:
        saved = json.loads(data) if data else {}
    except ValueError:
        saved = {}
    if not isinstance(saved, dict) or saved.get("boot") != _boot_id():
        return Visits()
    visits = Visits()
    if _is_number(saved.get("last_signal")):
        visits.last_signal = float(saved["last_signal"])
    if isinstance(saved.get("failures"), int):
        visits.failures = saved["failures"]
    if isinstance(saved.get("pending"), str):
        visits.pending = saved["pending"]
    if _is_number(saved.get("pending_since")):
        visits.pending_since = float(saved["pending_since"])
    if _is_number(saved.get("probed")):
        visits.probed = float(saved["probed"])
    return visits


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _open(name: str) -> int:
    directory = _directory()
    if directory is not None:
        path = os.path.join(directory, name)
        try:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # the first visit of this life
            os.makedirs(directory, mode=0o700, exist_ok=True)
            forget_the_dead()
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with _in_memory_guard:
        if name not in _in_memory:
            _in_memory[name] = os.memfd_create(name)
        return os.open(f"/proc/self/fd/{_in_memory[name]}", os.O_RDWR | os.O_CLOEXEC)


def _directory() -> Optional[str]:
    """A directory that only we can write; None where there is no such place."""
    return _first_private(tuple(_places()))


@functools.lru_cache(maxsize=8)
def _first_private(places: Tuple[Tuple[str, str], ...]) -> Optional[str]:
    for parent, name in places:
        path = os.path.join(parent, name, "jvms")
        try:
            os.makedirs(path, mode=0o700, exist_ok=True)
            if _private(os.path.join(parent, name)) and _private(path) and os.access(path, os.W_OK):
                return path
        except OSError:
            continue
    return None


def _places() -> List[Tuple[str, str]]:
    places = []
    if os.environ.get("HEAPWATCH_RUNTIME_DIR"):
        places.append((os.environ["HEAPWATCH_RUNTIME_DIR"], "heapwatch"))
    if os.geteuid() == 0:
        places.append(("/run", "heapwatch"))
    elif os.environ.get("XDG_RUNTIME_DIR"):
        places.append((os.environ["XDG_RUNTIME_DIR"], "heapwatch"))
    places.append((os.environ.get("TMPDIR") or "/tmp", f"heapwatch-{os.geteuid()}"))
    return places


def _private(path: str) -> bool:
    """Ours, a directory and no link, and nobody else can write it."""
    seen = os.lstat(path)
    return stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o022


@functools.lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
