"""Every syslog dialect in, whatever the framing; no bytes of the network break anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.wire.moments import utc
from heapwatch.wire.syslog import MAX_MESSAGE, Entry, Framer, parse

NOW = 1_795_377_600_000
TEN = NOW - 10 * 3_600_000
RECORDED = {
    path.name.removeprefix("logger-2.38-"): path.read_bytes()
    for path in Path(__file__).with_name("recorded").glob("logger-2.38-*.bin")
}
"""What logger 2.38 of util-linux sent from the host `golden1`: a datagram, or three lines as a stream."""
SENT = 1_795_419_720_000


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (
            b"<165>1 2026-11-22T10:00:00.003Z web1 shop 4711 ID47 - cannot sell",
            Entry(TEN + 3, "local4", "info", "web1", "shop", "4711", "cannot sell"),
        ),
        (
            b'<11>1 2026-11-22T11:00:00+01:00 web1 shop - - [ex@32473 iut="3" q="a\\"]b"][x y="1"] '
            b"\xef\xbb\xbfna\xc3\xafve",
            Entry(TEN, "user", "error", "web1", "shop", "", '[ex@32473 iut="3" q="a\\"]b"][x y="1"] naïve'),
        ),
        (
            b'<13>1 2026-11-22T10:00:00Z web1 shop - - [timeQuality tzKnown="1" isSynced="0"] sold',
            Entry(TEN, "user", "info", "web1", "shop", "", "sold"),
        ),
        (b"<34>1 - - - - - -", Entry(None, "auth", "fatal", "", "", "", "")),
        (
            b"<13>Nov 22 10:00:00 web1 shop[4711]: cannot sell\n",
            Entry(TEN, "user", "info", "web1", "shop", "4711", "cannot sell"),
        ),
        (
            b"<13>Nov  5 10:00:00 web1 shop: cannot sell",
            Entry(TEN - 17 * 86_400_000, "user", "info", "web1", "shop", "", "cannot sell"),
        ),
        (
            b"<30>2026-11-22T10:00:00.003456+00:00 web1 systemd[1]: Started shop.",
            Entry(TEN + 3, "daemon", "info", "web1", "systemd", "1", "Started shop."),
        ),
        (
            b"<13>Nov 22 10:00:00 shop[4711]: no host",
            Entry(TEN, "user", "info", "", "shop", "4711", "no host"),
        ),
        (b"<11>shop: no time", Entry(None, "user", "error", "", "shop", "", "no time")),
        (b"<999>no priority", Entry(None, "", "", "", "", "", "<999>no priority")),
        (b"just a line: with a colon", Entry(None, "", "", "", "", "", "just a line: with a colon")),
        (b"\xff\xfe", Entry(None, "", "", "", "", "", "\ufffd\ufffd")),
        (
            b"<12>1 2026-11-22T10:00:00Z h a p m no-data",
            Entry(None, "user", "warn", "", "", "", "1 2026-11-22T10:00:00Z h a p m no-data"),
        ),
    ],
)
def test_what_a_sender_says_is_known_and_the_rest_is_the_text(data: bytes, entry: Entry) -> None:
    assert parse(data, NOW, utc) == entry


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        (
            "rfc3164-udp.bin",
            Entry(SENT, "local4", "error", "golden1", "shop", "4711", "cannot sell: für nö money"),
        ),
        (
            "rfc5424-udp.bin",
            Entry(
                *(SENT + 271, "daemon", "warn", "golden1", "shop", "4711"),
                '[order@32473 n="17" why="no \\"money\\""] cannot sell: für nö money',
            ),
        ),
    ],
)
def test_a_datagram_of_logger_is_read(name: str, entry: Entry) -> None:
    assert parse(RECORDED[name], SENT + 60_000, utc) == entry


@pytest.mark.parametrize(
    ("name", "milliseconds"),
    [("rfc3164-tcp.bin", 0), ("rfc5424-tcp.bin", 292), ("rfc5424-tcp-octets.bin", 304)],
)
def test_a_stream_of_logger_is_read(name: str, milliseconds: int) -> None:
    framer = Framer()
    frames = framer.feed(RECORDED[name]) + framer.close()
    texts = ["cannot sell order 17", "\tat com.shop.Till.sell(Till.java:42)", "für nö <money>"]
    assert [parse(frame, SENT + 60_000, utc) for frame in frames] == [
        Entry(SENT + milliseconds, "user", "info", "golden1", "shop", "4711", text) for text in texts
    ]


@pytest.mark.parametrize("name", sorted(RECORDED))
@given(data=st.data())
def test_no_mutation_of_what_logger_sent_breaks_anything(name: str, data: st.DataObject) -> None:
    sent = bytearray(RECORDED[name])
    for _ in range(data.draw(st.integers(1, 5))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(parse(bytes(sent), NOW, utc), Entry)
    cut, framer = data.draw(st.integers(0, len(sent))), Framer()
    frames = framer.feed(bytes(sent[:cut])) + framer.feed(bytes(sent[cut:])) + framer.close()
    assert all(isinstance(parse(frame, NOW, utc), Entry) for frame in frames)


def test_a_message_is_shown_with_who_said_it() -> None:
    entry = parse(b"<13>Nov 22 10:00:00 web1 shop[4711]: sold", NOW, utc)
    assert entry.line == "shop[4711]: sold"
    assert entry._replace(pid="").line == "shop: sold"
    assert entry._replace(app="").line == "sold"


def test_a_stream_of_lines_and_of_counted_messages_is_cut_into_them() -> None:
    trace = b"<11>1 - h shop - - - no\n\tat A.b"
    stream = b"<13>one\n%d %s<13>two\r\n\n9 monkeys\n7 <13>end" % (len(trace), trace)
    assert Framer().feed(stream) == [b"<13>one\n", trace, b"<13>two\r\n", b"9 monkeys\n", b"<13>end"]


frames = st.lists(st.binary(min_size=1, max_size=40).map(lambda b: b"<13>x" + b + b"."), max_size=8)


@given(frames, st.lists(st.integers(1, 20), max_size=30))
def test_counted_messages_arrive_whole_whatever_is_in_them_and_wherever_they_are_cut(
    sent: list[bytes], sizes: list[int]
) -> None:
    stream, framer = b"".join(b"%d %s" % (len(frame), frame) for frame in sent), Framer()
    found: list[bytes] = []
    for size in sizes:
        piece, stream = stream[:size], stream[size:]
        found += framer.feed(piece)
    assert found + framer.feed(stream) + framer.close() == sent


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1), max_size=8), st.data())
def test_lines_arrive_whole_wherever_the_stream_is_cut(lines: list[str], data: st.DataObject) -> None:
    stream, framer = b"".join(b"<13>" + line.encode() + b"\n" for line in lines), Framer()
    cut = data.draw(st.integers(0, len(stream)))
    found = framer.feed(stream[:cut]) + framer.feed(stream[cut:]) + framer.close()
    assert [frame.rstrip(b"\n") for frame in found] == [b"<13>" + line.encode() for line in lines]


def test_a_message_that_is_too_long_is_cut_and_its_neighbours_stay() -> None:
    long = b"<13>" + b"x" * (MAX_MESSAGE + 100)
    for stream in (long + b"\n<13>next\n", b"%d %s8 <13>next" % (len(long), long)):
        framer = Framer()
        found = [
            frame for at in range(0, len(stream), 50_000) for frame in framer.feed(stream[at : at + 50_000])
        ]
        assert [len(frame) <= MAX_MESSAGE for frame in found] == [True, True]
        assert found[1].rstrip() == b"<13>next"
        assert framer.too_long == 1


def test_a_last_message_without_its_end_counts() -> None:
    framer = Framer()
    assert framer.feed(b"<13>one\n<13>tw") == [b"<13>one\n"]
    assert framer.close() == [b"<13>tw"]
    assert framer.close() == []


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_arbitrary_bytes_break_nothing(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        for frame in framer.feed(piece):
            assert isinstance(parse(frame, NOW), Entry)
    for frame in framer.close():
        parse(frame, NOW)
