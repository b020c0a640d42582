"""Workflows of a server: what begins them, who answers, what stops them, and what a kill leaves."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hooks import Hook
from servers import Server

from heapwatch.cli.main import run
from heapwatch.workflow.audit import Audit

IN_ORDER = True
pytestmark = pytest.mark.store

MONITORS = """
receivers:
  - {{name: oncall, webhook: "{url}"}}
  - {{name: nobody, webhook: "{url}/refused"}}
monitors:
  - name: load
    kind: query
    query: metric=load | max by host
    every: 1s
    delay: 0s
    window: 10m
    critical: {{above: 90}}
"""
WORKFLOWS = {
    "relieve": """
workflow: relieve
on: {monitor: load, states: [critical]}
steps:
  - {id: ask, do: approval, with: {text: "relieve {{ labels.host }}?"}}
  - {id: say, do: command, with: {argv: [echo, "{{ labels.host }} at {{ trigger.value | default('hand') }}"]}}
""",
    "ask": """
workflow: ask
on: manual
limits: {concurrency: 9}
steps:
  - {id: ask, do: approval, with: {users: ["{{ labels.whom }}"], expires: "{{ labels.within }}"}}
""",
    "hooked": """
workflow: hooked
destructive: allowed
on: webhook
match: [{label: env, value: prod}]
steps:
  - {id: say, do: command, with: {argv: [echo, "{{ labels.env }} {{ trigger.body.more }}"]}}
""",
    "slow": """
workflow: slow
destructive: allowed
on: manual
steps:
  - id: long
    do: command
    idempotent: false
    with: {argv: [sh, -c, "echo begun > {{ labels.file }}; exec sleep 30"]}
""",
    "both": """
workflow: both
destructive: allowed
on: manual
limits: {concurrency: 9}
steps:
  - id: do
    do: command
    with: {argv: [echo, done]}
    undo: {do: command, with: {argv: [echo, "undone after {{ steps.do.output.text }}"]}}
  - {id: collect, do: jvm.gc, with: {host: localhost, jvm: nobody}, when: "labels.gc == 'yes'"}
""",
    "clock": """
workflow: clock
on: {every: 1h}
steps: [{id: nap, do: sleep, with: {for: 1ms}}]
""",
    "hears": """
workflow: hears
on: {log: 'OutOfMemoryError | count by host', look: 1s, delay: 0s}
steps:
  - id: tell
    do: notify
    with:
      to: [oncall]
      title: "{{ labels.host }} is out of memory"
      text: "{{ trigger.text }}"
      labels: {host: "{{ labels.host }}"}
  - {id: nobody, do: notify, with: {to: [nobody, oncall, absent], text: "again"}, on_fail: [continue]}
""",
    "asks": """
workflow: asks
on: manual
notify: [nobody, oncall]
steps:
  - {id: ask, do: approval, with: {text: "is it time?"}}
  - {id: say, do: command, with: {argv: [echo, now]}}
""",
    "patient": """
workflow: patient
destructive: allowed
on: manual
steps:
  - id: long
    do: command
    with:
      env: {BEGUN: "{{ labels.file }}"}
      argv: [sh, -c, "touch $BEGUN; while [ -e $BEGUN ]; do sleep 0.05; done; echo over"]
  - {id: then, do: command, with: {argv: [echo, "after {{ steps.long.output.text }}"]}}
""",
    "collects": """
workflow: collects
on: manual
steps: [{id: collect, do: collect, with: {hosts: dead}}]
""",
    "mends": """
workflow: mends
on: collection_failed
steps: [{id: say, do: log, with: {text: "{{ labels.host }}: {{ trigger.text }}"}}]
""",
}
HOSTS = """
[[hosts]]
name = "dead"
address = "127.0.0.1"
port = 1
"""
ENDS = ("succeeded", "failed", "timed_out", "cancelled", "denied", "expired", "skipped")


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "monitors.yml").write_text(MONITORS.format(url=hook.url))
    (folder / "flows").mkdir()
    for name, text in WORKFLOWS.items():
        (folder / "flows" / f"{name}.yml").write_text(text)
    (folder / "hosts.toml").write_text(HOSTS)
    flags = {
        "monitors": folder / "monitors.yml",
        "workflows": folder / "flows",
        "inventory": folder / "hosts.toml",
        "destructive": "allowed",
    }
    with Server(folder / "data", **flags) as running:
        yield running


def begin(server: Server, name: str, **labels: str) -> str:
    answer = server.http.post(f"/api/v1/workflows/{name}/runs", json={"labels": labels})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def until(server: Server, run: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        found = server.http.get(f"/api/v1/runs/{run}").json()
        if found["state"] in states:
            return dict(found)
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def first_of(server: Server, workflow: str) -> str:
    deadline = time.monotonic() + 30
    while not (found := server.http.get("/api/v1/runs", params={"workflow": workflow}).json()["runs"]):
        assert time.monotonic() < deadline, server.log.read_text()[-2000:]
        time.sleep(0.05)
    return str(found[0]["id"])


def answer(server: Server, run: str, word: str, **given: Any) -> httpx2.Response:
    return server.http.post(f"/api/v1/runs/{run}/{word}", json=given)


def audited(server: Server, what: str) -> list[dict[str, Any]]:
    found = server.http.get("/api/v1/audit", params={"what": what}).json()["entries"]
    return [dict(each) for each in found]


def test_a_monitor_begins_a_run_that_somebody_approves(served: Server) -> None:
    now = int(time.time() * 1000)
    sent = served.http.post("/api/v1/import/prometheus", content=f'load{{host="web1"}} 95 {now}\n')
    assert sent.status_code < 300
    run = first_of(served, "relieve")
    asked = until(served, run, "waiting_approval")
    assert (asked["labels"], asked["trigger"]["kind"], asked["trigger"]["value"]) == (
        {"host": "web1"},
        "monitor",
        95,
    )
    (waiting,) = [
        each
        for each in served.http.get("/api/v1/approvals").json()["approvals"]
        if each["workflow"] == "relieve"
    ]
    assert (waiting["run"], waiting["step"], waiting["shows"]) == (
        run,
        "ask",
        ["relieve web1?", "say: run on the server: echo 'web1 at 95.0'"],
    )
    assert asked["started"] == waiting["asked"]
    assert answer(served, run, "approve", note="go on").status_code == 200
    done = until(served, run, *ENDS)
    assert done["state"] == "succeeded"
    assert done["steps"][1]["output"]["text"] == "web1 at 95.0\n"
    assert answer(served, run, "approve").status_code == 409
    assert [(each["target"], each["detail"]) for each in audited(served, "run.approve")][-1] == (
        "ask",
        "go on",
    )
    events = served.http.get("/api/v1/events", params={"from": "-1h"}).json()["events"]
    assert {"relieve began", "relieve succeeded"} <= {each["text"] for each in events}


def test_a_no_and_a_silence_end_a_run_and_others_may_not_answer(served: Server) -> None:
    run = begin(served, "ask", whom="ann", within="1h")
    until(served, run, "waiting_approval")
    assert answer(served, run, "approve").status_code == 403
    late = begin(served, "ask", whom="ann", within="100ms")
    assert until(served, late, *ENDS)["state"] == "expired"
    assert answer(served, run, "cancel", note="not now").json()["id"] == run
    assert until(served, run, *ENDS)["state"] == "cancelled"
    assert answer(served, run, "cancel").status_code == 409
    assert served.http.get("/api/v1/runs/nobody").status_code == 404


def test_a_no_is_kept(served: Server) -> None:
    run = begin(served, "relieve", host="web9")
    until(served, run, "waiting_approval")
    assert answer(served, run, "deny", step="ask", note="not today").status_code == 200
    found = until(served, run, *ENDS)
    assert (found["state"], found["reason"]) == ("denied", "ask: anybody said no")
    assert [each["state"] for each in found["steps"]] == ["denied", "skipped"]
    assert audited(served, "run.deny")[0]["detail"] == "not today"


def test_a_webhook_begins_a_run_or_says_why_not(served: Server) -> None:
    def hook(name: str, body: object) -> httpx2.Response:
        return served.http.post(f"/api/v1/hooks/{name}", json=body)

    found = hook("hooked", {"labels": {"env": "prod"}, "more": "$(id)"}).json()
    assert found["why"] == "began"
    assert until(served, found["run"], *ENDS)["steps"][0]["output"]["text"] == "prod $(id)\n"
    other = hook("hooked", {"env": "stage"}).json()
    assert other == {"run": None, "why": "the label env is 'stage': it does not match"}
    assert hook("ask", {}).status_code == 400
    assert hook("hooked", []).status_code == 400
    assert hook("hooked", {"much": "x" * 70_000}).status_code == 400


def test_a_log_begins_a_run_that_tells_who_can_be_told(served: Server, hook: Hook) -> None:
    served.http.post("/api/v1/logs?host=web7", content="java.lang.OutOfMemoryError: Java heap space\n")
    found = until(served, first_of(served, "hears"), *ENDS)
    assert (found["state"], found["labels"]) == ("succeeded", {"host": "web7"})
    told, again = hook.first(2)
    (alert,) = told["alerts"]
    assert (told["groupLabels"], told["status"]) == ({"workflow": "web7 is out of memory"}, "firing")
    assert alert["labels"]["host"] == "web7"
    assert alert["annotations"]["summary"] == "host=web7 _count=1"
    assert alert["generatorURL"].endswith("/workflows")
    assert again["alerts"][0]["annotations"]["summary"] == "again"
    step = found["steps"][1]
    assert (step["state"], step["output"]) == ("failed", {"told": ["oncall"]})
    assert "nobody: " in step["error"]
    assert "500" in step["error"]
    assert (
        "absent: no file of monitors has a receiver of this name; there are oncall, nobody" in step["error"]
    )


def test_who_is_to_answer_is_told_where_and_only_once(
    served: Server, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    run_ = begin(served, "asks", host="web4")
    until_step(served, run_, "ask:asked:oncall", "succeeded")
    found = served.http.get(f"/api/v1/runs/{run_}").json()
    assert found["steps"][2]["error"].startswith("nobody: ")  # and it holds up nothing
    (told,) = asked(hook, run_)
    (alert,) = told["alerts"]
    assert (told["groupLabels"], alert["labels"]["host"]) == ({"workflow": "asks asks"}, "web4")
    assert alert["generatorURL"].endswith(f"/runs/{run_}")
    shown, what, how = alert["annotations"]["summary"].splitlines()
    assert (shown, what) == ("is it time?", "say: run on the server: echo now")
    assert f"heapwatch approve {run_}, or" in how
    served.kill()
    served.start()
    until(served, begin(served, "both", gc="no"), *ENDS)  # what was under way goes on meanwhile
    assert served.http.get(f"/api/v1/runs/{run_}").json()["state"] == "waiting_approval"
    assert run(["approve", run_, "--server", served.url]) == 0
    assert capsys.readouterr().err == ""
    assert until(served, run_, *ENDS)["state"] == "succeeded"
    assert len(asked(hook, run_)) == 1


def asked(hook: Hook, run_: str) -> list[dict[str, Any]]:
    with hook.news:
        return [each for each in hook.bodies if each["commonLabels"].get("run") == run_]


def until_step(server: Server, run_: str, step: str, state: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        steps = {
            each["id"]: each["state"] for each in server.http.get(f"/api/v1/runs/{run_}").json()["steps"]
        }
        if steps.get(step) == state:
            return
        assert time.monotonic() < deadline, steps
        time.sleep(0.02)


def test_a_host_that_cannot_be_collected_from_begins_a_run(served: Server) -> None:
    failed = until(served, begin(served, "collects"), *ENDS)
    assert (failed["state"], failed["steps"][0]["output"]["failed"]) == ("failed", ["dead"])
    found = until(served, first_of(served, "mends"), *ENDS)
    assert found["labels"] == {"host": "dead", "outcome": "unreachable"}
    assert found["trigger"]["kind"] == "collection_failed"
    assert found["steps"][0]["output"]["text"].startswith("dead: unreachable: ")


def test_a_run_is_told_step_by_step_to_who_looks(served: Server) -> None:
    with served.http.stream("GET", "/api/v1/live", timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines) is not None
        run_ = begin(served, "both", gc="no")
        told = [each["state"] for each in told_of(lines, run_)]
    assert told[-1] == "succeeded"
    assert told.count("running") >= 3  # it began, and its step began and ended
    assert set(told) <= {"queued", "running", "succeeded"}


def told_of(lines: Iterator[str], run_: str) -> Iterator[dict[str, Any]]:
    """What the stream says of a run, until it has ended."""
    for line in lines:
        if line == "event: run":
            said = json.loads(next(lines).removeprefix("data: "))
            if said["id"] == run_:
                yield said
                if said["state"] in ENDS:
                    return


def test_the_clock_begins_runs(served: Server) -> None:
    found = until(served, first_of(served, "clock"), *ENDS)
    assert (found["state"], found["trigger"]["kind"]) == ("succeeded", "every")


def test_what_was_done_is_undone_by_a_run_of_its_own(served: Server) -> None:
    run = begin(served, "both", gc="no")
    assert until(served, run, *ENDS)["state"] == "succeeded"
    undo = served.http.post(f"/api/v1/runs/{run}/undo", json={"note": "it was wrong"}).json()
    found = until(served, undo["id"], *ENDS)
    assert found["trigger"] == {"kind": "undo", "by": "anybody", "run": run, "note": "it was wrong"}
    assert found["steps"][0]["output"]["text"] == "undone after done\n\n"
    assert served.http.post(f"/api/v1/runs/{undo['id']}/undo", json={}).status_code == 409


def test_a_dry_run_says_what_it_would_do_and_does_nothing(served: Server, tmp_path: Path) -> None:
    body = {"labels": {"file": str(tmp_path / "begun")}, "dry_run": True}
    run = served.http.post("/api/v1/workflows/slow/runs", json=body).json()["id"]
    found = until(served, run, *ENDS)
    assert (found["state"], found["dry_run"], found["steps"][0]["state"]) == ("succeeded", True, "dry_run")
    assert "run on the server: sh -c" in found["steps"][0]["output"]["would"]
    assert not (tmp_path / "begun").exists()


def test_a_file_with_a_fault_changes_nothing(served: Server) -> None:
    path = served.data.parent / "flows" / "late.yml"
    path.write_text("workflow: late\non: manual\nsteps: [{id: a, do: nothing}]\n")
    refused = served.http.post("/-/reload")
    assert refused.status_code == 400
    assert "late.yml:3:" in refused.text
    path.write_text(
        "workflow: late\non: {cron: '0 4 * * *'}\nsteps: [{id: a, do: sleep, with: {for: 1ms}}]\n"
    )
    served.http.post("/-/reload").raise_for_status()
    found = {each["name"]: each for each in served.http.get("/api/v1/workflows").json()["workflows"]}
    assert found["late"]["triggers"] == ["cron 0 4 * * *"]
    assert found["late"]["text"].startswith("workflow: late\n")
    assert found["relieve"]["destructive"] == "approval"


def test_a_fault_in_the_monitors_leaves_the_workflows_as_they_are_too(served: Server) -> None:
    monitors, late = served.data.parent / "monitors.yml", served.data.parent / "flows" / "late.yml"
    sound, before = monitors.read_text(), late.read_text()
    monitors.write_text("monitors: [{name: load, kind: nothing}]\n")
    late.write_text(before.replace("0 4 * * *", "* * * * * *"))
    refused = served.http.post("/-/reload")
    assert refused.status_code == 400
    assert "monitors.yml:1:" in refused.text
    listed = {each["name"]: each for each in served.http.get("/api/v1/workflows").json()["workflows"]}
    assert listed["late"]["triggers"] == ["cron 0 4 * * *"]
    assert listed["late"]["text"] == before
    monitors.write_text(sound)
    served.http.post("/-/reload").raise_for_status()
    found = until(served, first_of(served, "late"), *ENDS)
    assert (found["state"], found["trigger"]["kind"]) == ("succeeded", "cron")
    late.write_text(before)
    served.http.post("/-/reload").raise_for_status()


def test_the_switch_stops_what_runs_and_refuses_what_is_new(served: Server, tmp_path: Path) -> None:
    run = begin(served, "slow", file=str(tmp_path / "begun"))
    until_there(tmp_path / "begun")
    thrown = served.http.put("/api/v1/switch", json={"stopped": True, "note": "all hands"}).json()
    assert (thrown["stopped"], thrown["by"], thrown["note"]) == (True, "anybody", "all hands")
    assert until(served, run, *ENDS)["state"] == "cancelled"
    refused = served.http.post("/api/v1/workflows/clock/runs", json={})
    assert refused.status_code == 409
    assert "all workflows were stopped by anybody: all hands" in refused.text
    assert served.http.put("/api/v1/switch", json={"stopped": False}).json()["stopped"] is False
    assert until(served, begin(served, "clock"), *ENDS)["state"] == "succeeded"


def test_the_command_line_begins_answers_and_shows(
    served: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    def cli(*words: str) -> tuple[int, str, str]:
        code = run([*words, "--server", served.url])
        out, err = capsys.readouterr()
        return code, out, err

    code, out, _ = cli("workflow", "run", "relieve", "--label", "host=web3", "-o", "json")
    id_ = json.loads(out)["id"]
    until(served, id_, "waiting_approval")
    assert "heapwatch approve " + id_ in cli("runs", "show", id_)[1]
    listed = json.loads(cli("runs", "list", "--workflow", "relieve", "-o", "json")[1])
    assert listed[0]["id"] == id_
    assert cli("approve", id_, "ask", "--note", "yes")[0] == 0
    code, out, _ = cli("runs", "follow", id_)
    assert (code, f"run {id_} of relieve: succeeded" in out) == (0, True)
    code, _, err = cli("deny", id_)
    assert (code, err) == (2, f"heapwatch: run {id_} waits for no answer\n")
    assert cli("runs", "undo", id_)[2] == f"heapwatch: run {id_} did nothing that it knows how to undo\n"
    assert cli("runs", "cancel", id_)[2] == f"heapwatch: run {id_} has ended: succeeded\n"
    assert cli("workflow", "run", "relieve", "--label", "x")[2].endswith(
        "--label x: write it as name=value\n"
    )
    rows = {each["name"]: each for each in json.loads(cli("workflow", "list", "-o", "json")[1])}
    assert rows["relieve"]["last"]["state"] == "succeeded"
    assert "hears     log OutOfMemoryError" in cli("workflow", "list")[1]
    assert "stopped by anybody" in cli("workflow", "stop", "--note", "tea")[1]
    assert "all workflows are stopped by anybody" in cli("workflow", "list")[1]
    assert "stopped by anybody: tea" in cli("workflow", "run", "clock")[2]
    assert cli("workflow", "start")[:2] == (0, "workflows begin again\n")


def test_a_server_that_ends_lets_a_step_finish_that_may_not_be_done_twice(
    served: Server, tmp_path: Path
) -> None:
    run_ = begin(served, "patient", file=str(tmp_path / "begun"))
    until_there(tmp_path / "begun")
    served.send_signal(signal.SIGTERM)
    until_logged(served, "waits for steps that may not be done twice")
    (tmp_path / "begun").unlink()
    assert served.gone() == 0
    served.start()
    found = until(served, run_, *ENDS)
    assert [each["state"] for each in found["steps"]] == ["succeeded", "succeeded"]
    assert found["steps"][1]["output"]["text"] == "after over\n\n"
    assert found["steps"][1]["started"] > served.http.get("/api/v1/status").json()["started"]


def until_logged(server: Server, event: str) -> None:
    deadline = time.monotonic() + 30
    while event not in [each["event"] for each in server.logged()]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_kill_in_the_middle_of_a_run_ends_it_truthfully(served: Server, tmp_path: Path) -> None:
    waits = begin(served, "relieve", host="web2")
    until(served, waits, "waiting_approval")
    other = begin(served, "ask", whom="ann", within="1h")
    until(served, other, "waiting_approval")
    run = begin(served, "slow", file=str(tmp_path / "begun"))
    until_there(tmp_path / "begun")
    served.kill()
    (tmp_path / "begun").unlink()
    with closing(sqlite3.connect(served.data / "workflows.db")) as remembered, remembered:
        sql = "UPDATE workflow_status SET application_version = 'runs-0' WHERE workflow_uuid = ?"
        assert remembered.execute(sql, [other]).rowcount == 1
    served.start()
    found = served.http.get(f"/api/v1/runs/{other}").json()
    assert (found["state"], found["reason"][:38]) == ("failed", "another version of the server began th")
    found = until(served, run, *ENDS)
    assert (found["state"], found["steps"][0]["state"]) == ("failed", "unknown")
    assert "interrupted, outcome unknown" in found["reason"]
    assert not (tmp_path / "begun").exists()
    assert answer(served, waits, "approve").status_code == 200
    assert until(served, waits, *ENDS)["state"] == "succeeded"
    last = begin(served, "ask", whom="ann", within="1h")
    until(served, last, "waiting_approval")
    assert served.stop() == 0
    newest, _ = Audit(served.data).verify()
    assert newest is not None
    assert newest.what == "run.begin"
    served.start()  # for the others, in whatever order they come


def until_there(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
