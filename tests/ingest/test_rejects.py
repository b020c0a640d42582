"""What was turned away can be looked at, and neither the ring nor the counters grow with the sender."""

from __future__ import annotations

import json

from heapwatch.ingest.rejects import Rejects


def test_the_newest_reject_comes_first_with_its_first_bytes() -> None:
    rejects = Rejects(clock=lambda: 1.5)
    rejects.add("graphite-tcp", "bad-value", b"a.b one 1", "10.0.0.1:9")
    rejects.add("batch", "unreadable", b"\x00\xff" * 400, "10.0.0.2", "not a heapwatch batch")
    newest, older = rejects.newest()
    assert newest["reason"] == "unreadable"
    assert newest["sample"].startswith("\x00\\xff")
    assert older == {
        "time": 1500,
        "door": "graphite-tcp",
        "peer": "10.0.0.1:9",
        "reason": "bad-value",
        "sample": "a.b one 1",
        "detail": "",
    }


def test_a_sample_is_cut_even_within_a_character_and_is_always_json() -> None:
    rejects = Rejects()
    rejects.add("histogram", "unreadable", ("x" * 399 + "é" * 10).encode())
    sample = rejects.newest()[0]["sample"]
    assert sample == "x" * 399 + "\\xc3"
    assert json.loads(json.dumps(sample)) == sample


def test_the_ring_forgets_and_the_counters_do_not() -> None:
    rejects = Rejects(size=3)
    for _ in range(10):
        rejects.add("graphite-udp", "bad-time", count=2)
    assert len(rejects.newest()) == 3
    assert rejects.counts() == {"graphite-udp": {"bad-time": 20}}


def test_a_limit_of_zero_shows_counts_only() -> None:
    rejects = Rejects()
    rejects.add("batch", "truncated")
    assert rejects.newest(0) == []


def test_rejects_of_one_door_or_reason_are_not_hidden_by_those_of_others() -> None:
    rejects = Rejects()
    rejects.add("graphite-tcp", "bad-value", b"a.b one 1")
    rejects.add("batch", "unreadable")
    rejects.add("graphite-tcp", "bad-time", b"a.b 1 one")
    for _ in range(5):
        rejects.add("histogram", "unreadable")
    assert [each["reason"] for each in rejects.newest(2, door="graphite-tcp")] == ["bad-time", "bad-value"]
    assert [each["door"] for each in rejects.newest(reason="unreadable")] == ["histogram"] * 5 + ["batch"]
    assert rejects.newest(door="batch", reason="bad-time") == []
