"""Histograms and batches by HTTP: stored when the answer says so, refused whole otherwise, counted always."""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from backports import zstd
from histograms import ROWS, TEXT, batch, now, text
from servers import Server

from heapwatch.wire.batch import CONTENT_TYPE, encode

pytestmark = pytest.mark.store


def upload(
    server: Server, body: bytes | str, query: str, headers: dict[str, str] | None = None
) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    return server.http.post(f"/api/v1/histogram?{query}", content=content, headers=headers)


def post(server: Server, body: bytes) -> httpx2.Response:
    return server.http.post("/api/v1/batch", content=body, headers={"Content-Type": CONTENT_TYPE})


def stored(server: Server, host: str) -> dict[str, list[Any]]:
    answer = server.http.get("/api/v1/snapshots", params={"host": host, "from": "-30d"})
    if answer.status_code == 404:
        return {"time": []}
    columns: dict[str, list[Any]] = answer.json()["columns"]
    return columns


def rejected(server: Server, door: str, reason: str) -> int:
    counts: dict[str, dict[str, int]] = server.http.get("/api/v1/ingest/rejects").json()["counts"]
    return counts.get(door, {}).get(reason, 0)


def test_what_jmap_prints_can_be_piped_to_curl(server: Server) -> None:
    answer = upload(server, TEXT, "host=curl&jvm=shop")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["stored"] is True
    assert told["duplicate"] is False
    assert (told["rows"], told["classes"], told["instances"], told["bytes"]) == (3, 3, 2140, 118_880)
    assert abs(told["time"] - now()) < 60_000
    table = server.http.get("/api/v1/classes", params={"host": "curl", "jvm": "shop"}).json()
    assert dict(zip(table["columns"]["class"], table["columns"]["bytes"], strict=True)) == {
        "byte[]": 96_000,
        "java.lang.String": 21_600,
        "shop.Cart$Item": 1280,
    }


def test_the_pid_is_taken_from_the_first_line_of_jcmd_unless_it_is_given(server: Server) -> None:
    assert upload(server, text(ROWS, pid=4711), "host=jcmd&jvm=a").json()["pid"] == 4711
    assert upload(server, text(ROWS, pid=4711), "host=jcmd&jvm=b&pid=1").json()["pid"] == 1
    assert upload(server, TEXT, "host=jcmd&jvm=c").json()["pid"] == 0


def test_time_mode_start_and_labels_are_the_senders_to_say(server: Server) -> None:
    query = (
        "host=told&jvm=shop&pid=7&started=2026-11-01T00:00:00Z&time=-1h&mode=live&label.env=prod&label.rev=12"
    )
    told = upload(server, TEXT, query).json()
    assert told["started"] == 1_793_491_200_000
    assert told["mode"] == "live"
    assert abs(told["time"] - (now() - 3_600_000)) < 60_000
    (jvm,) = server.http.get("/api/v1/jvms", params={"host": "told"}).json()["jvms"]
    assert jvm["labels"]["env"] == "prod"
    assert jvm["labels"]["rev"] == "12"


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress), ("deflate", zlib.compress)]
)
def test_compressed_texts_are_welcome(server: Server, encoding: str, pack: Any) -> None:
    headers = {"Content-Encoding": encoding}
    answer = upload(server, pack(TEXT.encode()), f"host={encoding}&jvm=shop", headers)
    assert answer.json()["bytes"] == 118_880


def test_a_compressed_file_is_recognised_without_a_header(server: Server) -> None:
    assert upload(server, gzip.compress(TEXT.encode()), "host=gz&jvm=shop").json()["bytes"] == 118_880


def test_the_same_text_for_the_same_time_is_stored_once(server: Server) -> None:
    query = f"host=twice&jvm=shop&time={now() - 5000}"
    assert upload(server, TEXT, query).json()["duplicate"] is False
    again = upload(server, TEXT, query)
    assert again.status_code == 200
    assert again.json()["duplicate"] is True
    assert len(stored(server, "twice")["time"]) == 1


def test_another_text_for_the_same_time_is_not_silently_dropped(server: Server) -> None:
    query = f"host=clash*&jvm=shop&time={now() - 5000}"
    assert upload(server, TEXT, query).json()["duplicate"] is False
    other = upload(server, text({"a.B": (1, 16)}), query)
    assert other.status_code == 422
    assert "another histogram of this JVM" in other.json()["error"]["message"]
    assert upload(server, text({"a.B": (1, 16)}), query + "&pid=7").json()["duplicate"] is False
    assert upload(server, TEXT, query + "&label.env=x").json()["duplicate"] is True


def test_a_text_that_was_cut_off_is_refused_whole(server: Server) -> None:
    before = rejected(server, "histogram", "truncated")
    lines = TEXT.splitlines(keepends=True)
    for cut in ("".join(lines[:-1]), "".join(lines[:-1]) + lines[-1][:9], "".join(lines[:-2] + lines[-1:])):
        answer = upload(server, cut, "host=cut&jvm=shop")
        assert answer.status_code == 422, cut
        assert answer.json()["error"]["code"] == "truncated"
        assert "nothing was stored" in answer.json()["error"]["hint"]
    assert stored(server, "cut") == {"time": []}
    assert rejected(server, "histogram", "truncated") == before + 3
    newest = server.http.get("/api/v1/ingest/rejects?limit=1").json()["rejects"][0]
    assert newest["door"] == "histogram"
    assert "num     #instances" in newest["sample"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   \n",
        b"hello",
        b"\x00\xff" * 5000,
        TEXT.encode("utf-16-le")[1:],
        TEXT.replace("1280", "1281").encode(),
        text({"a.B": (2**63, 1)}).encode(),
        (TEXT + TEXT).encode(),
        b"<html><body>502 Bad Gateway</body></html>",
    ],
    ids=["empty", "blank", "word", "binary", "half-utf-16", "forged", "overflow", "two", "html"],
)
def test_what_is_not_one_whole_histogram_is_refused(server: Server, body: bytes) -> None:
    answer = upload(server, body, "host=bad&jvm=shop")
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]["message"]
    assert stored(server, "bad") == {"time": []}


def test_utf_16_with_its_mark_is_read(server: Server) -> None:
    assert upload(server, TEXT.encode("utf-16"), "host=utf16&jvm=shop").json()["bytes"] == 118_880


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("jvm=shop", "host"),
        ("host=h", "jvm"),
        ("host=&jvm=shop", "host: a histogram needs to say whose it is"),
        ("host=h&jvm=shop&mode=dead", "mode"),
        ("host=h&jvm=shop&time=yesterday", "time: 'yesterday' is not a moment such as"),
        ("host=h&jvm=shop&pid=-1", "pid"),
        ("host=h&jvm=shop&hots=x", "hots: this route has no such parameter; did you mean host?"),
        ("host=h&jvm=shop&label.a%20b=x", "label.a b"),
        ("host=h&jvm=" + "x" * 2000, "jvm"),
    ],
)
def test_a_wrong_parameter_is_named(server: Server, query: str, said: str) -> None:
    answer = upload(server, TEXT, query)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_time_that_no_clock_can_mean_is_refused(server: Server) -> None:
    assert upload(server, TEXT, "host=h&jvm=shop&time=now%2B2d").status_code == 422
    assert upload(server, TEXT, "host=h&jvm=shop&time=5").status_code == 422


def test_a_batch_is_stored_once_however_often_it_comes(server: Server) -> None:
    body = encode(batch(1, agent="replayer", host="replayed"))
    assert post(server, body).json() == {"stored": True, "duplicate": False}
    for _ in range(3):
        assert post(server, body).json() == {"stored": True, "duplicate": True}
    assert len(stored(server, "replayed")["time"]) == 1


def test_batches_may_come_in_any_order(server: Server) -> None:
    begin = now() - 60_000
    for number in (3, 1, 2):
        answer = post(server, encode(batch(number, begin + number * 1000, "shuffler", "shuffled")))
        assert answer.json() == {"stored": True, "duplicate": False}
    assert stored(server, "shuffled")["time"] == [begin + number * 1000 for number in (3, 2, 1)]


def test_a_damaged_batch_is_refused_and_counted(server: Server) -> None:
    body = encode(batch(1, agent="damaged", host="damaged"))
    before = rejected(server, "batch", "unreadable") + rejected(server, "batch", "truncated")
    damaged = [
        b"",
        body[:3],
        body[:-1],
        body[: len(body) // 2],
        b"xyz" + body,
        body + b"x",
        body[:3] + b"\x09" + body[4:],
    ]
    damaged += [
        body[:n] + bytes([body[n] ^ 0x55]) + body[n + 1 :] for n in range(4, len(body), len(body) // 7)
    ]
    for each in damaged:
        answer = post(server, each)
        assert answer.status_code == 422, each
    assert stored(server, "damaged") == {"time": []}
    assert rejected(server, "batch", "unreadable") + rejected(server, "batch", "truncated") == before + len(
        damaged
    )


def test_a_batch_that_holds_what_cannot_be_true_is_refused_whole(server: Server) -> None:
    good = batch(1, agent="liar", host="liar")
    lie = batch(1, when=1000, agent="liar", host="liar")
    good.snapshots.extend(lie.snapshots)
    answer = post(server, encode(good))
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "refused"
    assert "before the year 2000" in answer.json()["error"]["message"]
    assert stored(server, "liar") == {"time": []}


def test_a_body_that_stops_half_way_is_not_stored(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    before = rejected(server, "histogram", "hung-up")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(
            f"POST /api/v1/histogram?host=half&jvm=shop HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Length: {len(TEXT)}\r\n\r\n{TEXT[:200]}".encode()
        )
    while rejected(server, "histogram", "hung-up") == before:
        pass
    assert stored(server, "half") == {"time": []}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with small limits."""
    data = tmp_path_factory.mktemp("small") / "data"
    with Server(data, max_body=4096, max_text=20_000, body_idle=0.2) as running:
        yield running


class TestLimits:
    """What one sender may cost."""

    def test_a_body_that_is_too_large_is_refused_before_it_is_read(self, small: Server) -> None:
        answer = upload(small, "x" * 5000, "host=h&jvm=j")
        assert answer.status_code == 413
        assert "max_body" in answer.json()["error"]["message"]

    def test_a_body_without_a_length_is_refused_at_the_limit(self, small: Server) -> None:
        answer = small.http.post("/api/v1/histogram?host=h&jvm=j", content=(b"x" * 1000 for _ in range(10)))
        assert answer.status_code == 413

    def test_a_bomb_is_refused_at_the_limit(self, small: Server) -> None:
        answer = upload(small, gzip.compress(bytes(10 << 20))[:4000], "host=h&jvm=j")
        assert answer.status_code == 413
        assert "once decompressed" in answer.json()["error"]["message"]

    def test_a_body_that_trickles_to_a_halt_is_given_up(self, small: Server) -> None:
        host, port = small.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as slow:
            head = f"POST /api/v1/histogram?host=h&jvm=j HTTP/1.1\r\nHost: {host}\r\nContent-Length: 900\r\n"
            slow.sendall(head.encode() + b"\r\n \n")
            assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        assert rejected(small, "histogram", "too-slow") == 1

    def test_too_many_uploads_are_told_when_to_come_again(self, data: Path) -> None:
        with Server(data, ingest_rate=0.01, ingest_burst=2) as strict:
            codes = [upload(strict, TEXT, "host=h&jvm=j").status_code for _ in range(3)]
            assert codes == [200, 200, 429]
            refused = upload(strict, TEXT, "host=h&jvm=j")
            assert 1 <= int(refused.headers["retry-after"]) <= 100
            assert rejected(strict, "histogram", "too-many") == 2
