"""Whether a JVM of this machine can be asked for a histogram, found out without asking it."""

from __future__ import annotations

from heapwatch.jvm import visits
from heapwatch.jvm.listener import Listener
from heapwatch.jvm.refusals import AttachError, Busy
from heapwatch.model import Target

PATIENCE_S = 0.2


def obstacle(target: Target) -> str:
    """Why a histogram cannot be had, in one sentence; "" when it can."""
    if target.vm != "hotspot":
        return f"{target.vm} is not supported yet"
    try:
        listener = Listener(target)
        listener.check_running()
        with listener.tmp() as tmp:
            if listener.socket_file(tmp) is None:
                with visits.visit(target.pid, target.start_ticks, PATIENCE_S) as visit:
                    listener.check_could_open(tmp, visit)
    except Busy:  # somebody else is being answered
        return ""
    except AttachError as error:
        return str(error)
    return ""
