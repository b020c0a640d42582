"""Why a JVM could not be asked. One class a cause: `reason` is its slug, the message says what to do.

The JDK's own tools have one text for ten causes ("target process not responding or HotSpot VM not
loaded"); it is never printed here.
"""

from __future__ import annotations

from typing import Dict, Optional, Type

from heapwatch.errors import HeapwatchError


class AttachError(HeapwatchError):
    """The JVM was not asked, or did not answer.

    `temporary` means that the same request may succeed later without anyone changing anything;
    `retry_after` is then how many seconds to wait at least.
    """

    reason = "failed"
    temporary = False

    def __init__(self, message: str, retry_after: Optional[float] = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Gone(AttachError):
    """No such process any more, or its pid now belongs to another one."""

    reason = "gone"


class Stopped(AttachError):
    """SIGSTOP, a debugger or the cgroup freezer holds it."""

    reason = "stopped"
    temporary = True


class Blocked(AttachError):
    """Blocked in the kernel (dead NFS server, dead disk): a request would hang with it."""

    reason = "blocked"
    temporary = True


class NoPermission(AttachError):
    reason = "no-permission"


class NoHandler(AttachError):
    """SIGQUIT would kill it (-Xrs), and it has no socket yet."""

    reason = "no-handler"


class Starting(AttachError):
    reason = "starting"
    temporary = True


class AttachDisabled(AttachError):
    """-XX:+DisableAttachMechanism."""

    reason = "attach-disabled"


class SocketDeleted(AttachError):
    """Its socket was deleted from /tmp, and this JDK cannot make it again."""

    reason = "socket-deleted"


class Busy(AttachError):
    """Another tool is being served; a JVM serves one request at a time."""

    reason = "busy"
    temporary = True


class WrongPeer(AttachError):
    """Another process listens on the socket that should be the JVM's."""

    reason = "wrong-peer"


class StaleSocket(AttachError):
    """A socket is there, but nobody listens."""

    reason = "stale-socket"


class NoSocket(AttachError):
    """It was asked to open its socket and did not."""

    reason = "no-socket"


class ReadOnlyTmp(AttachError):
    reason = "readonly-tmp"


class TriggerRefused(AttachError):
    """The file that asks for the socket can be made in no place that the JVM looks at."""

    reason = "no-trigger"


class OperationRefused(AttachError):
    """The JVM answered with an error; its text is in the message."""

    reason = "refused"


class Closed(AttachError):
    """The JVM hung up without an answer."""

    reason = "closed"


class UnsupportedVm(AttachError):
    reason = "unsupported-vm"


class TimedOut(AttachError):
    reason = "timed-out"
    temporary = True


class Pending(AttachError):
    """An earlier request of ours is still being worked on inside the JVM."""

    reason = "pending"
    temporary = True


REASONS: Dict[str, Type[AttachError]] = {
    refusal.reason: refusal
    for refusal in (
        Gone,
        Stopped,
        Blocked,
        NoPermission,
        NoHandler,
        Starting,
        AttachDisabled,
        SocketDeleted,
        Busy,
        WrongPeer,
        StaleSocket,
        NoSocket,
        ReadOnlyTmp,
        TriggerRefused,
        OperationRefused,
        Closed,
        UnsupportedVm,
        TimedOut,
        Pending,
    )
}
