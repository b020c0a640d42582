"""What a run learnt of a JVM that leaks, as it then stands on the class's page."""

from __future__ import annotations

from typing import Any

from heapwatch.web import evidence

LABELS = {"host": "web1", "jvm": "shop", "pid": "4711", "started": "1790000000000", "class": "shop.Session"}
WAY = {
    "objects": 9,
    "class": "byte[]",
    "root": "thread main, a variable on its stack",
    "chain": [{"holder": "shop.Session", "fields": ["body"], "static": False, "times": 1}],
    "stack": ["shop.Session.read:41"],
}
OTHER = {**WAY, "class": "java.lang.String", "chain": []}
COST = {"pid": 4711, "predicted_pause_ms": 3.0, "pause_ms": 1.5, "duration_ms": 8.0, "java_version": "17.0.9"}
COUNTED = {
    **COST,
    "operation": "histogram",
    "instances": 45_000,
    "bytes": 3 << 20,
    "text": " num  #instances",
    "top": [],
}
THREADS = {**COST, "operation": "thread_dump", "java": 34, "groups": [{"name": "pool", "threads": 30}]}
RECORDED = {**COST, "operation": "jfr", "samples": 12, "groups": [OTHER, WAY], "text": "thread main"}
SAID = (COUNTED, THREADS, RECORDED)


def step(name: str, output: dict[str, Any] | None, error: str = "", host: str = "web1") -> dict[str, Any]:
    parameters = {"host": host, "jvm": "shop"}
    return {
        "id": name,
        "do": name,
        "parameters": parameters,
        "started": 1,
        "output": output,
        "error": error,
    }


def run(*steps: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"labels": {**LABELS, **labels}, "created": 5, "ended": 9, "steps": list(steps)}


def test_who_holds_what_leaks_is_kept_with_what_each_step_cost() -> None:
    found = evidence.diagnosis(run(*map(step, ("jvm.histogram", "jvm.thread_dump", "jvm.jfr"), SAID)))
    assert found is not None
    assert (found.host, found.jvm, found.pid, found.started, found.time) == (
        "web1",
        "shop",
        4711,
        1790000000000,
        9,
    )
    assert (found.suspect, found.confirmed_by) == ("shop.Session", ["jfr"])
    assert [way.class_ for way in found.holders.jfr] == ["byte[]"]
    assert [(each.operation, each.found, each.pause_ms) for each in found.steps] == [
        ("histogram", "45.0 k objects, 3.00 MiB", 1.5),
        ("thread_dump", "34 threads", 1.5),
        ("jfr", "12 objects that stayed", 1.5),
    ]
    assert found.steps[0].answer == {key: value for key, value in COUNTED.items() if key != "text"}


def test_who_holds_other_classes_is_no_evidence() -> None:
    found = evidence.diagnosis(run(step("jvm.jfr", {**RECORDED, "groups": [OTHER]})))
    assert found is not None
    assert (found.confirmed_by, found.holders.jfr) == ([], [])


def test_a_step_that_was_refused_says_why() -> None:
    refused = step("jvm.jfr", {}, "jfr may stop shop (4711) for 900 ms, 500 ms are allowed")
    found = evidence.diagnosis(run(step("jvm.histogram", COUNTED), refused))
    assert found is not None
    assert found.steps[1].error == "jfr may stop shop (4711) for 900 ms, 500 ms are allowed"
    assert found.holders.jfr == []


def test_only_what_the_jvm_of_the_leak_answered_counts() -> None:
    again = {**COUNTED, "pid": 4712}  # it was started again in between
    assert evidence.diagnosis(run(step("jvm.histogram", again))) is None
    assert evidence.diagnosis(run(step("jvm.histogram", COUNTED, host="web2"))) is None
    assert evidence.diagnosis(run({**step("jvm.histogram", None), "started": None})) is None


def test_a_run_that_is_about_no_leak_is_no_diagnosis() -> None:
    assert evidence.diagnosis(run(step("jvm.histogram", COUNTED), **{"class": ""})) is None
    assert evidence.diagnosis(run(step("jvm.histogram", COUNTED), started="soon")) is None
    assert evidence.diagnosis(run(step("command", {"code": 0}))) is None
