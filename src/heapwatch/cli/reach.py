"""Whether a JVM of this machine can be asked for a histogram, found out without asking it."""

from __future__ import annotations

from heapwatch.jvm import perfdata, process
from heapwatch.jvm.listener import STARTING_S, Listener
from heapwatch.jvm.refusals import AttachError
from heapwatch.model import Target


def obstacle(target: Target) -> str:
    """Why a histogram cannot be had, in one sentence; "" when it can."""
    if target.vm != "hotspot":
        return f"{target.vm} is not supported yet"
    try:
        listener = Listener(target)
        listener.check_running()
        with listener.tmp() as tmp:
            if listener.socket_inode(tmp) is not None:
                return ""
    except AttachError as error:
        return str(error)
    if perfdata.attach_is_disabled(target):
        return "attach is disabled (-XX:+DisableAttachMechanism): counters only"
    if not listener.status.catches(process.SIGQUIT):
        if process.age_s(target.start_ticks) < STARTING_S:
            return "it is starting"
        return "it does not catch SIGQUIT (-Xrs): restart it with -XX:+StartAttachListener"
    return ""
