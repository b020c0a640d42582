"""A heap dump by attach: all objects with all that is in them, in one file (HPROF).

It stops the JVM for seconds and holds every password and customer that is in memory. So it is taken only
when a person has allowed it, only if there is room for it, by a directory that only the JVM's user can look
into; what we keep of it nobody but us can read, and at the JVM nothing stays.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import Any, Dict, Generator, Iterator, Mapping, Union

from heapwatch.errors import Refused
from heapwatch.jvm.outbox import NoSpace, NothingWritten, Outbox, check_new, check_room, outbox
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
_SENT_AT_ONCE = 1 << 18
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
    _check_allowed(options)
    target = session.target
    path = options["path"] or f"{_file_name(target.name)}-{target.pid}-{int(time.time())}.hprof"
    check_new(path)
    check_room(path, room_needed(session))
    with _written(session, options) as box:
        size = box.fetch(_NAME, path)
    return {"path": os.path.abspath(path), "gz": _is_compressed(path), **_told(options, size, path)}


def send(
    session: Session, options: Mapping[str, Any], room: int
) -> Generator[Union[Dict[str, Any], bytes], None, None]:
    """Dump, then its size, its bytes, and what there is to say of it; `room` is what there is for it afar.

    The file is deleted as soon as it is open here: however the way to whoever asks ends, nothing of it stays.
    """
    _check_allowed(options)
    needed = room_needed(session)
    if room < needed:
        raise NoSpace(
            f"{room // _MEBI} MiB are free where the heap dump of JVM {session.target.pid} is to go, it may "
            f"take {needed // _MEBI} MiB (1.5 x the used heap); nothing was done"
        )
    with _written(session, options) as box, os.fdopen(box.open(_NAME), "rb") as file:
        box.empty()
        size, digest = os.fstat(file.fileno()).st_size, hashlib.sha256()
        yield {"is": "file", "bytes": size}
        left = size
        while left:
            part = file.read(min(left, _SENT_AT_ONCE))
            if not part:
                raise NothingWritten(
                    f"the heap dump of JVM {session.target.pid} became shorter; take it again"
                )
            digest.update(part)
            left -= len(part)
            yield part
    yield {"sha256": digest.hexdigest(), **_told(options, size, "")}


def room_needed(session: Session) -> int:
    """Bytes that a dump may take."""
    return int(session.used() * ROOM)


@contextlib.contextmanager
def _written(session: Session, options: Mapping[str, Any]) -> Iterator[Outbox]:
    """The outbox with the dump in it."""
    target = session.target
    with outbox(target, session.proc) as box:
        needed = room_needed(session)
        if box.free_bytes() < needed:
            raise NoSpace(
                f"the /tmp of JVM {target.pid} has {box.free_bytes() // _MEBI} MiB free, a heap dump may "
                f"take {needed // _MEBI} MiB (1.5 x the used heap); nothing was done"
            )
        arguments = [box.path(_NAME), "-live" if options["live"] else "-all"]
        if options["gz"] and _compresses(target.java_version):
            arguments.append("1")
        with session.cost(collects=bool(options["live"])):
            answer = session.attachment.execute("dumpheap", *arguments, timeout=TIMEOUT_S)
        if _DONE not in answer:
            raise OperationRefused(f"JVM {target.pid} made no heap dump: {' '.join(answer.split())[:300]}")
        yield box


def _check_allowed(options: Mapping[str, Any]) -> None:
    if not options["approved_by"]:
        raise NotApproved(
            "a heap dump stops the JVM for seconds and holds all its secrets: somebody has to allow it "
            "(option approved_by: who)"
        )


def _told(options: Mapping[str, Any], size: int, path: str) -> Dict[str, Any]:
    where = f"{os.path.abspath(path)}: " if path else ""
    return {
        "bytes": size,
        "live": bool(options["live"]),
        "approved_by": options["approved_by"],
        "warning": WARNING,
        "text": f"{where}{size / _MEBI:.1f} MiB. Take care: {WARNING}.",
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
