"""Another user's rights for one thread.

A JVM answers only a client whose effective uid *and* gid are its own (JDK 8 does not even take root).
`os.seteuid` switches every thread of the process, because glibc makes it so; the bare system call switches
the calling thread alone, so an agent that attaches does not change the rights under its other threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import Iterator

from heapwatch.jvm.refusals import NoPermission

_SETRESUID_SETRESGID = {"x86_64": (117, 119), "aarch64": (147, 149), "riscv64": (147, 149)}
_UNCHANGED = -1

_libc = ctypes.CDLL(None, use_errno=True)


def can_become(uid: int, gid: int) -> bool:
    """Whether this thread has, or may take, these effective ids."""
    try:
        with effective(uid, gid):
            return True
    except NoPermission:
        return False


@contextlib.contextmanager
def effective(uid: int, gid: int) -> Iterator[None]:
    """Within the block this thread, and no other, has the effective ids `uid` and `gid`."""
    old_uid, old_gid = os.geteuid(), os.getegid()
    if (uid, gid) == (old_uid, old_gid):
        yield
        return
    numbers = _SETRESUID_SETRESGID.get(os.uname().machine)
    if numbers is None:
        raise NoPermission(
            f"cannot switch one thread to {uid}:{gid} on {os.uname().machine}; run as that uid and gid"
        )
    setresuid, setresgid = numbers
    # The group first on the way in and last on the way out: only the privileged uid may change it.
    _switch(setresgid, gid, uid, gid)
    try:
        _switch(setresuid, uid, uid, gid)
        try:
            yield
        finally:
            _switch(setresuid, old_uid, uid, gid)
    finally:
        _switch(setresgid, old_gid, uid, gid)


def _switch(call: int, value: int, uid: int, gid: int) -> None:
    arguments = (ctypes.c_long(_UNCHANGED), ctypes.c_long(value), ctypes.c_long(_UNCHANGED))
    if _libc.syscall(ctypes.c_long(call), *arguments) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise NoPermission(
            f"the JVM runs as {uid}:{gid}; run as root, or as exactly that uid and gid ({reason})"
        )
