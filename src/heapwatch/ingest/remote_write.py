"""Prometheus' remote write, 1.0 and 2.0: a snappy block of samples by series.

    WriteRequest { timeseries { labels { __name__ up } labels { job shop } samples { 1.0 1790000100000 } } }
    Request { symbols "" "__name__" "up" "job" "shop"  timeseries { labels_refs 1 2 3 4  samples { ... } } }

A stale marker, and any other NaN, says that there is no value: nothing is stored for it, and it counts as
written. A native histogram becomes `_count` and `_sum`; its buckets are not kept. Exemplars, metadata and
created timestamps are passed over. A series or sample that cannot be stored is counted, its neighbours are
stored.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, isnan
from typing import Any, TypeVar

import cramjam
from google.protobuf.message import DecodeError

from heapwatch.errors import Unreadable
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.messages import PROMETHEUS, PROMETHEUS_2
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.wire.graphite import BadLine, Lines
from heapwatch.wire.series import cell, label_name

MEDIA = "application/x-protobuf"
MESSAGES = {"": 1, "prometheus.WriteRequest": 1, "io.prometheus.write.v2.Request": 2}
LARGEST = 16 << 20
"""Bytes of one message: the worst that can be written in them takes thirty times that in memory."""

FUTURE_MS = 86_400_000
_MOST_KNOWN = 200_000
_NAME = "__name__"
_ONE = struct.Struct("<3sdB6s")
"""How a series ends whose last field is a sample of these years; its value is left out when it is 0."""
_VALUE, _TIME, _ZERO = b"\x12\x10\x09", 0x10, b"\x12\x07\x10"
_Key = TypeVar("_Key")
_Kept = TypeVar("_Kept")
_Cell = tuple[str, str]
"""A label's name, and how the label stands in the name of a series; of `__name__` that is the name."""


@dataclass
class Written(Lines):
    """The points of a request, and how many of its samples and histograms were taken."""

    samples: int = 0
    histograms: int = 0
    refused: int = 0

    def reject(self, reason: str, what: bytes, count: int) -> None:
        self.rejects.add(reason, what)
        self.rejects.counts[reason] += count - 1
        self.refused += count

    def refuse(self, reason: str, count: int) -> None:
        super().refuse(reason, count)
        self.samples -= count
        self.refused += count

    @property
    def complaint(self) -> str:
        """What was not stored and why, in words for the sender's log; "" when all was."""
        if not self.refused:
            return ""
        whys = ", ".join(f"{count} {reason}" for reason, count in sorted(self.rejects.counts.items()))
        whole = self.refused + self.samples + self.histograms
        return f"{self.refused} of {whole} samples were not stored: {whys}; the others are stored"


class Reader:
    """Reads requests; a sender repeats its series in each, so what their labels say is remembered."""

    def __init__(self) -> None:
        self._alone: dict[bytes, str] = {}  # by all bytes of a series that stand before its only sample
        self._by_texts: dict[tuple[str, ...], str] = {}
        self._cells: dict[bytes | tuple[str, str], _Cell] = {}

    def read(self, body: bytes, version: int, now_ms: int, limit: int = LARGEST) -> Written:
        """The points in the body of a request; `version` is that of the protocol, 1 or 2."""
        message = unpacked(body, min(limit, LARGEST))
        return self.first(message, now_ms) if version == 1 else self.second(message, now_ms)

    def first(self, message: bytes, now_ms: int) -> Written:
        """A `prometheus.WriteRequest`."""
        found, alone, latest = Written(), self._alone, now_ms + FUTURE_MS
        times: dict[bytes, int] = {}  # those of this request, by their bytes: they are few
        for series in _parsed(PROMETHEUS["WriteRequest"], message).timeseries:
            if (end := _end(series)) is not None:
                labels, value, moment = end
                name = alone.get(labels) or self._learn(labels)
                time = times.get(moment)
                if time is None:
                    time = times[moment] = _moment(moment, latest)
                if name and time and isfinite(value):
                    found.samples += 1
                    _add(found, name, value, time)
                    continue
            one = _parsed(PROMETHEUS["TimeSeries"], series)
            _take(found, self._named(map(self._by_bytes, one.labels)), one, latest)
        return found

    def second(self, message: bytes, now_ms: int) -> Written:
        """An `io.prometheus.write.v2.Request`."""
        found, known, latest = Written(), self._by_texts, now_ms + FUTURE_MS
        request = _parsed(PROMETHEUS_2["Request"], message)
        symbols = list(request.symbols)
        for one in request.timeseries:
            try:
                texts = tuple(map(symbols.__getitem__, one.labels_refs))
            except IndexError:
                _take(found, BadLine("bad-symbols"), one, latest)
                continue
            name: str | BadLine | None = known.get(texts)
            if name is None:
                pairs = zip(texts[::2], (*texts[1::2], "")[: (len(texts) + 1) // 2], strict=True)
                name = BadLine("bad-labels") if len(texts) % 2 else self._named(map(self._by_pair, pairs))
                if isinstance(name, str):
                    _remember(known, texts, name)
            _take(found, name, one, latest)
        return found

    def _learn(self, labels: bytes) -> str:
        """The series of bytes that hold labels and nothing else; "" for any other bytes."""
        try:
            one = PROMETHEUS["TimeSeries"].FromString(labels)  # type: ignore[attr-defined]
        except DecodeError:
            return ""
        if one.samples or one.histograms or one.exemplars:
            return ""
        name = self._named(map(self._by_bytes, one.labels))
        if isinstance(name, BadLine):
            return ""
        _remember(self._alone, labels, name)
        return name

    def _named(self, cells: Iterable[_Cell]) -> str | BadLine:
        try:
            return _joined(list(cells))
        except BadLine as bad:
            return bad

    def _by_bytes(self, label: bytes) -> _Cell:
        known = self._cells.get(label)
        if known is None:
            try:
                read = PROMETHEUS["Label"].FromString(label)  # type: ignore[attr-defined]
            except DecodeError:
                raise BadLine("bad-labels") from None
            known = _cell(read.name, read.value)
            _remember(self._cells, label, known)
        return known

    def _by_pair(self, pair: tuple[str, str]) -> _Cell:
        known = self._cells.get(pair)
        if known is None:
            known = _cell(*pair)
            _remember(self._cells, pair, known)
        return known


def version_of(content_type: str, content_encoding: str) -> int:
    """Which message a request holds, 1 or 2; Unsupported when none of ours."""
    media, _, rest = content_type.partition(";")
    name, _, value = rest.partition("=")
    message = value.strip().strip('"') if name.strip().lower() == "proto" else ""
    if media.strip().lower() != MEDIA or message not in MESSAGES or (rest.strip() and not message):
        raise Unsupported(
            f"Content-Type {content_type[:100]!r}: send {MEDIA}, with ;proto= one of "
            + ", ".join(filter(None, MESSAGES))
        )
    if content_encoding.strip().lower() not in ("snappy", ""):
        raise Unsupported(f"Content-Encoding {content_encoding[:60]!r}: send a snappy block")
    return MESSAGES[message]


def unpacked(body: bytes, limit: int) -> bytes:
    """What a snappy block holds; how much that is stands at its beginning and is checked first."""
    try:
        size = cramjam.snappy.decompress_raw_len(body)
        if size > limit:
            raise TooLarge(f"the message has {size} bytes; at most {limit} are taken: send fewer samples")
        return bytes(cramjam.snappy.decompress_raw(body))
    except (cramjam.DecompressionError, ValueError, OverflowError) as error:
        raise Unreadable(f"the body is not a snappy block: {error}") from error


def _parsed(kind: Callable[..., Any], message: bytes) -> Any:
    try:
        return kind.FromString(message)  # type: ignore[attr-defined]
    except DecodeError as error:
        raise Unreadable(
            f"the body is not the protobuf message that its Content-Type says: {error}"
        ) from error


def _take(found: Written, series: str | BadLine, one: Any, latest: int) -> None:
    if isinstance(series, BadLine):
        found.reject(str(series), _told(one), len(one.samples) + len(one.histograms))
        return
    for sample in one.samples:
        value, time = sample.value, sample.timestamp
        fault = _fault(value, time, latest)
        if fault:
            found.reject(fault, series.encode(), 1)
            continue
        found.samples += 1
        if not isnan(value):
            _add(found, series, value, time)
    if one.histograms:
        _take_histograms(found, series, one.histograms, latest)


def _take_histograms(found: Written, series: str, histograms: Sequence[Any], latest: int) -> None:
    name, semicolon, labels = series.partition(";")
    for each in histograms:
        time, total = each.timestamp, each.sum
        count = each.count_float or float(each.count_int)
        fault = _fault(count, time, latest) or _fault(total, time, latest)
        if fault:
            found.reject(fault, series.encode(), 1)
            continue
        found.histograms += 1
        if count or not isnan(total):  # a stale marker has no observations, and nan for their sum
            _add(found, f"{name}_count{semicolon}{labels}", count, time)
        if not isnan(total):
            _add(found, f"{name}_sum{semicolon}{labels}", total, time)


def _fault(value: float, time: int, latest: int) -> str:
    if isinf(value):
        return "not-finite"
    if time < OLDEST_MS:
        return "time-too-old"
    return "time-in-future" if time > latest else ""


def _add(found: Written, series: str, value: float, time: int) -> None:
    found.paths.append(series)
    found.values.append(value)
    found.times.append(time)


def _told(one: Any) -> bytes:
    return one.SerializeToString()[:400]  # type: ignore[no-any-return]


def _end(series: bytes) -> tuple[bytes, float, bytes] | None:
    """What seems to be the labels, and value and time of the only sample; `_learn` knows if they are."""
    if series[-9:-6] == _ZERO:
        return series[:-9], 0.0, series[-6:]
    if series[-18:-15] != _VALUE:
        return None
    _, value, tag, moment = _ONE.unpack_from(series, len(series) - 18)
    return (series[:-18], value, moment) if tag == _TIME else None


def _moment(varint: bytes, latest: int) -> int:
    """A time that may be stored; 0 for any other, and for bytes that are none."""
    time = 0
    for place, byte in enumerate(varint):
        if (byte < 0x80) != (place == len(varint) - 1):
            return 0
        time |= (byte & 0x7F) << 7 * place
    return time if OLDEST_MS <= time <= latest else 0


def _cell(name: str, value: str) -> _Cell:
    if name == _NAME:
        return name, label_name(value)
    return name, cell(name, value) if value else ""


def _joined(cells: list[_Cell]) -> str:
    """The series of these labels."""
    named = dict(cells)
    if len(named) < len(cells) or "" in named:
        raise BadLine("bad-labels")
    name = named.pop(_NAME, "")
    if not name:
        raise BadLine("bad-name")
    series = ";".join([name, *filter(None, map(named.__getitem__, sorted(named)))])
    if len(series) > LONGEST_NAME:
        raise BadLine("name-too-long")
    return series


def _remember(known: dict[_Key, _Kept], key: _Key, what: _Kept) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = what
