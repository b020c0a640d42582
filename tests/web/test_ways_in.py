"""What arrives by which door, what is turned away and why, and what would open the doors that are shut."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from histograms import now
from peers import asked_until
from servers import Server

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that was sent a good line, two kinds of bad ones, and a body that nobody can read."""
    with Server(tmp_path_factory.mktemp("ways") / "data") as server:
        with socket.create_connection(server.graphite) as sender:
            moment = now() // 1000
            sender.sendall(f"good.line 1 {moment}\nbad.line one {moment}\nonly two\ntoo few\n".encode())
        asked_until(server, "good.line", bool)
        assert server.http.post("/api/v1/batch", content=b"no batch").status_code == 422
        yield server


def doors(server: Server) -> dict[str, dict[str, Any]]:
    return {door["name"]: door for door in server.http.get("/api/v1/status").json()["doors"]}


def test_a_door_says_why_it_turned_something_away(lines: Server) -> None:
    door = doors(lines)["graphite-tcp"]
    assert door["reasons"] == {"bad-value": 1, "not-three-cells": 2}
    assert (door["rejects"], door["setting"], door["how"]) == (3, "graphite_listen", "")
    batch = doors(lines)["batch"]
    assert (batch["rejects"], batch["how"]) == (1, "POST /api/v1/batch")


def test_rejects_are_asked_for_by_door_and_reason_and_come_with_words(lines: Server) -> None:
    def asked(**wanted: str) -> dict[str, Any]:
        return lines.http.get("/api/v1/ingest/rejects", params=wanted).json()  # type: ignore[no-any-return]

    everything = asked()
    assert {each["door"] for each in everything["rejects"]} == {"graphite-tcp", "batch"}
    assert set(everything["words"]) == {"bad-value", "not-three-cells", "unreadable"}
    (one,) = asked(door="graphite-tcp", reason="bad-value")["rejects"]
    assert one["sample"].startswith("bad.line one ")
    assert asked(door="batch")["counts"] == everything["counts"]
    assert asked(door="nowhere")["rejects"] == []


def test_a_pace_is_told_of_every_door(lines: Server) -> None:
    while (pace := doors(lines)["graphite-tcp"]["per_minute"]) is None:
        pass
    assert set(pace) == {"requests", "bytes", "samples", "rejects"}


def test_what_is_off_or_unused_says_how_it_is_used(lines: Server) -> None:
    unused = {each["name"]: each for each in lines.http.get("/api/v1/status").json()["unused"]}
    assert unused["syslog"] == {"name": "syslog", "how": "", "setting": "syslog_listen"}
    assert unused["scrape"]["setting"] == "scrape"
    assert unused["remote-write"]["how"] == "POST /api/v1/write"
    assert not set(unused) & set(doors(lines))


def test_every_path_that_is_named_is_one_of_the_api(lines: Server) -> None:
    told = lines.http.get("/api/v1/status").json()
    named = [each["how"] for each in (*told["doors"], *told["unused"]) if each["how"]]
    known = lines.http.get("/openapi.json").json()["paths"]
    missing = [
        how
        for method, path in (each.split() for each in named)
        for how in [f"{method} {path}"]
        if not any(each.startswith(path) and method.lower() in ways for each, ways in known.items())
    ]
    assert missing == []


def test_a_door_that_only_ever_refused_is_shown_all_the_same(tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        "scrape_configs: [{job_name: gone, static_configs: [{targets: ['127.0.0.1:9']}]}]\n"
    )
    with Server(tmp_path / "data", scrape=str(config)) as server:
        asked_until(server, "metric=up job=gone", bool)
        assert doors(server)["scrape"]["reasons"]["failed"] > 0
