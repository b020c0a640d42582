"""The story end to end: a leak on three real JVMs is seen, named, found everywhere, and its fix proved; and
workflows collect all the while, repair a host that fails, and take evidence.

One demo is played through once (`story`); each test is one sentence about what was seen.
"""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from acting import CHILD, CRASHED, Acted, heapwatch, output, prove, repair
from watching import HEAPWATCH, Api, demo_url

from heapwatch.cli.demo import control

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

HOSTS = ("memleak1", "memleak2", "memleak3")
ENOUGH = 6
"""Histograms of one life that make a curve."""

EVERY_SECOND = {"from": "-10m", "interval": "1s"}

QUICK = {**os.environ, "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
"""None of these JVMs lives long enough for its best compiler to be worth its time."""

WATCHED_MS = 25_000
"""How long the fixed version is watched."""


@dataclass
class Life:
    """What the server knows of one incarnation."""

    host: str
    version: str
    totals: list[int]
    children: list[int]
    grown: dict[str, int]  # class -> more instances, first histogram to last
    most: list[str]  # the classes with most instances in the last histogram
    span_ms: int


@dataclass
class Story:
    """All that was seen while the demo ran, and after it."""

    faulty: dict[str, Life] = field(default_factory=dict)
    fixed: dict[str, Life] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    jvms: list[dict[str, Any]] = field(default_factory=list)
    acted: Acted = field(default_factory=Acted)
    audit: subprocess.CompletedProcess[str] | None = None
    exit_code: int = -1
    output: str = ""
    left_over: list[int] = field(default_factory=list)


class Playing:
    """A running demo."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.log = folder / "demo.log"
        command = [*HEAPWATCH, "demo", "--fast", "--no-browser", "--plain", "--for", "14m"]
        command += ["--state", str(self.state), "--data", str(folder / "data")]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=QUICK
            )
        self.seen: set[int] = set()
        self.api = Api(demo_url(self.process, self.state, self.log))

    def status(self) -> dict[str, Any]:
        status = control.ask(self.state, "status")
        self.seen.update(status["processes"])
        return status

    def fix(self) -> None:
        subprocess.run([*HEAPWATCH, "demo", "fix", "--state", str(self.state)], check=True, timeout=60)

    def lives(self, version: str) -> dict[str, Life]:
        """Per host the longest life in this version, of those that have a curve."""
        found: dict[str, Life] = {}
        for jvm in self.api.get("jvms")["jvms"]:
            if jvm["labels"].get("version") == version:
                life = self._life(jvm)
                if life and (jvm["host"] not in found or life.span_ms > found[jvm["host"]].span_ms):
                    found[jvm["host"]] = life
        return found

    def _life(self, jvm: dict[str, Any]) -> Life | None:
        which = {"host": jvm["host"], "jvm": jvm["jvm"]}
        totals = _of(self.api.get("totals", **which, **EVERY_SECOND), jvm, "bytes")
        if len(totals) < ENOUGH:
            return None
        children = _of(self.api.get("class", **which, **EVERY_SECOND, **{"class": CHILD}), jvm, "instances")
        ends = {"before": totals[0][0], "at": totals[-1][0]}
        classes = self.api.get("classes", **which, **ends, pid=jvm["pid"], sort="delta_instances", limit=40)
        columns = classes["columns"]
        return Life(
            host=jvm["host"],
            version=jvm["labels"]["version"],
            totals=[value for _, value in totals],
            children=[value for _, value in children],
            grown=dict(zip(columns["class"], columns["delta_instances"])),
            most=self._most(which, jvm["pid"], totals[-1][0]),
            span_ms=totals[-1][0] - totals[0][0],
        )

    def _most(self, which: dict[str, Any], pid: int, at: int) -> list[str]:
        answer = self.api.get("classes", **which, pid=pid, at=at, sort="instances", limit=20)
        return list(answer["columns"]["class"])

    def end(self) -> int:
        self.status()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def _of(answer: dict[str, Any], jvm: dict[str, Any], measure: str) -> list[tuple[int, int]]:
    """(time, value) of one incarnation in a columnar answer."""
    for series in answer["series"]:
        labels = series["labels"]
        if (labels["host"], str(labels["pid"])) == (jvm["host"], str(jvm["pid"])):
            return [(t, v) for t, v in zip(answer["times"], series[measure]) if v is not None]
    return []


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, needs: Any) -> Story:
    needs("javac")
    folder = tmp_path_factory.mktemp("story")
    playing = Playing(folder)
    told = Story()
    try:
        told.acted = repair(playing.api, playing.state, playing.log)
        playing.api.until("a curve of every host", lambda: playing.lives("1.0.0").keys() == set(HOSTS))
        prove(playing.api, told.acted)
        playing.api.until("the end of some JVM's memory", lambda: _events(playing, "oom"), 400)
        told.faulty = playing.lives("1.0.0")
        playing.status()
        playing.fix()
        playing.api.until("the fixed version on every host", lambda: _watched(playing), 300)
        told.fixed = playing.lives("1.0.1")
        told.events = _events(playing)
        told.jvms = playing.api.get("jvms")["jvms"]
        told.exit_code = playing.end()
    finally:
        playing.process.kill()
        playing.process.wait()
    told.output = playing.log.read_text()
    told.audit = heapwatch("audit", "verify", "--data", str(folder / "data" / "store"))
    told.left_over = [pid for pid in playing.seen if _alive(pid)]
    return told


def _events(playing: Playing, kind: str | None = None) -> list[dict[str, Any]]:
    events = playing.api.get("events", **{"from": "-1h"})["events"]
    return [event for event in events if kind in (None, event["kind"])]


def _watched(playing: Playing) -> bool:
    lives = playing.lives("1.0.1")
    return lives.keys() == set(HOSTS) and all(life.span_ms >= WATCHED_MS for life in lives.values())


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_three_hosts_appear_under_their_names(story: Story) -> None:
    assert {jvm["host"] for jvm in story.jvms} == set(HOSTS)
    assert all(jvm["jvm"].startswith(jvm["host"]) for jvm in story.jvms)


@pytest.mark.parametrize("host", HOSTS)
def test_the_total_of_each_host_rises(story: Story, host: str) -> None:
    totals = story.faulty[host].totals
    half = len(totals) // 2
    assert max(totals[half:]) > 1.5 * min(totals[:half])


@pytest.mark.parametrize("host", HOSTS)
def test_by_count_the_tree_and_the_actors_cells_lead(story: Story, host: str) -> None:
    most = story.faulty[host].most
    assert any("RedBlackTree" in name for name in most), most
    assert "akka.actor.ActorCell" in most


@pytest.mark.parametrize("host", HOSTS)
def test_of_the_applications_own_classes_it_is_the_child_that_grows(story: Story, host: str) -> None:
    own = {name: count for name, count in story.faulty[host].grown.items() if name.startswith("memleak.")}
    assert CHILD in own
    assert own[CHILD] >= 0.95 * max(own.values())


@pytest.mark.parametrize("host", HOSTS)
def test_the_leaking_class_grows_with_every_histogram_on_every_host(story: Story, host: str) -> None:
    children = story.faulty[host].children
    assert children == sorted(children)
    assert children[-1] > 10 * max(1, children[0]) or children[-1] > 5000


def test_there_are_as_many_new_cells_as_children(story: Story) -> None:
    grown = story.faulty["memleak1"].grown
    assert grown["akka.actor.ActorCell"] == pytest.approx(grown[CHILD], rel=0.05)


def test_the_end_of_memory_is_survived_and_marked(story: Story) -> None:
    ended = [event for event in story.events if event["kind"] == "oom"]
    assert {event["labels"]["host"] for event in ended} <= set(HOSTS)
    assert len(story.jvms) >= 6


def test_the_deploy_is_marked_on_every_host(story: Story) -> None:
    deployed = [event for event in story.events if event["kind"] == "deploy"]
    assert {event["labels"]["host"] for event in deployed} == set(HOSTS)


@pytest.mark.parametrize("host", HOSTS)
def test_with_the_fix_as_many_actors_end_as_begin(story: Story, host: str) -> None:
    faulty, fixed = story.faulty[host], story.fixed[host]
    leak_per_ms = faulty.grown[CHILD] / faulty.span_ms
    assert fixed.children[-1] < 0.5 * leak_per_ms * fixed.span_ms


def test_the_demo_ends_on_ctrl_c_and_leaves_nothing_running(story: Story) -> None:
    assert story.exit_code == 0
    assert story.left_over == []


def test_at_its_end_the_demo_says_in_words_what_was_seen(story: Story) -> None:
    assert "What grew most by count, on all 3 hosts:" in story.output
    assert "akka.actor.ActorCell" in story.output
    assert "the fault is in the program, not in a machine" in story.output
    assert "With the fix (1.0.1): memleak.Child" in story.output


def test_a_jvm_that_ended_fails_the_collection_of_its_host_alone(story: Story) -> None:
    asked = story.acted.asked
    rows = {row["host"]: row["outcome"] for row in output(asked, "collect")["hosts"]}
    assert rows.keys() == set(HOSTS)
    assert rows[CRASHED] == "jvm missing"
    assert output(asked, "collect")["failed"] == [CRASHED]
    assert asked["trigger"]["kind"] == "every"
    assert output(asked, "log")["text"].startswith("collected: 2 of 3 hosts")


def test_nothing_is_repaired_before_somebody_says_yes(story: Story) -> None:
    asked = story.acted.asked
    step = next(each for each in asked["steps"] if each["id"] == "repair")
    assert step["state"] == "waiting_approval"
    assert f"repair-collection.yml on {CRASHED}" in " ".join(step["approval"]["shows"])
    assert f"press y, or heapwatch approve {asked['id']}" in story.output


def test_after_a_yes_a_playbook_starts_the_jvm_and_it_is_collected_from_again(story: Story) -> None:
    acted = story.acted
    assert acted.yes is not None
    assert acted.yes.returncode == 0, acted.yes.stderr
    states = {step["id"]: step["state"] for step in acted.repaired["steps"]}
    done = ("log", "repair", "again", "repair:asked:oncall")
    assert states == {"collect": "failed", **dict.fromkeys(done, "succeeded")}
    assert acted.repaired["state"] == "succeeded"
    assert "changed=1" in output(acted.repaired, "repair")["text"]
    (again,) = output(acted.repaired, "again")["hosts"]
    before, after = acted.pids
    assert after not in (0, before)
    (jvm,) = again["jvms"]
    assert (again["host"], again["outcome"], jvm["pid"]) == (CRASHED, "ok", after)
    assert jvm["bytes"] in acted.stored


def test_what_leaks_leaves_a_histogram_threads_and_who_holds_it(story: Story) -> None:
    run = story.acted.evidence
    assert (run["trigger"]["kind"], run["labels"]["class"]) == ("leak", CHILD)
    assert run["trigger"]["state"] in ("suspect", "confirmed")
    assert CHILD in output(run, "classes")["text"]
    assert output(run, "threads")["java"] > 0
    assert {str(output(run, step["id"])["pid"]) for step in run["steps"]} == {run["labels"]["pid"]}


def test_who_holds_it_stands_on_the_page_of_the_class(story: Story) -> None:
    found, run = story.acted.diagnosis, story.acted.evidence
    assert (found["by"], found["suspect"], found["confirmed_by"]) == ("workflow:evidence", CHILD, ["jfr"])
    held = [[link["holder"] for link in way["chain"]] + [way["class"]] for way in found["holders"]["jfr"]]
    assert held
    assert all(CHILD in chain for chain in held)
    marks = [event for event in story.events if event["labels"].get("pid") == run["labels"]["pid"]]
    assert {"leak", "run", "diagnosis"} <= {event["kind"] for event in marks}


def test_the_audit_of_all_that_was_done_holds(story: Story) -> None:
    assert story.audit is not None
    assert story.audit.returncode == 0, story.audit.stdout + story.audit.stderr


def test_the_demo_tells_of_the_runs_as_they_end_and_at_its_own_end(story: Story) -> None:
    assert "periodic-collection: 3 of 3 hosts, " in story.output
    assert "repaired: 1 of 1 hosts, 1 JVMs" in story.output
    assert f"/runs/{story.acted.evidence['id']}" in story.output
    assert "Workflow evidence: " in story.output
    assert "Workflow periodic-collection: " in story.output
