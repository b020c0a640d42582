"""Files of frames that only grow at their end: what a spool keeps on disk.

    00000001790000000000.log   named after the first sequence number it was opened for
    frame                      "hwsp", length u32, crc32 u32, sequence u64, then the data

A frame counts only when its length and checksum fit, so a process killed in the middle of a write leaves
nothing but a tail that the next start cuts off.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import List, NamedTuple, Tuple
from zlib import crc32

from heapwatch.errors import Truncated, Unreadable

_HEAD = struct.Struct("<4sIIQ")
_MAGIC = b"hwsp"
_LARGEST = 64 << 20
SUFFIX = ".log"


class Frame(NamedTuple):
    """Where a frame is in its segment, and its number."""

    sequence: int
    offset: int
    end: int


@dataclass
class Segment:
    """One file and the frames that are whole in it."""

    path: Path
    frames: List[Frame] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.frames[-1].end if self.frames else 0


def frame(sequence: int, data: bytes) -> bytes:
    """The bytes of a frame."""
    return _HEAD.pack(_MAGIC, len(data), _checksum(sequence, data), sequence) + data


def scan(path: Path, after: int = 0) -> Tuple[Segment, int]:
    """The segment in a file, and how many bytes behind its last whole frame are no frame.

    Numbers must rise from `after`: a frame that breaks the order is not one of ours.
    """
    segment = Segment(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        last, offset = after, 0
        while offset < size:
            try:
                sequence, data = _read_frame(file.fileno(), offset)
            except Unreadable:
                break
            if sequence <= last:
                break
            end = offset + _HEAD.size + len(data)
            segment.frames.append(Frame(sequence, offset, end))
            last, offset = sequence, end
    return segment, size - segment.size


def read(path: Path, place: Frame) -> bytes:
    """The data of a frame; Unreadable when the disk no longer has what was written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    try:
        sequence, data = _read_frame(descriptor, place.offset)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if sequence != place.sequence:
        raise Unreadable(f"{path}: frame {sequence} where {place.sequence} was written")
    return data


def _read_frame(descriptor: int, offset: int) -> Tuple[int, bytes]:
    head = os.pread(descriptor, _HEAD.size, offset)
    if len(head) < _HEAD.size:
        raise Truncated("frame without its head")
    magic, size, checksum, sequence = _HEAD.unpack(head)
    if magic != _MAGIC or size > _LARGEST:
        raise Unreadable("no frame")
    data = os.pread(descriptor, size, offset + _HEAD.size)
    if len(data) < size:
        raise Truncated("frame without its end")
    if checksum != _checksum(sequence, data):
        raise Unreadable("frame with a wrong checksum")
    return sequence, data


def _checksum(sequence: int, data: bytes) -> int:
    return crc32(data, crc32(sequence.to_bytes(8, "little")))
