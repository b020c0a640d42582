"""Runs by the real engine: asked, answered, stopped, tried again, undone; what is written of them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from heapwatch.errors import Refused, Unavailable, UsageError
from heapwatch.monitor import marked
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.durable import DbosEngine
from heapwatch.workflow.records import CANCELLED, ENDS, QUEUED, WAITING, Records
from heapwatch.workflow.running import House, body
from heapwatch.workflow.runs import Runs
from heapwatch.workflow.steps.base import Job
from heapwatch.workflow.switch import Switch

SHIPPED = Path(__file__).parents[2] / "examples" / "workflows"


class Server:
    """A house with the engine, and a way to wait for what becomes of a run."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = Records(folder / "runs.db")
        self.audit = Audit(folder)
        self._changed = threading.Condition()
        self.told = []
        self.newest, self.verdict = [1.0], "fixed"
        self.house = House(
            self.kept, self.audit, Switch(folder), self._job, "allowed", changed=lambda _run: self._tell()
        )
        self.runs = Runs(self.house, DbosEngine.of_folder(folder, poll_s=0.02))
        self.runs.start()

    def _job(self, seconds, stop):
        return Job(seconds, self, self, stop, self, self)

    def values(self, query, within_ms):
        return self.newest

    def verified(self, service, before, after, classes):
        return {
            "proofs": [{"class": "shop.Order", "verdict": self.verdict, "sentence": "so it is"}],
            "new": [],
        }

    def collect(self, pattern, jvms, mode, timeout_s, stop):
        if pattern == "a fault":
            raise RuntimeError("a bug")
        return [{"host": "h2", "outcome": "unreachable", "why": "nobody", "failed": not pattern, "jvms": []}]

    def tell(self, receiver, title, text, labels):
        if receiver == "deaf":
            raise Unavailable("nobody listens")
        self.told.append((receiver, title, text, labels.get("service")))

    def _tell(self):
        with self._changed:
            self._changed.notify_all()

    def begin(
        self, *steps, leave="allowed", head="workflow: w\nlimits: {concurrency: 9}", by="manual", **labels
    ):
        self.house.leave = leave
        text = head + "\non: manual\ndestructive: allowed\nsteps:\n" + "".join(f"  - {s}\n" for s in steps)
        return self.runs.begin(marked.parse(text, "w.yml").value, labels, {"kind": by}, "cli:ann")

    def until(self, run, *states):
        with self._changed:
            assert self._changed.wait_for(lambda: self.kept.run(run)["state"] in states, 20)
        return self.kept.run(run)

    def ended(self, run):
        return self.until(run, *ENDS)

    def done(self, run, step):
        """Wait until a step has been tried; the record of it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended(run, step), 20)
        return self._ended(run, step)[-1]

    def _ended(self, run, step):
        return [row for row in self.kept.attempts(run) if row["step"] == step and row["ended"]]

    def attempts(self, run):
        return [(row["step"], row["attempt"], row["state"]) for row in self.kept.attempts(run)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("runs"))
    yield made
    made.runs.stop()
    made.kept.close()


def test_a_command_runs_by_its_words_and_no_shell_reads_a_label(server):
    run = server.begin('{id: say, do: command, with: {argv: [echo, "{{ labels.a }}"]}}', a="$(id); `id`")
    assert server.ended(run)["state"] == "succeeded"
    assert server.kept.attempts(run)[0]["output"]["text"] == "$(id); `id`\n"


def test_a_label_cannot_become_an_option(server):
    run = server.begin('{id: say, do: command, with: {argv: [ls, "{{ labels.a }}"]}}', a="--help")
    assert "makes an option" in server.ended(run)["text"]


def test_what_fails_is_tried_again_and_what_was_done_is_undone_the_last_first(server, tmp_path):
    def note(name):
        return f'{{do: command, with: {{argv: [sh, -c, "echo {name} >> {tmp_path}/log"]}}}}'

    run = server.begin(
        f"{{id: a, do: command, with: {{argv: ['true']}}, undo: {note('undo-a')}}}",
        f"{{id: b, do: command, with: {{argv: ['true']}}, undo: {note('undo-b')}}}",
        "{id: c, do: command, with: {argv: ['false']}, retry: {count: 2, delay: 10ms}, on_fail: [undo]}",
    )
    found = server.ended(run)
    assert (found["state"], found["text"]) == ("failed", "c: false ended with code 1; undone")
    assert (tmp_path / "log").read_text().split() == ["undo-b", "undo-a"]
    assert [each for each in server.attempts(run) if each[0] == "c"] == [
        ("c", n, "failed") for n in (1, 2, 3)
    ]


def test_a_fault_of_ours_ends_the_run_and_says_so(server):
    head = "workflow: faulty"
    run = server.begin("{id: a, do: collect, with: {hosts: a fault}}", head=head)
    found = server.ended(run)
    assert (found["state"], found["text"]) == ("failed", "a fault of the server: RuntimeError: a bug")
    assert server.attempts(run) == [("a", 1, "unknown")]
    assert server.ended(server.begin(NAP, head=head))["state"] == "succeeded"


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(server):
    run = server.begin("{id: a, do: command, with: {argv: [sh, -c, 'sleep 60 & sleep 60']}, timeout: 300ms}")
    found = server.ended(run)
    assert (found["state"], found["text"]) == ("timed_out", "a: not done within 0.3 s")


def test_somebody_says_yes_and_others_may_not(server):
    run = server.begin(
        "{id: ask, do: approval, with: {users: [ann]}}", "{id: a, do: sleep, with: {for: 5ms}}"
    )
    server.until(run, WAITING)
    with pytest.raises(Refused, match="is for ann to answer"):
        server.runs.answer(run, None, "user:bob", "bob", yes=True)
    server.runs.answer(run, None, "user:ann", "ann", yes=True)
    assert server.ended(run)["state"] == "succeeded"
    with pytest.raises(UsageError, match="waits for no answer"):
        server.runs.answer(run, None, "user:ann", "ann", yes=True)
    assert server.kept.attempts(run)[0]["output"] == {"by": "user:ann"}


class Killed(BaseException):
    pass


class Until:
    """What a run remembers over ends of the server, each of them while it waits."""

    def __init__(self):
        self.known = {}

    def once(self, name, work):
        if name not in self.known or name.endswith("answer"):
            self.known[name] = work()
        return self.known[name]

    def wait(self, seconds):
        raise Killed


def test_a_run_that_waits_for_an_answer_still_does_after_a_restart(server):
    text = "workflow: w\non: manual\nsteps:\n  - {id: ask, do: approval, with: {text: now}}\n"
    server.kept.add("waits", marked.parse(text, "w.yml").value, {}, {"kind": "manual"}, QUEUED, "")
    remembered = Until()
    for _ in range(2):
        with pytest.raises(Killed):
            body(server.house)("waits", remembered)
        assert server.kept.run("waits")["state"] == WAITING
    server.kept.state("waits", CANCELLED)


def test_an_answer_whose_word_is_lost_is_seen_at_the_next_look(server, monkeypatch):
    monkeypatch.setattr("heapwatch.workflow.running.LOOK_S", 0.05)
    run = server.begin("{id: ask, do: approval}", head="workflow: unheard")
    server.until(run, WAITING)
    assert server.kept.answer(run, "ask", "approved", "user:ann")
    assert server.ended(run)["state"] == "succeeded"


def test_a_no_ends_the_run_and_so_does_no_answer(server):
    denied = server.begin("{id: ask, do: approval}", "{id: a, do: command, with: {argv: ['true']}}")
    server.until(denied, WAITING)
    server.runs.answer(denied, "ask", "user:ann", "ann", yes=False)
    assert server.ended(denied)["text"] == "ask: user:ann said no"
    expired = server.begin(
        "{id: ask, do: approval, with: {expires: 50ms}}", "{id: a, do: command, with: {argv: ['true']}}"
    )
    found = server.ended(expired)
    assert (found["state"], found["text"]) == ("expired", "ask: nobody answered in time")
    assert server.attempts(denied) == server.attempts(expired) == []


def test_what_is_destructive_only_says_what_it_would_do_or_asks_until_it_is_allowed(server, tmp_path):
    step = f"{{id: a, do: command, with: {{argv: [touch, {tmp_path}/done]}}}}"
    run = server.begin(step, leave="dry_run")
    assert server.ended(run)["state"] == "succeeded"
    assert server.kept.attempts(run)[0]["output"] == {"would": f"run on the server: touch {tmp_path}/done"}
    run = server.begin(step, leave="approval")
    server.until(run, WAITING)
    assert not (tmp_path / "done").exists()
    assert server.kept.approval(run, "a")["text"] == f"a: run on the server: touch {tmp_path}/done"
    server.runs.answer(run, None, "user:ann", "ann", yes=True)
    server.ended(run)
    assert (tmp_path / "done").exists()


def test_an_approval_that_showed_what_comes_is_asked_for_once(server):
    run = server.begin(
        "{id: ask, do: approval}", "{id: a, do: command, with: {argv: ['true']}}", leave="approval"
    )
    server.until(run, WAITING)
    assert server.kept.approval(run, "ask")["text"] == "a: run on the server: true"
    server.runs.answer(run, None, "user:ann", "ann", yes=True)
    assert server.ended(run)["state"] == "succeeded"
    assert server.kept.approval(run, "a") is None


def test_the_kill_switch_ends_what_runs_and_refuses_what_is_new(server):
    run = server.begin("{id: a, do: command, with: {argv: [sleep, '60']}}", "{id: b, do: approval}")
    server.until(run, "running")
    server.runs.throw_switch("user:ann", "wrong hosts")
    try:
        assert server.ended(run)["state"] == "cancelled"
        with pytest.raises(Refused, match="all workflows were stopped by user:ann: wrong hosts"):
            server.begin("{id: a, do: sleep, with: {for: 1ms}}")
        assert Switch(server.folder).thrown().why == "wrong hosts"  # as a server that starts anew finds it
    finally:
        server.runs.release_switch("user:ann")
    assert server.ended(server.begin("{id: a, do: sleep, with: {for: 1ms}}"))["state"] == "succeeded"


def test_a_run_is_cancelled_in_the_middle_of_a_long_sleep(server):
    run = server.begin("{id: a, do: sleep, with: {for: 1h}}")
    server.until(run, "running")
    server.runs.cancel(run, "user:ann")
    found = server.ended(run)
    assert (found["state"], found["text"]) == ("cancelled", "stopped by user:ann before a")


def test_nobody_but_the_file_names_a_secret(server, monkeypatch):
    monkeypatch.setenv("DEPLOY_KEY", "hunter2-and-more")
    label = "\u27e8secret env:DEPLOY_KEY\u27e9"
    run = server.begin(
        '{id: a, do: command, with: {argv: [echo, "{{ labels.a }}"]}}',
        '{id: b, do: command, with: {argv: [echo, "{{ steps.a.output.text }}"]}}',
        a=label,
    )
    assert server.ended(run)["state"] == "succeeded"
    said = [row["output"]["text"].strip() for row in server.kept.attempts(run)]
    assert said == ["<secret env:DEPLOY_KEY>"] * 2


def test_a_secret_is_in_no_file_and_the_audit_holds(server, monkeypatch):
    monkeypatch.setenv("DEPLOY_KEY", "hunter2-and-more")
    run = server.begin("{id: a, do: command, with: {argv: [echo, \"{{ secret('env:DEPLOY_KEY') }}\"]}}")
    assert server.ended(run)["state"] == "succeeded"
    row = server.kept.attempts(run)[0]
    assert row["output"]["text"] == "***\n"
    assert "secret env:DEPLOY_KEY" in row["parameters"]["argv"][1]
    for file in server.folder.iterdir():
        assert b"hunter2" not in file.read_bytes(), file
    server.audit.verify()
    what = [(each.what, each.target) for each in server.audit.newest(3)]
    assert what == [("run.end", "w"), ("run.step", "a"), ("run.begin", "w")]


ASK = "{id: ask, do: approval}"
TOUCH = "{id: a, do: command, with: {argv: ['true']}}"


def yes(server, run):
    server.until(run, WAITING)
    server.runs.answer(run, None, "user:ann", "ann", yes=True)
    assert server.ended(run)["state"] == "succeeded"


def test_one_replica_of_a_service_at_a_time_whatever_the_workflow(server):
    first = server.begin(ASK, TOUCH, service="shop", host="h1")
    server.until(first, WAITING)
    second = server.begin(ASK, TOUCH, head="workflow: other", service="shop", host="h2")
    elsewhere = server.begin(ASK, TOUCH, head="workflow: third", service="cart")
    server.until(elsewhere, WAITING)
    assert server.kept.run(second)["state"] == "queued"
    yes(server, first)
    yes(server, second)
    yes(server, elsewhere)


def test_what_is_full_waits_or_is_left_out_and_says_so(server):
    head = "workflow: full\nlimits: {concurrency: 1, by: [host], on_full: drop}"
    first = server.begin(ASK, head=head, host="h1")
    with pytest.raises(Refused, match="1 of 1 are under way for host=h1"):
        server.begin(ASK, head=head, host="h1")
    other = server.begin(ASK, head=head, host="h2")
    yes(server, first)
    yes(server, other)
    assert [row["state"] for row in server.kept.lately("full", 0)].count("skipped") == 1


def test_once_within_a_time_and_so_many_in_a_day(server):
    nap = "{id: a, do: sleep, with: {for: 1ms}}"
    head = "workflow: often\nthrottle: {once_within: 1h, by: [host]}\nlimits: {max_runs_per_day: 2}"
    server.ended(server.begin(nap, head=head, host="h1"))
    with pytest.raises(Refused, match="once within 3600 s is the limit for host=h1"):
        server.begin(nap, head=head, host="h1")
    server.ended(server.begin(nap, head=head, host="h2"))
    with pytest.raises(Refused, match="2 runs in 24 hours are the limit"):
        server.begin(nap, head=head, host="h3")


def test_a_run_that_waits_for_its_turn_can_be_cancelled(server):
    first = server.begin(ASK, head="workflow: turns")
    second = server.begin(ASK, head="workflow: turns")
    server.runs.cancel(second, "user:ann")
    assert server.kept.run(second)["text"] == "stopped by user:ann before it began"
    yes(server, first)


NAP = "{id: a, do: sleep, with: {for: 1ms}}"


def test_one_run_some_time_after_the_first_of_many_triggers(server):
    head = "workflow: calm\nthrottle: {once_after: 200ms, by: [host]}"
    run = server.begin(NAP, head=head, by="log", host="h1")
    with pytest.raises(Refused, match=f"run {run}, which begins in 0 s, is for this trigger too"):
        server.begin(NAP, head=head, by="log", host="h1")
    other = server.begin(NAP, head=head, by="log", host="h2")
    assert server.ended(run)["state"] == server.ended(other)["state"] == "succeeded"
    kept = server.kept.lately("calm", 0)
    assert len(kept) == 2
    assert all(row["ended"] >= row["began"] + 200 for row in kept)


def test_who_begins_by_hand_waits_for_no_more_triggers_and_a_delayed_run_can_be_cancelled(server):
    head = "workflow: later\nthrottle: {once_after: 1h}"
    assert server.ended(server.begin(NAP, head=head))["state"] == "succeeded"
    run = server.begin(NAP, head=head, by="monitor")
    assert server.kept.run(run)["state"] == "delayed"
    server.runs.cancel(run, "user:ann")
    assert server.kept.run(run)["text"] == "stopped by user:ann before it began"


def test_a_run_only_after_so_many_triggers_which_are_then_counted_anew(server):
    head = "workflow: many\nthrottle: {at_least: {count: 2, within: 1h}, by: [host]}"
    for _ in range(2):
        for host in ("h1", "h2"):
            with pytest.raises(Refused, match=f"1 of 2 triggers within 3600 s for host={host}"):
                server.begin(NAP, head=head, by="log", host=host)
        for host in ("h1", "h2"):
            server.ended(server.begin(NAP, head=head, by="log", host=host))
    assert len(server.kept.lately("many", 0)) == 4


def test_who_is_to_be_told_is_told_of_a_step_that_fails_once_it_is_undone(server):
    head = "workflow: loud\nnotify: [deaf, oncall]"
    undo = (
        "undo: {do: command, with: {argv: ['true']}}, on_fail: [undo, notify], retry: {count: 1, delay: 1ms}"
    )
    run = server.begin(
        f"{{id: a, do: command, with: {{argv: ['false']}}, {undo}}}", head=head, service="shop"
    )
    assert server.ended(run)["text"] == "a: false ended with code 1; undone"
    told = [each for each in server.told if each[1].startswith("loud ")]
    assert told == [("oncall", "loud failed", "a: false ended with code 1; undone", "shop")]
    assert server.attempts(run) == [
        ("a", 1, "failed"),
        ("a", 2, "failed"),
        ("a:undo", 1, "succeeded"),
        ("a:notify:deaf", 1, "failed"),
        ("a:notify:deaf", 2, "failed"),
        ("a:notify:oncall", 1, "succeeded"),
    ]
    assert server.kept.attempts(run)[-2]["error"] == "deaf: nobody listens"


def test_who_is_to_be_told_is_told_once_what_is_asked_and_how_one_answers(server):
    ask = "{id: ask, do: approval, with: {text: 'may I?', users: [ann]}}"
    run = server.begin(ask, TOUCH, head="workflow: asking\nnotify: [deaf, oncall]", service="shop")
    server.done(run, "ask:asked:oncall")
    server.runs.answer(run, None, "user:ann", "ann", yes=True)
    assert server.ended(run)["state"] == "succeeded"
    how = f"no answer within 15m is a no: heapwatch approve {run}, or heapwatch deny {run}"
    text = f"may I?\na: run on the server: true\nonly ann may answer; {how}"
    told = [each for each in server.told if each[1] == "asking asks"]
    assert told == [("oncall", "asking asks", text, "shop")]
    assert server.attempts(run) == [
        ("ask:asked:deaf", 1, "failed"),
        ("ask:asked:oncall", 1, "succeeded"),
        ("ask", 1, "succeeded"),
        ("a", 1, "succeeded"),
    ]
    assert server.kept.attempts(run)[0]["error"] == "deaf: nobody listens"


def test_leave_for_what_is_destructive_is_asked_for_without_its_secrets(server, monkeypatch):
    monkeypatch.setenv("DEPLOY_KEY", "hunter2-and-more")
    step = "{id: a, do: command, with: {argv: [echo, \"{{ secret('env:DEPLOY_KEY') }}\"]}}"
    run = server.begin(step, head="workflow: leaving\nnotify: [oncall]", leave="approval")
    assert server.done(run, "a:asked:oncall")["state"] == "succeeded"
    text = server.told[-1][2]
    assert text.startswith("a: run on the server: echo '<secret env:DEPLOY_KEY>'\nno answer within 15m")
    yes(server, run)
    assert server.kept.attempts(run)[-1]["output"]["text"] == "***\n"


def test_an_approval_names_whom_it_is_for_instead_of_all(server):
    ask = "{id: ask, do: approval, with: {to: [lead]}}"
    run = server.begin(ask, head="workflow: naming\nnotify: [oncall]")
    server.done(run, "ask:asked:lead")
    yes(server, run)
    assert [each[0] for each in server.told if each[1] == "naming asks"] == ["lead"]


@pytest.mark.parametrize(
    ("newest", "verdict", "back", "title"),
    [
        ([1.0], "fixed", False, None),
        ([1.0], "not fixed", True, "shop 1.1 is taken back on h1"),
        ([3e9], "fixed", True, "shop 1.1 is taken back on h1"),
        ([1.0], "not enough data", False, "shop 1.1 is not proved good on h1, and stays"),
        ([], "fixed", False, "shop 1.1 is not proved good on h1, and stays"),
    ],
)
def test_the_shipped_canary_takes_back_only_what_is_bad_for_certain(
    server, tmp_path, newest, verdict, back, title
):
    written = marked.read(SHIPPED / "canary.yml").value | {"destructive": "allowed"}
    for step in written["steps"]:
        step["with"] |= {
            name: soon for name, soon in (("for", "1ms"), ("within", "0s")) if name in step["with"]
        }
        if step["do"] == "command":
            step["with"]["argv"] = ["touch", str(tmp_path / "back")]
    server.newest, server.verdict, server.told[:] = newest, verdict, []
    server.house.leave = "allowed"
    labels = {"service": "shop", "host": "h1", "before": "1.0", "after": "1.1"}
    run = server.runs.begin(written, labels, {"kind": "webhook"}, "trigger:webhook")
    assert server.ended(run)["state"] == "succeeded"
    assert (tmp_path / "back").exists() is back
    assert [each[1] for each in server.told] == ([title] if title else [])


def test_old_runs_are_deleted_with_all_that_was_remembered_of_them(server):
    head = "workflow: passing\nlimits: {concurrency: 9}"
    gone, other = (server.begin(NAP, head=head) for _ in range(2))
    waits = server.begin(ASK, head=head)
    for run in (gone, other):
        server.ended(run)
    server.until(waits, WAITING)
    after = server.kept.now() + 1
    server.runs.tidy(after, 0, after)
    assert server.kept.run(gone) is None
    assert server.kept.attempts(gone) == []
    with closing(sqlite3.connect(server.folder / "workflows.db")) as remembered:
        sql = "SELECT count(*) FROM {} WHERE workflow_uuid = ?"
        for table in ("workflow_status", "operation_outputs"):
            assert remembered.execute(sql.format(table), [gone]).fetchone() == (0,)
            assert remembered.execute(sql.format(table), [waits]).fetchone() > (0,)
    yes(server, waits)


def test_the_newest_runs_are_kept_and_those_that_count_for_a_day(tmp_path):
    now = [0.0]
    kept = Records(tmp_path / "runs.db", lambda: now[0])
    for second in range(6):
        now[0] = float(second)
        kept.add(f"r{second}", {"workflow": "a" if second else "other"}, {}, {}, "skipped")
    kept.add("open", {"workflow": "a"}, {}, {})
    assert kept.old(3000, 0, 10_000) == ["r1", "r2"]  # r0 is the newest of its workflow
    assert kept.old(0, 2, 10_000) == ["r1", "r2", "r3", "r4"]
    assert kept.old(6000, 1, 2000) == ["r1", "r2"]
    assert kept.old(0, 0, 10_000) == []
    kept.drop(["r1", "r2"])
    assert [row["id"] for row in kept.runs()] == ["open", "r5", "r4", "r3", "r0"]
    kept.close()


def test_the_shipped_collection_says_what_failed_and_tells_whom_when_it_cannot_be_repaired(server):
    written = marked.read(SHIPPED / "periodic-collection.yml").value | {"destructive": "allowed"}
    server.house.leave = "allowed"
    run = server.runs.begin(written, {}, {"kind": "every"}, "trigger:every")
    assert server.ended(run)["state"] == "failed"
    found = {row["step"]: row for row in server.kept.attempts(run)}
    assert {name: row["state"] for name, row in found.items()} == {
        "collect": "failed", "log": "succeeded", "repair": "failed", "repair:notify:oncall": "succeeded"
    }  # fmt: skip
    assert found["log"]["output"]["text"] == "collected: 0 of 1 hosts, 0 JVMs; h2: unreachable: nobody"
    assert found["repair"]["parameters"]["limit"] == "h2"
    assert server.told[-1][:2] == ("oncall", "periodic-collection failed")
