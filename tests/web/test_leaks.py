"""Leaks by the API and by the commands that ask it: a real server that judges what was sent to it."""

from __future__ import annotations

import html.parser
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from servers import Server
from simulated import Floats, Program, leaking

from heapwatch.cli.main import run
from heapwatch.cli.recordings import snapshots
from heapwatch.model import Batch, Event, JvmId
from heapwatch.web import leak_answers as answers
from heapwatch.wire.batch import encode

pytestmark = pytest.mark.store

SECONDS = 160
"""Of every life, with a histogram each."""
ORDER, LINE = "com.shop.Order", "com.shop.Line"
HOSTS = ("web1", "web2", "web3")
SEEN = """
workflow: seen
on: {leak: [suspect, confirmed]}
throttle: {once_within: 1h, by: [host]}
limits: {concurrency: 9}
match: [{label: service, value: shop}]
steps:
  - {id: say, do: log, with: {text: "{{ labels.class }} of {{ labels.host }}: {{ trigger.state }}"}}
"""
PROVED = """
workflow: proved
on: manual
steps:
  - id: leaks
    do: verify
    with: {service: shop, before: "{{ labels.before }}", after: "{{ labels.after }}"}
    on_fail: [continue]
  - {id: say, do: log, with: {text: "still: {{ steps.leaks.output.still | join(' ') }}"}}
"""


def _orders(each: int = 1) -> Any:
    return lambda times, _chance: leaking(40, each=each)(times, np.random.default_rng(7))


def _level(times: Floats, _chance: np.random.Generator) -> Floats:
    return np.full(len(times), 300.0)


def send(server: Server, program: Program, started: int, number: int, ended: bool) -> None:
    who = JvmId(program.host, "shop", 100 + number, started)
    labels = {"host": who.host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    history = program.run()
    end = started + int(history.times[-1] * 1000) + 500
    events = [Event(end, "exit", labels)] if ended else []
    batch = Batch(f"agent-{who.host}-{started}", 1, list(snapshots(history, who, {})), events=events)
    server.http.post("/api/v1/batch", content=encode(batch)).raise_for_status()


def judged(server: Server, until: Any) -> dict[str, Any]:
    """The leaks, once what is waited for is so."""
    for _ in range(600):
        found: dict[str, Any] = server.http.get("/api/v1/leaks").raise_for_status().json()
        if until(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"never: {json.dumps(found)[:2000]}")


@pytest.fixture(scope="module")
def began() -> int:
    """When the story of the first server began: its last histogram is of just now."""
    return int(time.time() * 1000) - 355_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, began: int) -> Iterator[Server]:
    """Version 1.0 leaks on three hosts; another service does not."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "proved.yml").write_text(PROVED)
    with Server(folder / "data", leaks_every=1, workflows=folder / "proved.yml") as running:
        populations = {ORDER: _orders(), LINE: _orders(2)}
        for number, host in enumerate(HOSTS):
            program = Program(seconds=SECONDS, seed=number, host=host, populations=populations)
            send(running, program, began, number, ended=True)
        quiet = Program(seconds=SECONDS, host="db1", service="ledger")
        send(running, quiet, began + 190_000, 9, ended=False)
        yield running


@pytest.fixture(scope="module")
def fixed(server: Server, began: int) -> dict[str, Any]:
    """Version 1.1 runs on the same hosts, and does not leak."""
    births = {"byte[]": 2e-3, ORDER: 4e-4}
    for number, host in enumerate(HOSTS):
        populations = {ORDER: _level, LINE: _level}
        program = Program(
            seconds=SECONDS, seed=20 + number, host=host, version="1.1", churn=births, populations=populations
        )
        send(server, program, began + 190_000, 20 + number, ended=False)
    return judged(server, lambda found: found["jvms"]["clean"] >= 4)


def test_versions_are_compared_by_the_api_and_the_command(
    server: Server, fixed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fixed["jvms"]["leaking"] == 0
    query = {"service": "shop", "before_version": "1.0", "after_version": "1.1"}
    found = server.http.get("/api/v1/verify", params=query).raise_for_status().json()
    answers.Verified.model_validate(found)
    [proof] = found["proofs"]
    assert (proof["class"], proof["verdict"]) == (ORDER, "fixed")
    assert proof["hosts"] == list(HOSTS)
    assert found["new"] == []
    assert found["before"]["versions"] == ["1.0"]
    assert run(["verify", "1.0", "1.1", "--service", "shop", "--server", server.url, "-o", "json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "fixed"
    assert told["balance_after"] > 0.8
    assert run(["verify", "1.1", "1.0", "--service", "shop", "--server", server.url]) == 1
    assert "new leak" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "ends", "still"),
    [
        ("1.0", "1.1", ["succeeded", "succeeded"], "still: "),
        ("1.1", "1.0", ["failed", "succeeded"], f"still: {ORDER}"),
        ("1.1", "9", ["failed", "succeeded"], "still: "),
    ],
)
def test_a_workflow_proves_a_fix(
    server: Server, fixed: dict[str, Any], before: str, after: str, ends: list[str], still: str
) -> None:
    assert fixed["jvms"]["clean"] == 4
    body = {"labels": {"before": before, "after": after}}
    id_ = server.http.post("/api/v1/workflows/proved/runs", json=body).raise_for_status().json()["id"]
    for _ in range(600):
        found = server.http.get(f"/api/v1/runs/{id_}").json()
        if found["state"] not in ("queued", "running"):
            break
        time.sleep(0.05)
    assert [each["state"] for each in found["steps"]] == ends
    assert found["steps"][1]["output"]["text"].startswith(still)


def test_ranges_are_compared_too(server: Server, fixed: dict[str, Any], began: int) -> None:
    assert fixed["jvms"]["clean"] == 4
    times = {"before_from": began, "before_to": began + 170_000, "after_from": began + 185_000}
    found = server.http.get("/api/v1/verify", params={"service": "shop", "class": ORDER, **times}).json()
    assert [proof["verdict"] for proof in found["proofs"]] == ["fixed"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"service": "shop"}, "before_version"),
        ({"service": "shop", "before_version": "1.0"}, "after"),
        ({"service": "nothing", "before_version": "1", "after_version": "2"}, "no service"),
        ({"service": "shop", "before_version": "9", "after_version": "1.1"}, "'9'"),
        (
            {"service": "shop", "before_from": "tomorrow", "before_to": "now", "after_from": "now"},
            "before_from",
        ),
    ],
)
def test_what_cannot_be_compared_is_said(server: Server, query: dict[str, str], said: str) -> None:
    answer = server.http.get("/api/v1/verify", params=query)
    assert 400 <= answer.status_code < 500
    assert said in answer.json()["error"]["message"]


class _Page(html.parser.HTMLParser):
    """Where a page points, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def open_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("open")
    (folder / "seen.yml").write_text(SEEN)
    with Server(folder / "data", leaks_every=1, workflows=folder / "seen.yml") as running:
        started = int(time.time() * 1000) - 165_000
        for number, host in enumerate(HOSTS):
            populations = {ORDER: _orders(), LINE: _orders(2)}
            program = Program(seconds=SECONDS, seed=number, host=host, populations=populations)
            send(running, program, started, number, ended=False)
        judged(running, lambda found: found["jvms"]["leaking"] == 3)
        yield running


def test_a_suspect_is_confirmed_by_a_probe_that_an_agent_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("suspect") / "data"
    with Server(folder, leaks_every=1, confirm_suspects=True) as asking:
        started = int(time.time() * 1000) - 165_000
        program = Program(seconds=SECONDS, host="web1", populations={ORDER: _orders()}, old_every=0)
        send(asking, program, started, 1, ended=False)
        judged(asking, lambda found: [each["state"] for each in found["leaks"]] == ["suspect"])
        who = JvmId("web1", "shop", 101, started)
        *_, last = snapshots(program.run(), who, {})
        later = replace(last, time=last.time + 1000)
        asked = asking.http.post("/api/v1/batch", content=encode(Batch("agent", 2, [later]))).json()
        assert asked["probe"] == [{"pid": 101, "started": started}]
        again = Batch("agent", 3, [replace(last, time=last.time + 2000)])
        assert "probe" not in asking.http.post("/api/v1/batch", content=encode(again)).json()
        probe = replace(last, time=last.time + 3000, mode="live", heap={})
        more = [replace(last, time=last.time + 4000 + 1000 * step) for step in range(15)]
        asking.http.post(
            "/api/v1/batch", content=encode(Batch("agent", 4, [probe, *more]))
        ).raise_for_status()
        judged(asking, lambda found: [each["state"] for each in found["leaks"]] == ["confirmed"])


class TestAnOpenLeak:
    """A server of its own, on which the leak goes on."""

    def test_it_begins_a_run_for_each_of_its_jvms(self, open_: Server) -> None:
        for _ in range(600):
            asked = {"workflow": "seen", "state": "succeeded"}
            found = open_.http.get("/api/v1/runs", params=asked).raise_for_status().json()["runs"]
            if len(found) == len(HOSTS):
                break
            time.sleep(0.05)
        assert sorted(each["labels"]["host"] for each in found) == list(HOSTS)
        one = open_.http.get(f"/api/v1/runs/{found[0]['id']}").json()
        (leak,) = open_.http.get("/api/v1/leaks").json()["leaks"]
        state = one["trigger"]["state"]
        assert (one["trigger"]["kind"], one["trigger"]["leak"]) == ("leak", leak["id"])
        assert state in ("suspect", "confirmed")
        assert one["steps"][0]["output"]["text"] == f"{ORDER} of {one['labels']['host']}: {state}"

    def test_it_is_answered_with_all_that_proves_it(self, open_: Server) -> None:
        found = judged(open_, lambda found: found["jvms"]["leaking"] == 3)
        answers.Leaks.model_validate(found)
        [leak] = found["leaks"]
        assert (leak["class"], leak["state"], leak["scope"]) == (ORDER, "confirmed", "systemic")
        assert leak["hosts"] == list(HOSTS)
        assert leak["family"][LINE] == pytest.approx(2, abs=0.05)
        assert [each["pid"] for each in leak["jvms"]] == [100, 101, 102]
        assert any("query" in claim for claim in leak["evidence"])
        one = open_.http.get(f"/api/v1/leaks/{leak['id']}").json()
        assert one == leak
        for filters, number in (
            ({"state": "open"}, 1),
            ({"state": "fixed"}, 0),
            ({"class": LINE}, 1),
            ({"class": "java.*"}, 0),
            ({"host": "web2"}, 1),
        ):
            assert len(open_.http.get("/api/v1/leaks", params=filters).json()["leaks"]) == number, filters
        assert open_.http.get("/api/v1/leaks", params={"state": "bad"}).status_code == 400
        assert open_.http.get("/api/v1/leaks/nope").status_code == 404

    def test_every_query_that_is_named_as_a_proof_answers(self, open_: Server) -> None:
        [leak] = open_.http.get("/api/v1/leaks").json()["leaks"]
        queries = [claim["query"] for claim in leak["evidence"] if "query" in claim]
        assert queries
        for text in queries:
            answer = open_.http.post("/api/v1/query", json={"query": text, "from": "-15m", "to": "now"})
            assert answer.status_code == 200, answer.text
            assert answer.json()["rows"], text

    def test_each_jvm_has_a_verdict_and_the_fleet_shows_it(self, open_: Server) -> None:
        found = open_.http.get("/api/v1/verdicts").json()
        answers.Verdicts.model_validate(found)
        assert {each["verdict"] for each in found["jvms"]} == {"leaking"}
        rows = open_.http.get("/api/v1/fleet", params={"sort": "full_in_s", "order": "asc"}).json()["rows"]
        assert [row["verdict"] for row in rows] == ["leaking"] * 3
        assert all(row["leaks"][0]["class"] == ORDER for row in rows)
        ends = [row["full_in_s"] for row in rows]
        assert ends == sorted(ends)
        assert rows[0]["full_of"] == "heap"

    def test_it_is_acknowledged_and_that_outlives_a_restart(
        self, open_: Server, capsys: pytest.CaptureFixture[str]
    ) -> None:
        [leak] = open_.http.get("/api/v1/leaks").json()["leaks"]
        words = ["leaks", "--acknowledge", leak["id"], "--note", "in work", "--server", open_.url]
        assert run(words) == 0
        assert "is acknowledged" in capsys.readouterr().out
        assert open_.stop() == 0
        open_.start()
        [leak] = judged(open_, lambda found: found["jvms"]["leaking"] == 3)["leaks"]
        assert leak["acknowledged"]["note"] == "in work"
        assert run(["leaks", "--server", open_.url]) == 1
        assert "in work" in capsys.readouterr().out
        assert run([*words[:-1], open_.url, "--undo"]) == 0
        assert open_.http.get(f"/api/v1/leaks/{leak['id']}").json()["acknowledged"] is None

    def test_the_command_prints_it(self, open_: Server, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["leaks", "--server", open_.url, "-o", "json"]) == 1
        [leak] = json.loads(capsys.readouterr().out)
        assert {"class", "family", "kind", "state", "hosts", "since", "rate_per_s", "bytes_per_leak"} <= set(
            leak
        )
        assert leak["since"].endswith("Z")
        assert run(["leaks", "--server", open_.url, "--state", "fixed"]) == 0
        assert "No leak is fixed" in capsys.readouterr().out

    def test_the_report_needs_nothing_else(self, open_: Server, tmp_path: Path) -> None:
        [leak] = open_.http.get("/api/v1/leaks").json()["leaks"]
        answer = open_.http.get("/api/v1/report", params={"leak": leak["id"]})
        assert answer.headers["content-type"].startswith("text/html")
        assert "attachment" in answer.headers["content-disposition"]
        page = _Page()
        page.feed(answer.text)
        assert ORDER in page.text
        assert leak["sentence"] in page.text
        assert "<svg" in answer.text
        assert not [link for link in page.links if "//" in link]
        target = tmp_path / "leak.html"
        assert run(["report", "--service", "shop", "-o", str(target), "--server", open_.url]) == 1
        assert ORDER in target.read_text()
        assert open_.http.get("/api/v1/report", params={"leak": "nope"}).status_code == 404
        assert open_.http.get("/api/v1/report").status_code == 400

    def test_the_events_mark_it_on_charts(self, open_: Server) -> None:
        events = open_.http.get("/api/v1/events").json()["events"]
        marks = [event for event in events if event["kind"] == "leak"]
        assert sorted(event["labels"]["host"] for event in marks) == list(HOSTS)
        assert all(event["labels"]["class"] == ORDER for event in marks)
