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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite, isinf, isnan
from typing import Any, Generic, TypeVar

import cramjam
from google.protobuf.message import DecodeError

from heapwatch.errors import Unreadable
from heapwatch.ingest.intake import Unsupported
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.messages import PROMETHEUS, PROMETHEUS_2
from heapwatch.store.admission import LONGEST_NAME, OLDEST_MS
from heapwatch.wire.graphite import BadLine, Lines
from heapwatch.wire.series import series_of

MEDIA = "application/x-protobuf"
MESSAGES = {"": 1, "prometheus.WriteRequest": 1, "io.prometheus.write.v2.Request": 2}
LARGEST = 16 << 20
"""Bytes of one message: the worst that can be written in them takes thirty times that in memory."""

FUTURE_MS = 86_400_000
_MOST_KNOWN = 200_000
_NAME = "__name__"
_ONE = struct.Struct("<3sdB6s")
"""How a series ends whose last field is a sample, unless its value is 0 or its time before 2010 or so."""
_VALUE, _TIME = b"\x12\x10\x09", 0x10
_Key = TypeVar("_Key", bound=tuple[Any, ...])


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

    @property
    def complaint(self) -> str:
        """What was not stored and why, in words for the sender's log; "" when all was."""
        if not self.refused:
            return ""
        whys = ", ".join(f"{count} {reason}" for reason, count in sorted(self.rejects.counts.items()))
        whole = self.refused + self.samples + self.histograms
        return f"{self.refused} of {whole} samples were not stored: {whys}; the others are stored"


@dataclass
class _Memo(Generic[_Key]):
    """Series by what says them on the wire; a series that cannot be stored is remembered by its reason."""

    read: Callable[[_Key], str]
    known: dict[_Key, str | BadLine] = field(default_factory=dict)

    def learn(self, key: _Key) -> str | BadLine:
        if len(self.known) >= _MOST_KNOWN:
            self.known.clear()
        found: str | BadLine
        try:
            found = self.read(key)
        except BadLine as bad:
            found = bad
        self.known[key] = found
        return found


class Reader:
    """Reads requests; a sender repeats its series in each, so what their labels say is remembered."""

    def __init__(self) -> None:
        self._alone: dict[bytes, str] = {}  # by all bytes of a series that stand before its only sample
        self._by_bytes: _Memo[tuple[bytes, ...]] = _Memo(_of_labels)
        self._by_texts: _Memo[tuple[str, ...]] = _Memo(_of_texts)

    def read(self, body: bytes, version: int, now_ms: int, limit: int = LARGEST) -> Written:
        """The points in the body of a request; `version` is that of the protocol, 1 or 2."""
        message = unpacked(body, min(limit, LARGEST))
        return self.first(message, now_ms) if version == 1 else self.second(message, now_ms)

    def first(self, message: bytes, now_ms: int) -> Written:
        """A `prometheus.WriteRequest`."""
        found, alone, latest = Written(), self._alone, now_ms + FUTURE_MS
        times: dict[
            bytes, int
        ] = {}  # of this request, by their bytes: most of its samples are of few moments
        for series in _parsed(PROMETHEUS["WriteRequest"], message).timeseries:
            if len(series) > _ONE.size:
                tag, value, then, moment = _ONE.unpack_from(series, len(series) - _ONE.size)
                name, time = alone.get(series[: -_ONE.size]), times.get(moment)
                if name and time and tag == _VALUE and then == _TIME and isfinite(value):
                    found.samples += 1
                    _add(found, name, value, time)
                    continue
            self._take(found, series, times, latest)
        return found

    def _take(self, found: Written, series: bytes, times: dict[bytes, int], latest: int) -> None:
        """One series of whatever form; the next time, its only sample is found without reading the rest."""
        one = _parsed(PROMETHEUS["TimeSeries"], series)
        key, before = tuple(one.labels), found.samples
        name = self._by_bytes.known.get(key) or self._by_bytes.learn(key)
        _take(found, name, one, latest)
        rest, last = series[: -_ONE.size], series[-_ONE.size :]
        if found.samples == before + 1 and last[:3] == _VALUE and last[11] == _TIME and isinstance(name, str):
            labels = PROMETHEUS["TimeSeries"](labels=one.labels).SerializeToString()
            if rest == labels and len(one.samples) == 1 and not one.histograms:
                if len(self._alone) >= _MOST_KNOWN:
                    self._alone.clear()
                self._alone[rest] = name
                times[last[12:]] = one.samples[0].timestamp

    def second(self, message: bytes, now_ms: int) -> Written:
        """An `io.prometheus.write.v2.Request`."""
        found, known = Written(), self._by_texts.known
        request = _parsed(PROMETHEUS_2["Request"], message)
        symbols = list(request.symbols)
        for one in request.timeseries:
            try:
                key = tuple(map(symbols.__getitem__, one.labels_refs))
            except IndexError:
                _take(found, BadLine("bad-symbols"), one, 0)
                continue
            _take(found, known.get(key) or self._by_texts.learn(key), one, now_ms + FUTURE_MS)
        return found


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


def _of_labels(labels: tuple[bytes, ...]) -> str:
    texts: list[str] = []
    for each in labels:
        try:
            label = PROMETHEUS["Label"].FromString(each)  # type: ignore[attr-defined]
        except DecodeError:
            raise BadLine("bad-labels") from None
        texts += label.name, label.value
    return _of_texts(tuple(texts))


def _of_texts(texts: tuple[str, ...]) -> str:
    """The series that names and values, in turn, speak of."""
    labels = dict(zip(texts[::2], texts[1::2], strict=False))
    if len(labels) * 2 != len(texts) or not all(labels):
        raise BadLine("bad-labels")
    name = labels.pop(_NAME, "")
    if not name:
        raise BadLine("bad-name")
    series = series_of(name, labels)
    if len(series) > LONGEST_NAME:
        raise BadLine("name-too-long")
    return series
