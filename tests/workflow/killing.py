"""Kills a process that runs a workflow, at every place, and says what the next one makes of it.

    python killing.py FOLDER WORKFLOW.yml ...   ->   a line of JSON for each place, on standard output

Everything is imported once; each life is a fork. A place is between each thing a run does and its remembering
it, between its intent and its beginning, and in the middle of each step: its effect is there, and no word of
it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import traceback
from pathlib import Path

import structlog

from heapwatch.workflow import definition, durable, runs
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.records import ENDS, RUNNING, Records
from heapwatch.workflow.running import House, body
from heapwatch.workflow.steps.base import Job
from heapwatch.workflow.switch import Switch

LABELS = {"service": "shop", "host": "h1", "jvm": "app", "env": "prod", "before": "1.0", "after": "1.1"}
AT_ONCE = 8
PATIENCE_S = 60
AT_ONCE_S = {"for": "1ms", "within": "0s"}
"""What a shipped workflow waits for is there at once."""
PLAYS = """\
#!/bin/sh
echo play >> {effects}
[ -e {effects}.play ] && kill -9 $PPID
exit 0
"""


class Places:
    """Counts places, and kills at one of them."""

    def __init__(self, deadly: int) -> None:
        self.passed = 0
        self._deadly = deadly

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Deadly:
    """A run's memory with places around what it remembers."""

    def __init__(self, memory, place: Places) -> None:
        self._memory, self._place = memory, place

    def once(self, name, work):
        def between():
            found = work()
            self._place()
            return found

        return self._memory.once(name, between)

    def wait(self, seconds):
        self._place()
        return self._memory.wait(seconds)


class World:
    """Notes what it is asked for. Heaps are small, the new version leaks, one host fails the first time."""

    heap = 1.0

    def __init__(self, folder: Path, place: Places) -> None:
        self._folder, self._place = folder, place

    def _note(self, effect: str) -> None:
        with (self._folder / "effects").open("a") as file:
            file.write(f"{effect}\n")
        self._place()

    def operate(self, host, jvm, operation, options, timeout_s, stop):
        self._note(operation)
        return {"text": f"{operation} of {jvm} on {host}"}

    def collect(self, pattern, jvms, mode, timeout_s, stop):
        self._note(f"collect-{pattern}")
        bad = {"host": "h2", "outcome": "unreachable", "failed": True, "why": "nobody", "jvms": []}
        return [bad | {"failed": not pattern}]

    def values(self, query, within_ms):
        self._note("check")
        return [self.heap]

    def verified(self, service, before, after, classes):
        self._note("verify")
        proof = {"class": "shop.Order", "verdict": "not fixed", "sentence": "it leaks as before"}
        return {"proofs": [proof], "new": []}

    def log(self, _logger, _method, event):
        if event["event"] == "workflow says":
            self._note("log")
        raise structlog.DropEvent

    def tell(self, receiver, title, text, labels):
        self._note("ask" if title.endswith(" asks") else "tell")


def life(folder: Path, written: dict, deadly: int, out: Path) -> None:
    """One life of a server: begins the run or goes on with it, says yes, and ends with it."""
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    kept, place = Records(folder / "runs.db"), Places(deadly)
    world, over = World(folder, place), threading.Event()
    structlog.configure(processors=[world.log])
    engine = durable.DbosEngine.of_folder(folder, poll_s=0.05)

    def changed(run: str) -> None:
        if any(each["state"] == RUNNING for each in kept.attempts(run)):
            place()
        for each in kept.waiting():
            threading.Thread(target=answer, args=(each["run"], each["step"])).start()

    def answer(run: str, step: str) -> None:
        if kept.answer(run, step, "approved", "cli:ann"):
            engine.wake(run)

    def job(seconds, stop):
        return Job(seconds, world, world, stop, world, world)

    house = House(kept, Audit(folder), Switch(folder), job, "allowed", changed)
    work = body(house)

    def run_deadly(run, memory):
        work(run, Deadly(memory, place))
        over.set()

    all_runs = runs.Runs(house, engine)
    runs.body = lambda _house: run_deadly
    all_runs.start()
    if not kept.runs():
        all_runs.begin(written, LABELS, {"kind": "manual"}, "cli:ann")
    changed("")
    if not over.wait(PATIENCE_S):
        raise SystemExit(f"the run has no end: {kept.runs()} {kept.attempts(kept.runs()[0]['id'])}")
    found = kept.runs()[0]
    attempts = [
        {name: row[name] for name in ("step", "state", "error")} for row in kept.attempts(found["id"])
    ]
    told = {"state": found["state"], "ended": found["state"] in ENDS, "text": found["text"]}
    ends = [each.detail.partition(";")[0] for each in Audit(folder).newest(1000) if each.what == "run.end"]
    told |= {"attempts": attempts, "audited": sorted(set(ends)), "places": place.passed}
    out.write_text(json.dumps(told))


def forked(folder: Path, written: dict, deadly: int, out: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            life(folder, written, deadly, out)
            code = 0
        except BaseException:  # noqa: BLE001 - said here: nothing above us says it
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def code_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def with_effects(written: dict, home: Path) -> dict:
    """Programs write a line; one of them ends the server in its middle where a file says so."""
    text, effects = json.loads(json.dumps(written)), home / "effects"
    actions = [each for step in text["steps"] for each in (step, step.get("undo")) if each]
    for each in actions:
        given = each.get("with", {})
        given.update((name, soon) for name, soon in AT_ONCE_S.items() if name in given)
        if each["do"] == "command":
            name = Path(given["argv"][0]).name
            script = f"echo {name} >> {effects}; [ -e {effects}.{name} ] && kill -9 $PPID; true"
            given["argv"] = ["sh", "-c", script]
        elif each["do"] == "ansible.playbook":
            program = home / "ansible-playbook"
            program.write_text(PLAYS.format(effects=effects))
            program.chmod(0o755)
            given["playbook"] = str(program)
    return text


def programs(written: dict) -> set[str]:
    """What of a workflow runs in processes of its own, by the names that they write."""
    found = {Path(each["with"]["argv"][0]).name for each in written["steps"] if each["do"] == "command"}
    return found | {"play" for each in written["steps"] if each["do"] == "ansible.playbook"}


def tried(folder: Path, name: str, written: dict) -> None:
    blank = folder / "blank"
    blank.mkdir(parents=True)
    whole = folder / "whole"
    whole.mkdir()
    first = forked(whole, with_effects(written, whole), 0, folder / "whole.json")
    assert code_of(first) == 0
    told = json.loads((folder / "whole.json").read_text())
    print(
        json.dumps({"workflow": name, "place": 0, **told, "effects": (whole / "effects").read_text().split()})
    )
    places: list[tuple[int, str]] = [(n, "") for n in range(1, told["places"] + 1)]
    places += [(0, command) for command in sorted(programs(written))]
    while places:
        batch, places = places[:AT_ONCE], places[AT_ONCE:]
        homes = [folder / f"at-{number}{command}" for number, command in batch]
        killed = []
        for home, (number, command) in zip(homes, batch, strict=True):
            shutil.copytree(blank, home)
            if command:
                (home / f"effects.{command}").touch()
            killed.append(forked(home, with_effects(written, home), number, home / "out.json"))
        ended = [code_of(child) for child in killed]
        for home in homes:
            for flag in home.glob("effects.*"):
                flag.unlink()
        again = [forked(h, with_effects(written, h), 0, h / "out.json") for h in homes]
        codes = [code_of(child) for child in again]
        for home, (number, command), end, code in zip(homes, batch, ended, codes, strict=True):
            out = home / "out.json"
            Audit(home).verify()
            effects = home / "effects"
            print(
                json.dumps(
                    {
                        "workflow": name,
                        "place": command or number,
                        "killed": end == -signal.SIGKILL,
                        "code": code,
                        "effects": effects.read_text().split() if effects.exists() else [],
                        **(json.loads(out.read_text()) if out.exists() else {}),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    root = Path(sys.argv[1])
    for file in sys.argv[2:]:
        for name, written in definition.load(Path(file)).written.items():
            tried(root / name, name, dict(written))
            if any("undo" in step for step in written["steps"]):
                World.heap = 1e12  # what was done does not help
                tried(root / f"{name}-undone", f"{name} undone", dict(written))
                World.heap = 1.0
