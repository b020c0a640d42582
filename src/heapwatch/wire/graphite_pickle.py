"""Graphite's pickle protocol: frames of `[(path, (time, value)), ...]`, read without running anything.

A pickle is a program, and Python's unpickler runs whatever a stranger sends. Here the operations that build
lists, tuples, texts and numbers are carried out on plain values and every other one refuses the frame
(opcodes and their arguments as pickletools reads them, which runs nothing either).
"""

from __future__ import annotations

import pickletools
import struct
from typing import Any, Dict, Iterator, List

from heapwatch.errors import Unreadable
from heapwatch.wire.graphite import KEPT_BYTES, BadLine, Lines, parse_path, parse_time, parse_value

LONGEST_FRAME = 4 << 20
_LENGTH = struct.Struct("!L")
_MARK = object()

_NUMBERS = ("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
_TEXTS = (
    "STRING",
    "BINSTRING",
    "SHORT_BINSTRING",
    "UNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE",
    "BINUNICODE8",
)
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
_TAKEN = frozenset(_NUMBERS + _TEXTS + _BYTES)
_NOTHING = frozenset(("PROTO", "FRAME", "STOP"))


class Frames:
    """Cuts a stream into frames, each behind its length in four bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """The frames that are whole now; Unreadable when one is too long, and then nothing can follow."""
        self._rest += piece
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            if length > LONGEST_FRAME:
                raise Unreadable(f"a frame of {length} bytes; at most {LONGEST_FRAME} are read")
            end = _LENGTH.size + length
            if len(self._rest) < end:
                return
            frame, self._rest = self._rest[_LENGTH.size : end], self._rest[end:]
            yield frame

    @property
    def rest(self) -> bytes:
        """What has come of a frame that has not ended."""
        return self._rest


def parse(frame: bytes, now_ms: int) -> Lines:
    """The samples of one frame; Unreadable when it is none of plain values."""
    lines = Lines()
    found = load(frame)
    if not isinstance(found, list):
        raise Unreadable("a frame that is no list of (path, (time, value))")
    for each in found:
        try:
            path, (time, value) = each
        except (TypeError, ValueError):
            lines.rejects.add("not-path-time-value", _shown(each))
            continue
        try:
            series = parse_path(_text(path))
            number, moment = parse_value(_text(value)), parse_time(_text(time), now_ms)
        except BadLine as bad:
            lines.rejects.add(str(bad), _shown(each))
            continue
        lines.paths.append(series)
        lines.values.append(number)
        lines.times.append(moment)
    return lines


def load(frame: bytes) -> Any:
    """The value of a pickle of lists, tuples, texts and numbers."""
    stack: List[Any] = []
    memo: Dict[int, Any] = {}
    try:
        for opcode, argument, _ in pickletools.genops(frame):
            _do(opcode.name, argument, stack, memo)
        (value,) = stack
    except Unreadable:
        raise
    except Exception as error:  # whatever pickletools and a stack that does not fit come up with
        raise Unreadable(f"not a pickle: {type(error).__name__}: {error}"[:200]) from error
    return value


def _do(name: str, argument: Any, stack: List[Any], memo: Dict[int, Any]) -> None:
    if len(stack) > LONGEST_FRAME:
        raise Unreadable("a pickle that is too deep")
    if name in _TAKEN:
        stack.append(argument)
    elif name == "MARK":
        stack.append(_MARK)
    elif name in ("EMPTY_LIST", "EMPTY_TUPLE"):
        stack.append([] if name == "EMPTY_LIST" else ())
    elif name in ("LIST", "TUPLE"):
        items = _above_mark(stack)
        stack.append(items if name == "LIST" else tuple(items))
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        count = int(name[-1])
        stack[-count:] = [tuple(stack[-count:])]
    elif name == "APPEND":
        item = stack.pop()
        stack[-1].append(item)
    elif name == "APPENDS":
        items = _above_mark(stack)
        stack[-1].extend(items)
    elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in ("GET", "BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name not in _NOTHING:
        raise Unreadable(f"a pickle with {name}; only lists, tuples, texts and numbers are read")


def _above_mark(stack: List[Any]) -> List[Any]:
    items: List[Any] = []
    while (item := stack.pop()) is not _MARK:
        items.append(item)
    items.reverse()
    return items


def _text(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value)
    raise BadLine("not-path-time-value")


def _number(value: float) -> bytes:
    try:
        return repr(value).encode()
    except ValueError:  # an integer of thousands of digits
        raise BadLine("bad-value") from None


def _shown(each: Any) -> bytes:
    """The beginning of what it is, without walking through all of it."""
    if not isinstance(each, tuple):
        return type(each).__name__.encode()
    return b" ".join(_text_or_kind(part) for part in each[:3])[:KEPT_BYTES]


def _text_or_kind(part: Any) -> bytes:
    if isinstance(part, (bytes, str)):
        return part[:KEPT_BYTES] if isinstance(part, bytes) else part[:KEPT_BYTES].encode("utf-8", "replace")
    return type(part).__name__.encode()
