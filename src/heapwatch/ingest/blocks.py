"""Graphite lines by the thousand: Arrow reads the three columns of a block, names are looked up once seen.

Only what is plain is read so: paths without control characters, one space between the cells, numbers as
numbers. A block with anything else in it is read line by line (wire/graphite.py), which also says why a line
is bad; both ways give the same columns.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from heapwatch.store.texts import Texts
from heapwatch.wire.graphite import MAX_LINE, MAX_SECONDS, BadLine, Lines, Rejects, parse_lines, parse_path

FEWEST_BYTES = 4096
"""Smaller blocks are not worth Arrow's preparations."""
MOST_PATHS = 200_000
MARK = b"\xef\xbb\xbf"
"""Arrow takes it for a byte order mark and drops it."""

_PLAIN = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
_COLUMNS = {"path": pa.string(), "value": pa.float64(), "seconds": pa.float64()}
_PARSE = csv.ParseOptions(delimiter=" ", quote_char=False, escape_char=False, double_quote=False)
_CONVERT = {
    is_ascii: csv.ConvertOptions(
        check_utf8=not is_ascii, column_types=_COLUMNS, null_values=[], strings_can_be_null=False
    )
    for is_ascii in (True, False)
}


@dataclass(frozen=True)
class Block:
    """The same as `Lines`, its paths as they lay in the block."""

    paths: Texts
    times: array[int]
    values: array[float]
    rejects: Rejects = field(default_factory=Rejects)

    def __len__(self) -> int:
        return len(self.paths)


class BlockReader:
    """Reads blocks of whole lines; remembers the one name of each path that has tags."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}

    def read(self, block: bytes, now_ms: int) -> Lines | Block:
        """The same as `parse_lines`, some five times faster where lines are plain."""
        table = _table(block)
        if table is None:
            return parse_lines(block, now_ms)
        paths, values, seconds = (table.column(name).combine_chunks() for name in _COLUMNS)
        moments = _times(_floats(seconds), block, now_ms)
        numbers = _floats(values)
        if moments is None or not np.isfinite(numbers).all():
            return parse_lines(block, now_ms)
        texts = _texts(paths)
        if (texts.starts[1:] == texts.starts[:-1]).any():  # a line without a path
            return parse_lines(block, now_ms)
        columns = array("q", moments.tobytes()), array("d", numbers.tobytes())
        if b";" not in block:
            return Block(texts, *columns)
        names = self._names(paths.to_pylist())
        return parse_lines(block, now_ms) if names is None else Lines(names, *columns)

    def _names(self, found: list[str]) -> list[str] | None:
        known = self._named
        new = {path for path in found if ";" in path and path not in known}
        if len(known) + len(new) > MOST_PATHS:
            known.clear()
            new = {path for path in found if ";" in path}
        try:
            known.update((path, parse_path(path.encode())) for path in new)
        except BadLine:
            return None
        return [known[path] if ";" in path else path for path in found]


def _table(block: bytes) -> Any:
    """The columns of a block; None where a line is not plain."""
    if len(block) < FEWEST_BYTES or block.startswith(MARK) or not _plain(block):
        return None
    try:
        read = csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=list(_COLUMNS))
        table = csv.read_csv(pa.py_buffer(block), read, _PARSE, _CONVERT[block.isascii()])
    except pa.ArrowInvalid:
        return None
    return table


def _floats(column: Any) -> NDArray[np.float64]:
    """A column as it lies in memory; `to_numpy` takes a millisecond to find out that it may."""
    return np.frombuffer(column.buffers()[1], np.float64, len(column), 8 * column.offset)


def _texts(column: Any) -> Texts:
    """The texts of a column as they lie in memory."""
    _, starts, data = column.buffers()
    return Texts(
        np.frombuffer(data, np.uint8), np.frombuffer(starts, np.int32, len(column) + 1, 4 * column.offset)
    )


def _plain(block: bytes) -> bool:
    """No control character but the ends of lines, and no line that is too long."""
    if not _only_ends(block):
        return False
    place = 0
    while len(block) - place > MAX_LINE:
        end = block.rfind(b"\n", place, place + MAX_LINE + 1)
        if end < 0:
            return False
        place = end + 1
    return True


def _only_ends(block: bytes) -> bool:
    """Whether the only control characters are ends of lines."""
    letters = np.frombuffer(block, np.uint8)
    ends = np.count_nonzero(letters == 0x0A)  # `block.count` takes five times as long
    if np.count_nonzero(letters < 0x20) == ends and b"\x7f" not in block:
        return True
    return not block.translate(None, _PLAIN).replace(b"\r\n", b"\n").strip(b"\n")


def _times(seconds: NDArray[np.float64], block: bytes, now_ms: int) -> NDArray[np.int64] | None:
    """Epoch ms; None when one is out of range."""
    if not ((seconds >= -1) & (seconds < MAX_SECONDS)).all():
        return None
    times = np.rint(seconds * 1000).astype(np.int64)
    negative = seconds < 0
    if negative.any():
        for_now = block.count(b" -1\n") + block.count(b" -1\r\n") + block.endswith(b" -1")
        if for_now != negative.sum():
            return None
        times[negative] = now_ms
    return times
