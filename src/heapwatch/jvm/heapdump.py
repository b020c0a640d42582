"""A heap dump by attach: all objects with all that is in them, in one file (HPROF).

It stops the JVM for seconds and holds every password and customer that is in memory. So it is taken only
when a person has allowed it, only if there is room for it, by a directory that only the JVM's user can look
into; what we keep of it nobody but us can read, and at the JVM nothing stays.
"""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Mapping

from heapwatch.errors import Refused
from heapwatch.jvm.outbox import NoSpace, NothingWritten, check_new, check_room, outbox
from heapwatch.jvm.refusals import OperationRefused
from heapwatch.jvm.session import Session

TIMEOUT_S = 600.0
ROOM = 1.5
"""How much room on the disk a dump needs, as a multiple of the used heap. It takes up to 1.3."""

WARNING = (
    "a heap dump holds all that is in memory: passwords, keys and personal data; "
    "keep it as safe as the application itself"
)

_NAME = "heap.hprof"
_DONE = "Heap dump file created"
_DUMP_FACTOR, _DUMP_FACTOR_8 = 6.5, 18.0  # of an -all histogram's pause: measured on 17 and 25; on 8
_GZIP_FACTOR = 6.5  # of a plain dump's
_GZIP_SINCE = 15
_MEBI = 1 << 20


class NotApproved(Refused):
    """Nobody has said that this may be done."""


def predict(session: Session, options: Mapping[str, Any]) -> float:
    old = session.target.java_version.startswith(("1.8", "8"))
    factor = _DUMP_FACTOR_8 if old else _DUMP_FACTOR
    if options["gz"] and _compresses(session.target.java_version):
        factor *= _GZIP_FACTOR
    return session.walk_ms(factor) + (session.collection_ms() if options["live"] else 0.0)


def take(session: Session, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Dump, fetch, delete there. The file is where `path` says, readable by us alone."""
    if not options["approved_by"]:
        raise NotApproved(
            "a heap dump stops the JVM for seconds and holds all its secrets: somebody has to allow it "
            "(option approved_by: who)"
        )
    target = session.target
    path = options["path"] or f"{_file_name(target.name)}-{target.pid}-{int(time.time())}.hprof"
    check_new(path)
    with outbox(target, session.proc) as box:
        needed = int(session.used() * ROOM)
        if box.free_bytes() < needed:
            raise NoSpace(
                f"the /tmp of JVM {target.pid} has {box.free_bytes() // _MEBI} MiB free, a heap dump may "
                f"take {needed // _MEBI} MiB (1.5 x the used heap); nothing was done"
            )
        check_room(path, needed)
        arguments = [box.path(_NAME), "-live" if options["live"] else "-all"]
        if options["gz"] and _compresses(target.java_version):
            arguments.append("1")
        with session.cost(collects=bool(options["live"])):
            answer = session.attachment.execute("dumpheap", *arguments, timeout=TIMEOUT_S)
        if _DONE not in answer:
            raise OperationRefused(f"JVM {target.pid} made no heap dump: {' '.join(answer.split())[:300]}")
        size = box.fetch(_NAME, path)
    return {
        "path": os.path.abspath(path),
        "bytes": size,
        "live": bool(options["live"]),
        "gz": _is_compressed(path),
        "approved_by": options["approved_by"],
        "warning": WARNING,
        "text": f"{os.path.abspath(path)}: {size / _MEBI:.1f} MiB. Take care: {WARNING}.",
    }


def _compresses(version: str) -> bool:
    """Older JVMs take the argument and ignore it."""
    feature = version.partition(".")[0]
    return feature.isdigit() and int(feature) >= _GZIP_SINCE


def _is_compressed(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise NothingWritten(f"{path}: {error.strerror}") from error


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name).lstrip(".") or "heap"
