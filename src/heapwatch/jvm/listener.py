"""The way to a JVM's attach socket, without ever harming what is not a ready JVM.

    there is a socket                  -> use it; nothing is sent
    no socket, SIGQUIT not caught      -> starting, or -Xrs: a signal would kill it; refuse
    no socket, attach disabled         -> a signal would print a thread dump into its log; refuse
    no socket, `Attach Listener` runs  -> the file was deleted; refuse on JDKs that cannot make it again
    no socket, ready                   -> trigger file `.attach_pid<N>`, one SIGQUIT, wait for `.java_pid<N>`

All paths go through /proc/PID/root and /proc/PID/cwd, opened once with our own rights, so containers, chroots
and private /tmp directories are nothing special. N is the pid inside the innermost pid namespace.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import stat
import time
from typing import Iterator, Optional, Tuple

from heapwatch.jvm import perfdata, process
from heapwatch.jvm.refusals import (
    AttachDisabled,
    Blocked,
    Gone,
    NoHandler,
    NoPermission,
    NoSocket,
    ReadOnlyTmp,
    SocketDeleted,
    Starting,
    Stopped,
    TriggerRefused,
)
from heapwatch.jvm.visits import SIGNAL_PAUSE_S, Visit, now
from heapwatch.model import Target

STARTING_S = 10.0
ANSWER_S = 6.0
"""How long a JVM gets to open its socket; an idle one takes 6 ms."""

_BLOCKED_S, _BLOCKED_LOOKS = 1.0, 10

_SIGNAL_THREAD = "Signal Dispatch"  # kernel names have 15 bytes
_LISTENER_THREAD = "Attach Listener"
_VM_THREAD = "VM Thread"
SocketFile = Tuple[int, int]
"""Inode and its last change (ns): a number alone is given to the next file as soon as it is free."""

_VERSION = re.compile(r"^(?:1\.)?(\d+)(?:\.0)*(?:\.(\d+)|_(\d+))?")


class Listener:
    """One JVM's door: its /tmp, its socket file, and how to make it open one."""

    def __init__(self, target: Target, proc: str = "/proc") -> None:
        self.target = target
        self.proc = proc
        self.status = self._status()
        self.socket_name = f".java_pid{self.status.nspid}"

    # -- what state the process is in -----------------------------------------------------------------

    def _status(self) -> process.Status:
        try:
            status = process.status(self.target.pid, self.proc)
        except ProcessLookupError:
            raise self._gone() from None
        if not self.is_same() or status.state in "ZX":
            raise self._gone()
        return status

    def is_same(self) -> bool:
        """Whether the pid still belongs to the process that was found."""
        try:
            return process.start_ticks(self.target.pid, self.proc) == self.target.start_ticks
        except (ProcessLookupError, PermissionError):
            return False

    def check_running(self, thoroughly: bool = False) -> None:
        """Refuse a process that would never answer: stopped, frozen or blocked in the kernel.

        `thoroughly` looks at every thread; that is for the first contact and after a failed one.
        """
        pid = self.target.pid
        if self.status.state in "tT":
            raise Stopped(f"JVM {pid} is stopped (SIGSTOP or a debugger): no attach until it continues")
        if process.ControlGroup(process.cgroup_paths(pid, self.proc)).frozen():
            raise Stopped(f"JVM {pid} is frozen by its control group: no attach until it is thawed")
        stuck = self._stuck_thread() if thoroughly or self.status.state == "D" else None
        if stuck is not None:
            place = process.waits_in(pid, stuck, self.proc)
            raise Blocked(f"JVM {pid} is blocked in the kernel ({place}): a request would hang with it")

    def _stuck_thread(self) -> Optional[str]:
        """A thread that stayed blocked for a second without one switch: not busy, but waiting for good."""
        try:
            before = process.blocked_threads(self.target.pid, self.proc)
            for _ in range(_BLOCKED_LOOKS):
                if not before:
                    return None
                time.sleep(_BLOCKED_S / _BLOCKED_LOOKS)
                now_blocked = process.blocked_threads(self.target.pid, self.proc)
                before = {one: seen for one, seen in before.items() if now_blocked.get(one) == seen}
        except ProcessLookupError:
            raise self._gone() from None
        return next(iter(before), None)

    def _gone(self) -> Gone:
        return Gone(f"JVM {self.target.pid} is gone")

    # -- its /tmp and its socket ----------------------------------------------------------------------

    @contextlib.contextmanager
    def tmp(self) -> Iterator[int]:
        """The JVM's own /tmp as an O_PATH handle, opened with our rights before any are given up."""
        directory = self._open_tmp()
        try:
            yield directory
        finally:
            os.close(directory)

    def _open_tmp(self) -> int:
        pid = self.target.pid
        try:
            return _open_directory(f"{self.proc}/{pid}/root/tmp")
        except FileNotFoundError:
            if not self.is_same():
                raise self._gone() from None
            raise ReadOnlyTmp(
                f"JVM {pid} has no /tmp for its socket: mount one (an emptyDir) there"
            ) from None
        except PermissionError:
            if self.status.uid != os.geteuid() and os.geteuid() != 0:
                raise self._wrong_user() from None
            if len(self.status.nspids) == 1 and self._shares_our_root():
                return _open_directory("/tmp")
            raise NoPermission(
                f"JVM {pid} is in a container or not dumpable, and its files are closed to us: "
                "CAP_SYS_PTRACE is needed (in Kubernetes: shareProcessNamespace and the same uid)"
            ) from None

    def _wrong_user(self) -> NoPermission:
        ids = f"{self.status.uid}:{self.status.gid}"
        return NoPermission(
            f"JVM {self.target.pid} runs as {ids}; run as root, or as exactly that uid and gid "
            f"(you are {os.geteuid()}:{os.getegid()})"
        )

    def _shares_our_root(self) -> bool:
        """Mount ids are unique on a kernel, so equal ids of `/` mean the same mount namespace."""
        ours = _root_mount(f"{self.proc}/self/mountinfo")
        return ours is not None and ours == _root_mount(f"{self.proc}/{self.target.pid}/mountinfo")

    def socket_file(self, tmp: int) -> Optional[SocketFile]:
        """Which socket file it has; None if there is none, or one that another user planted."""
        try:
            seen = os.stat(self.socket_name, dir_fd=tmp, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISSOCK(seen.st_mode) or seen.st_uid not in (self.status.uid, 0):
            return None
        return seen.st_ino, seen.st_ctime_ns

    # -- making it open a socket ----------------------------------------------------------------------

    def check_could_open(self, tmp: int, visit: Visit) -> None:
        """Refuse for all that `open_socket` would refuse for, without asking the JVM for anything."""
        self._check_signal_is_safe(visit)
        self._check_listener(None, tmp)
        self._check_tmp_is_writable(tmp)

    def open_socket(self, tmp: int, visit: Visit, stale: Optional[SocketFile] = None) -> None:
        """Trigger file, one SIGQUIT, wait for the socket. `stale` is a socket file nobody serves."""
        self._check_signal_is_safe(visit)
        self._check_listener(stale, tmp)
        self._check_tmp_is_writable(tmp)
        with self._trigger(tmp):
            self._signal(visit)
            wait, deadline = 0.005, time.monotonic() + ANSWER_S
            while time.monotonic() < deadline:
                time.sleep(wait)
                wait = min(wait * 1.5, 0.2)
                opened = self.socket_file(tmp)
                if opened is not None and opened != stale:
                    visit.state.failures = 0
                    return
                if not self.is_same():
                    raise self._gone()
        visit.state.failures += 1
        visit.save()
        raise self._no_socket(tmp)

    def _check_signal_is_safe(self, visit: Visit) -> None:
        pid, status = self.target.pid, process.status(self.target.pid, self.proc)
        young = process.age_s(self.target.start_ticks) < STARTING_S
        if not status.catches(process.SIGQUIT):
            if young:
                raise Starting(f"JVM {pid} is starting", retry_after=1)
            raise NoHandler(
                f"JVM {pid} does not catch SIGQUIT (-Xrs) and has no attach socket: "
                "restart it with -XX:+StartAttachListener"
            )
        if not self._dispatches_signals(young):
            if young:
                raise Starting(f"JVM {pid} is starting", retry_after=1)
            raise NoHandler(f"process {pid} shows no sign of a JVM that waits for SIGQUIT: it is not sent")
        if perfdata.attach_is_disabled(self.target, self.proc):
            raise AttachDisabled(
                f"attach is disabled in JVM {pid} (-XX:+DisableAttachMechanism): counters only, no histograms"
            )
        wait = visit.state.signal_refused_for()
        if wait is not None:
            again = f"next try in {wait:.0f} s" if wait < float("inf") else "it will not be asked again"
            raise NoSocket(
                f"JVM {pid} did not open its socket when asked ({visit.state.failures} times); {again}",
                retry_after=wait,
            )

    def _dispatches_signals(self, young: bool) -> bool:
        """From 17 on a handler that ignores the signal is there before the real one: look for its thread."""
        names = process.thread_names(self.target.pid, self.proc)
        if _SIGNAL_THREAD in names:
            return True
        if young or _VM_THREAD in names:
            return False
        try:  # an early 8 that names no threads, or no JVM at all
            with open(f"{self.proc}/{self.target.pid}/maps", "rb") as file:
                return b"/libjvm.so" in file.read()
        except OSError:
            return False

    def _check_listener(self, stale: Optional[SocketFile], tmp: int) -> None:
        """A listener without a socket file: it was deleted. Only newer JDKs notice and make a new one."""
        if _LISTENER_THREAD not in process.thread_names(self.target.pid, self.proc):
            return
        if not recreates_its_socket(self.target.java_version):
            version = self.target.java_version or "of unknown version"
            raise SocketDeleted(
                f"the attach socket of JVM {self.target.pid} was deleted from /tmp, and this JDK ({version}) "
                "cannot make it again: update the JDK or restart the JVM, and exclude it from cleaning with "
                "`x /tmp/.java_pid*` in /etc/tmpfiles.d"
            )
        if stale is not None and self.socket_file(tmp) == stale:
            with contextlib.suppress(OSError):
                os.unlink(self.socket_name, dir_fd=tmp)

    def _check_tmp_is_writable(self, tmp: int) -> None:
        room = os.statvfs(tmp)
        if room.f_flag & os.ST_RDONLY:
            raise ReadOnlyTmp(
                f"JVM {self.target.pid} cannot create its socket: its /tmp is read-only; "
                "mount a writable one (an emptyDir) on /tmp"
            )
        if room.f_files and not room.f_favail:
            raise ReadOnlyTmp(f"JVM {self.target.pid} cannot create its socket: no inodes left in its /tmp")

    @contextlib.contextmanager
    def _trigger(self, tmp: int) -> Iterator[None]:
        """`.attach_pid<N>` in the JVM's working directory, else in its /tmp; owned by the JVM's user.

        JDK 8 takes only its own user as owner, and in a user namespace host root is nobody to the JVM.
        """
        name = f".attach_pid{self.status.nspid}"
        refused: Optional[OSError] = None
        for place in self._trigger_places(tmp):
            try:
                made = self._make_trigger(name, place)
            except OSError as error:
                refused, made = error, False
            if made:
                try:
                    yield
                finally:
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=place)
                    if place != tmp:
                        os.close(place)
                return
            if place != tmp:
                os.close(place)
        raise TriggerRefused(
            f"cannot ask JVM {self.target.pid} for its socket: {name} cannot be created for uid "
            f"{self.status.uid} in its working directory or its /tmp"
            + (f" ({os.strerror(refused.errno or 0)})" if refused else "")
        )

    def _trigger_places(self, tmp: int) -> Iterator[int]:
        with contextlib.suppress(OSError):  # deleted, or on a file system that is gone
            yield _open_directory(f"{self.proc}/{self.target.pid}/cwd")
        yield tmp

    def _make_trigger(self, name: str, place: int) -> bool:
        # O_EXCL: an existing name could be a link to any file, which fchown would then give away.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            trigger = os.open(name, flags, 0o660, dir_fd=place)
        except FileExistsError:
            os.unlink(name, dir_fd=place)
            trigger = os.open(name, flags, 0o660, dir_fd=place)
        try:
            with contextlib.suppress(OSError):
                if os.fstat(trigger).st_uid != self.status.uid:
                    os.fchown(trigger, self.status.uid, self.status.gid)
            if os.fstat(trigger).st_uid == self.status.uid:
                return True
            os.unlink(name, dir_fd=place)  # root squash, vfat
            return False
        finally:
            os.close(trigger)

    def _signal(self, visit: Visit) -> None:
        """Exactly one SIGQUIT, to exactly this process: the handle is checked after it was opened."""
        pid = self.target.pid
        visit.state.last_signal = now()
        visit.save()
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            raise self._gone() from None
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM):
                raise
            handle = -1
        try:
            if not self.is_same():
                raise self._gone()
            if handle >= 0:
                signal.pidfd_send_signal(handle, signal.SIGQUIT)
            else:
                os.kill(pid, signal.SIGQUIT)
        except ProcessLookupError:
            raise self._gone() from None
        except PermissionError:
            raise self._wrong_user() from None
        finally:
            if handle >= 0:
                os.close(handle)

    def _no_socket(self, tmp: int) -> NoSocket:
        room = os.statvfs(tmp)
        hints = "the VM hangs, or attach is disabled in it"
        if room.f_blocks and not room.f_bavail:
            hints = "its /tmp is full"
        return NoSocket(
            f"JVM {self.target.pid} did not open its attach socket within {ANSWER_S:.0f} s: {hints}",
            retry_after=SIGNAL_PAUSE_S,
        )


def recreates_its_socket(java_version: str) -> bool:
    """Whether this JDK makes a new socket when the file was deleted (JDK-8225690 and its backports)."""
    match = _VERSION.match(java_version)
    if not match:
        return False
    feature, update = int(match[1]), int(match[2] or match[3] or 0)
    if feature == 8:
        return update >= 342
    if feature == 11:
        return update >= 13
    return feature >= 14


def _open_directory(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _root_mount(path: str) -> Optional[Tuple[str, str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                cells = line.split()
                if cells[4] == "/":
                    return cells[0], cells[2]
    except OSError:
        pass
    return None
