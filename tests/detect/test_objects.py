"""Findings and proofs as JSON says them."""

from __future__ import annotations

import json

from simulated import Program, leaking

from heapwatch.detect import objects
from heapwatch.detect.fleet import findings
from heapwatch.detect.judge import judge
from heapwatch.detect.verify import verify

ROOT = "com.shop.Order"


def millis(at: float) -> int:
    return round(at * 1000)


def test_a_whole_leak_adds_each_host_to_what_the_brief_one_says() -> None:
    lives = [Program(seed=n, host=f"h{n}", populations={ROOT: leaking(900)}).run() for n in (1, 2, 3)]
    (found,) = findings([judge(life) for life in lives])
    brief = objects.brief(found, millis, str)
    whole = objects.whole(found, millis, str)
    assert {name: value for name, value in brief.items() if name != "exhaustion"}.items() <= whole.items()
    assert [one["host"] for one in whole["jvms"]] == ["h1", "h2", "h3"]
    ends = {one["host"]: one["exhaustion"] for one in whole["jvms"]}
    first = whole["exhaustion"]
    assert first == min(ends.values(), key=lambda end: end["in_s"])
    assert first["level"] < first["limit"]
    assert isinstance(whole["since"], int)
    json.dumps(whole, allow_nan=False)


def test_what_a_proof_does_not_know_is_null() -> None:
    before = Program(populations={ROOT: leaking(20)}).run()
    found = objects.proof(verify(before, Program(seconds=9).run(), ROOT), ["host1"])
    assert (found["class"], found["verdict"], found["hosts"]) == (ROOT, "not enough data", ["host1"])
    assert (found["after"], found["exposure"], found["residual"]) == (None, None, None)
    assert found["before"]["slope_per_s"] > 0
    json.dumps(found, allow_nan=False)
