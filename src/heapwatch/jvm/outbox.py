"""What a JVM writes for us: a directory of our making in its own /tmp, gone when we are done.

A recording or a heap dump is written by the JVM, as its own user, in its own mount namespace. We read it
through /proc/PID/root. The directory's name cannot be guessed, only the JVM's user can look into it, and
what lies in it is opened only if it is a plain file of that user: neither a link to somebody's file nor a
pipe that would make us wait.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import IO, Iterator

from heapwatch.errors import HeapwatchError
from heapwatch.jvm.listener import Listener
from heapwatch.jvm.refusals import NoPermission, ReadOnlyTmp
from heapwatch.model import Target

_COPIED_AT_ONCE = 1 << 20


class NothingWritten(HeapwatchError):
    """The JVM said that it wrote a file, and there is none that could be taken."""


class NoSpace(HeapwatchError):
    """Too little room on a disk for what would be written; nothing was."""


class Outbox:
    """The open directory. `inside` is its path as the JVM sees it."""

    def __init__(self, directory: int, name: str, uid: int, gid: int) -> None:
        self._directory = directory
        self._uid, self._gid = uid, gid
        self.inside = f"/tmp/{name}"

    def path(self, name: str) -> str:
        return f"{self.inside}/{name}"

    def free_bytes(self) -> int:
        """Room on the JVM's filesystem, for its own user."""
        room = os.fstatvfs(self._directory)
        return room.f_bavail * room.f_frsize

    def put(self, name: str, data: bytes) -> str:
        """A file for the JVM to read; returns its path as the JVM sees it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, 0o600, dir_fd=self._directory), "wb") as file:
            _give(file.fileno(), self._uid, self._gid)
            file.write(data)
        return self.path(name)

    def open(self, name: str) -> int:
        """A file that the JVM wrote, for reading. The caller closes it."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            descriptor = os.open(name, flags, dir_fd=self._directory)
        except OSError as error:
            raise NothingWritten(f"the JVM left no file {self.path(name)} ({error.strerror})") from error
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode) or seen.st_uid != self._uid or seen.st_nlink != 1:
            os.close(descriptor)
            raise NothingWritten(
                f"{self.path(name)} is not a plain file of the JVM's user; it was left alone"
            )
        return descriptor

    def read(self, name: str, limit: int) -> bytes:
        """The content of a file that the JVM wrote, if it is no larger than `limit`."""
        with os.fdopen(self.open(name), "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise NothingWritten(f"{self.path(name)} has more than {limit >> 20} MiB; it was not read")
        return data

    def fetch(self, name: str, path: str) -> int:
        """Copy a file that the JVM wrote to a new file of ours that nobody else can read. Its size."""
        with os.fdopen(self.open(name), "rb") as source:
            size = os.fstat(source.fileno()).st_size
            check_room(path, size)
            with new_file(path) as target, deleted_if_it_fails(path):
                while True:
                    part = source.read(_COPIED_AT_ONCE)
                    if not part:
                        break
                    target.write(part)
                target.flush()  # a full disk is told here, where the file is still ours to delete
        return size

    def empty(self) -> None:
        for name in os.listdir(self._directory):
            with contextlib.suppress(OSError):
                os.unlink(name, dir_fd=self._directory)


@contextlib.contextmanager
def outbox(target: Target, proc: str = "/proc") -> Iterator[Outbox]:
    """A new outbox in the JVM's /tmp; removed with all that is in it, whatever happens in the block."""
    listener = Listener(target, proc)
    name = f"heapwatch-{secrets.token_hex(8)}"
    with listener.tmp() as tmp:
        try:
            os.mkdir(name, 0o700, dir_fd=tmp)
        except OSError as error:
            raise _no_directory(target.pid, error) from error
        try:
            directory = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=tmp)
            try:
                box = Outbox(directory, name, listener.status.uid, listener.status.gid)
                _give(directory, listener.status.uid, listener.status.gid)
                try:
                    yield box
                finally:
                    box.empty()
            finally:
                os.close(directory)
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=tmp)


def check_room(path: str, size: int) -> None:
    """NoSpace when a file of this size would not fit where `path` is."""
    free = free_at(path)
    if free < size:
        folder = os.path.dirname(os.path.abspath(path))
        raise NoSpace(
            f"{folder} has {free >> 20} MiB free, the file has {size >> 20} MiB; name another place"
        )


def free_at(path: str) -> int:
    """Bytes that are free where `path` is, for this user."""
    try:
        room = os.statvfs(os.path.dirname(os.path.abspath(path)))
    except OSError as error:
        raise NothingWritten(f"{path} cannot be written: {error.strerror}") from error
    return room.f_bavail * room.f_frsize


def check_new(path: str) -> None:
    """Refuse a path that is taken or cannot be written, before anything is asked of the JVM."""
    if os.path.lexists(path):
        raise NothingWritten(f"{path} is there already; name another file")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NothingWritten(f"{folder} is no directory that can be written; name another place")


def _give(descriptor: int, uid: int, gid: int) -> None:
    seen = os.fstat(descriptor)
    if (seen.st_uid, seen.st_gid) == (uid, gid):
        return
    try:
        os.fchown(descriptor, uid, gid)
    except PermissionError as error:
        raise NoPermission(
            f"the JVM runs as {uid}:{gid}; run as root, or as exactly that uid and gid ({error.strerror})"
        ) from error


def new_file(path: str) -> IO[bytes]:
    """A file of ours that nobody else can read, and that was not there before."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, 0o600), "wb")
    except OSError as error:
        raise NothingWritten(f"{path} cannot be written: {error.strerror}") from error


@contextlib.contextmanager
def deleted_if_it_fails(path: str) -> Iterator[None]:
    """Within the block a file is made; it stays only when the block ends in order."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def _no_directory(pid: int, error: OSError) -> HeapwatchError:
    if error.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
        return ReadOnlyTmp(
            f"JVM {pid} cannot write files in its /tmp ({error.strerror}): mount a volume there"
        )
    return NoPermission(f"no directory can be made in the /tmp of JVM {pid}: {error.strerror}")
