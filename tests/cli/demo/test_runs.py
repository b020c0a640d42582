"""What the demo says of runs: few words, what asks for a yes, and how to say it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from heapwatch.cli.client import Client
from heapwatch.cli.demo.build import Program
from heapwatch.cli.demo.runs import Runs, spoken
from heapwatch.cli.demo.screen import PlainScreen
from heapwatch.cli.demo.show import Demo, plan
from heapwatch.cli.options import ServerOptions
from heapwatch.errors import Refused, Unavailable

HOME = "http://127.0.0.1:7077"
DOWN = ("memleak2",)


def step(name: str, output: Mapping[str, Any] | None = None, shows: str = "") -> dict[str, Any]:
    return {"id": name, "output": output, "approval": {"shows": [shows]} if shows else None}


def run(name: str, state: str, *steps: dict[str, Any], id_: str = "4f2a", **more: Any) -> dict[str, Any]:
    times = {"created": 10, "started": 11, "ended": None}
    return {
        "id": id_,
        "workflow": name,
        "state": state,
        "reason": "",
        "labels": {},
        **times,
        "steps": [*steps],
        **more,
    }


FAILED = step("collect", {"failed": ["memleak2"]})
ASKS = run(
    "periodic-collection", "waiting_approval", FAILED, step("repair", shows="repair: play it on memleak2")
)
FINE = step("collect", {"failed": []})
LOG = step("log", {"text": "collected: 3 of 3 hosts, 3 JVMs"})


class Server(Client):
    """A client whose server has these runs."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        super().__init__(ServerOptions(server=HOME))
        self.runs = {each["id"]: each for each in runs}
        self.said: list[tuple[str, Any]] = []
        self.trouble: Exception | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        if path == "/api/v1/runs":
            return {"runs": [*reversed(self.runs.values())]}
        return self.runs[path.rpartition("/")[2]]

    def post(self, path: str, body: object = None, params: Mapping[str, Any] | None = None) -> Any:
        if self.trouble:
            raise self.trouble
        self.said.append((path, body))


def test_a_run_that_asks_says_what_it_would_do_and_how_to_allow_it() -> None:
    told = spoken(ASKS, HOME)
    assert told == (
        "periodic-collection asks for a yes: repair: play it on memleak2: press y, or heapwatch approve 4f2a"
    )
    assert spoken(ASKS, "http://127.0.0.1:5000").endswith("approve 4f2a --server http://127.0.0.1:5000")


def test_evidence_is_told_in_figures() -> None:
    chain = [{"holder": name} for name in ("java.lang.Thread", "memleak.Pace", "akka.Tree", "memleak.Child")]
    way = {"root": "a stack", "objects": 9, "class": "byte[]", "chain": chain}
    stray = {"root": "", "objects": 90, "class": "int[]", "chain": []}
    steps = (
        step("classes", {"instances": 45_000}),
        step("threads", {"java": 34}),
        step("holders", {"groups": [stray, way]}),
    )
    told = spoken(run("evidence", "succeeded", *steps), HOME)
    assert told == "evidence: 45.0 k objects, 34 threads, 9 objects held by Thread > Tree > Child > byte[]"
    assert spoken(run("evidence", "succeeded", step("classes")), HOME) == "evidence: nothing was said"


def test_what_was_repaired_is_told_with_what_failed() -> None:
    log = step("log", {"text": "collected: 2 of 3 hosts, 2 JVMs; memleak2: jvm missing"})
    again = step("again", {"text": "1 of 1 hosts, 1 JVMs"})
    assert spoken(run("periodic-collection", "succeeded", FAILED, log, again), HOME) == (
        "periodic-collection: 2 of 3 hosts, 2 JVMs; memleak2: jvm missing; repaired: 1 of 1 hosts, 1 JVMs"
    )
    denied = run("periodic-collection", "denied", reason="repair: cli:ann said no")
    assert spoken(denied, HOME) == "periodic-collection denied: repair: cli:ann said no"


def test_collections_that_go_well_are_told_once_until_one_does_not() -> None:
    def done(id_: str, state: str = "succeeded", *steps: dict[str, Any]) -> dict[str, Any]:
        return run("periodic-collection", state, *(steps or (FINE, LOG)), id_=id_)

    server = Server(done("a"))
    runs = Runs(server, since=5)
    (first,) = runs.news(DOWN)
    assert first.text == f"periodic-collection: 3 of 3 hosts, 3 JVMs; {HOME}/runs/a"
    server.runs |= {"b": done("b"), "c": done("c", "skipped"), "d": done("d", "running")}
    assert runs.news(DOWN) == []
    server.runs |= {"d": done("d", "failed", FAILED), "e": done("e"), "f": done("f")}
    assert [each.text.rpartition("/")[2] for each in runs.news(DOWN)] == ["d", "e"]
    assert runs.lines() == ["Workflow periodic-collection: 5 runs, 4 succeeded, 1 failed."]


def test_runs_of_an_earlier_demo_are_not_told() -> None:
    assert Runs(Server(run("evidence", "succeeded")), since=11).news(DOWN) == []


def test_a_yes_is_given_once_and_not_lost_while_the_server_is_busy() -> None:
    server = Server(ASKS)
    runs = Runs(server, since=0)
    (news,) = runs.news(DOWN)
    assert (news.kind, news.host) == ("waiting_approval", "workflow")
    server.trouble = Unavailable("busy")
    runs.answer(yes=True)
    assert list(runs.waiting) == ["4f2a"]
    server.trouble = None
    runs.answer(yes=True, note="by a key")
    runs.answer(yes=True)
    assert server.said == [("/api/v1/runs/4f2a/approve", {"note": "by a key"})]


def test_an_answer_that_came_too_late_is_no_trouble() -> None:
    server = Server(ASKS)
    runs = Runs(server, since=0)
    runs.news(DOWN)
    server.trouble = Refused("somebody else was quicker")
    runs.answer(yes=False)
    assert runs.waiting == {}


def test_what_came_up_meanwhile_needs_no_repair() -> None:
    server = Server(ASKS)
    runs = Runs(server, since=0)
    runs.news(DOWN)
    runs.settle(["memleak1", "memleak3"])
    assert server.said == []
    runs.settle(["memleak1", "memleak2"])
    ((path, body),) = server.said
    assert path.endswith("/4f2a/deny")
    assert "up again" in str(body)


def test_of_a_host_that_is_on_its_way_up_nobody_is_asked() -> None:
    server = Server(ASKS)
    runs = Runs(server, since=0)
    assert runs.news(()) == []
    runs.settle(["memleak2"])
    assert [path for path, _ in server.said] == ["/api/v1/runs/4f2a/deny"]
    server.runs["4f2a"] = {**ASKS, "state": "denied"}
    assert runs.news(()) == []


@pytest.mark.parametrize(("key", "verb"), [("y", "approve"), ("N", "deny")])
def test_a_key_answers_what_asks(tmp_path: Path, key: str, verb: str) -> None:
    server = Server(ASKS)
    demo = Demo(plan(False, tmp_path, None, False, None), Program("java", "", twin=True), PlainScreen())
    demo._press(key)  # before there are runs
    demo._runs = Runs(server, since=0)
    demo._runs.news(DOWN)
    demo._press(key)
    assert server.said == [(f"/api/v1/runs/4f2a/{verb}", {"note": "by the demo's keys"})]
