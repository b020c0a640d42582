"""Graphite's line protocol, both directions: `memleak1.size.java.lang.String 1920000 1790000100`.

Writing: class samples by a path template, everything else as tagged series (`jvm.heap.used;host=a;jvm=b`).
Reading: any white space between the three cells, CRLF, `-1` for now, fractions of a second, tags in any
order (they are sorted, so that a series has one name), a last line without its end. A bad line is counted by
reason and skipped; the first of them are kept for people to look at.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from math import isfinite, isnan
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from heapwatch.model import Batch, MetricBlock, Snapshot
from heapwatch.wire.paths import Template, escape

MAX_LINE = 8192
"""Longest line in bytes; class names end at 2,000 and escaping triples them at worst."""

KEPT_REJECTS = 20
KEPT_BYTES = 400

MAX_SECONDS = 10_413_792_000  # the year 2300; milliseconds sent for seconds are beyond it
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass
class Rejects:
    """Lines that were not taken: how many for which reason, and the first of them, cut to 400 bytes."""

    counts: Dict[str, int] = field(default_factory=dict)
    samples: List[Tuple[str, bytes]] = field(default_factory=list)

    def add(self, reason: str, line: bytes) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if len(self.samples) < KEPT_REJECTS:
            self.samples.append((reason, line[:KEPT_BYTES]))


@dataclass
class Lines:
    """What a block of lines said, as columns: series `paths[i]` was `values[i]` at `times[i]` (epoch ms)."""

    paths: List[str] = field(default_factory=list)
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    rejects: Rejects = field(default_factory=Rejects)

    def __len__(self) -> int:
        return len(self.paths)

    def refuse(self, reason: str, count: int) -> None:
        """So many of these points were refused later on."""
        self.rejects.counts[reason] = self.rejects.counts.get(reason, 0) + count

    def extend(self, more: Lines) -> None:
        """These lines behind one's own."""
        self.paths += more.paths
        self.times += more.times
        self.values += more.values
        for reason, count in more.rejects.counts.items():
            self.refuse(reason, count)
        room = KEPT_REJECTS - len(self.rejects.samples)
        self.rejects.samples += more.rejects.samples[:room]


class BadLine(Exception):
    """Its only argument is the reason, a slug."""


Sample = Tuple[str, float, int]
"""Series, value, epoch ms."""


def gather(block: bytes, read: Callable[[bytes], Optional[Sample]]) -> Lines:
    """What `read` makes of each line; None is no sample, BadLine is counted and its neighbours stay."""
    lines = Lines()
    for line in block.split(b"\n"):
        try:
            found = read(line)
        except BadLine as bad:
            lines.rejects.add(str(bad), line)
            continue
        if found is not None:
            lines.paths.append(found[0])
            lines.values.append(found[1])
            lines.times.append(found[2])
    return lines


def parse_lines(block: bytes, now_ms: int) -> Lines:
    """The samples in whole lines; the last one may lack its end."""
    return gather(block, lambda line: _sample(line, now_ms))


class Splitter:
    """Cuts a stream into blocks of whole lines for `parse_lines`, whatever the pieces it arrives in.

    A line that does not end within MAX_LINE is passed on in pieces that `parse_lines` refuses: the
    neighbours of a line that never ends are read, and it costs no more memory than that.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, piece: bytes) -> bytes:
        """The lines that are whole now, possibly none."""
        block, end, rest = (self._rest + piece).rpartition(b"\n")
        if self._skipping and end:
            block = block.partition(b"\n")[2]
            self._skipping = False
        elif self._skipping:
            rest = b""
        if len(rest) > MAX_LINE:
            block, end, rest = block + end + rest[: MAX_LINE + 1], b"\n", b""
            self._skipping = True
        self._rest = rest
        return block + end

    def close(self) -> bytes:
        """What is left when the stream ends: a line without its end, or nothing."""
        rest, self._rest = self._rest, b""
        return rest


def encode(batch: Batch, template: Template) -> Iterator[bytes]:
    """All samples of a batch, in blocks of whole lines; events have no form here and are left out."""
    for snapshot in batch.snapshots:
        yield encode_snapshot(snapshot, template)
    for block in batch.metrics:
        yield encode_metrics(block)


def encode_snapshot(snapshot: Snapshot, template: Template) -> bytes:
    """Two lines a class, `count` and `size`."""
    jvm, histogram = snapshot.jvm, snapshot.histogram
    count = template.prefix(jvm.host, jvm.jvm, "count")
    size = template.prefix(jvm.host, jvm.jvm, "size")
    seconds = snapshot.time // 1000
    lines = [
        f"{count}{name} {instances} {seconds}\n{size}{name} {held} {seconds}\n"
        for name, instances, held in zip(map(escape, histogram.classes), histogram.instances, histogram.bytes)
    ]
    return "".join(lines).encode("utf-8", "backslashreplace")


def encode_metrics(block: MetricBlock) -> bytes:
    """A line a value, with the block's labels as tags."""
    tags = "".join(f";{_tag_name(name)}={_tag_value(value)}" for name, value in block.labels.items() if value)
    lines = [
        f"{metric}{tags} {_number(value)} {time // 1000}\n"
        for metric, column in block.values.items()
        for value, time in zip(column, block.times)
        if not isnan(value)
    ]
    return "".join(lines).encode("utf-8", "backslashreplace")


def tagged(name: str, tags: Mapping[str, str]) -> str:
    """The one name of a series: its tags sorted behind it."""
    return name + "".join(f";{key}={tags[key]}" for key in sorted(tags))


def untagged(series: str) -> Tuple[str, Dict[str, str]]:
    """Name and tags of a series that `parse_lines` accepted."""
    name, *cells = series.split(";")
    return name, dict(cell.split("=", 1) for cell in cells)


def _sample(line: bytes, now_ms: int) -> Sample | None:
    cells = line.split()
    if not cells:
        return None
    if len(line) > MAX_LINE:
        raise BadLine("line-too-long")
    if len(cells) != 3:
        raise BadLine("not-three-cells")
    return parse_path(cells[0]), parse_value(cells[1]), parse_time(cells[2], now_ms)


def parse_path(cell: bytes) -> str:
    try:
        path = cell.decode()
    except UnicodeDecodeError:
        raise BadLine("not-utf-8") from None
    if _CONTROL.search(path):
        raise BadLine("control-character")
    if ";" not in path:
        return path
    name, *cells = path.split(";")
    tags: Dict[str, str] = {}
    for tag in cells:
        key, equals, value = tag.partition("=")
        if not (name and key and equals and value) or key in tags or set("!^") & set(key) or value[0] == "~":
            raise BadLine("bad-tags")
        tags[key] = value
    return tagged(name, tags)


def parse_value(cell: bytes) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise BadLine("bad-value") from None
    if b"_" in cell:
        raise BadLine("bad-value")
    if not isfinite(value):
        raise BadLine("not-finite")
    return value


def parse_time(cell: bytes, now_ms: int) -> int:
    if cell == b"-1":
        return now_ms
    try:
        seconds = float(cell)
    except ValueError:
        raise BadLine("bad-time") from None
    if b"_" in cell:
        raise BadLine("bad-time")
    if not 0 <= seconds < MAX_SECONDS:  # nan and infinity end here too
        raise BadLine("time-out-of-range")
    return round(seconds * 1000)


def _number(value: float) -> str:
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _tag_name(name: str) -> str:
    return re.sub(r"[\s;!^=]", "_", name)


def _tag_value(value: str) -> str:
    return escape(value).replace("~", "%7E", 1) if value.startswith("~") else escape(value)
