"""Kills a process that runs a workflow, at every place, and says what the next one makes of it.

    python killing.py FOLDER WORKFLOW.yml ...   ->   a line of JSON for each place, on standard output

Everything is imported once; each life is a fork. A place is between each thing a run does and its remembering
it, and in the middle of each step: its effect is there, and no word of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from heapwatch.workflow import definition, durable, runs
from heapwatch.workflow.audit import Audit
from heapwatch.workflow.records import ENDS, Records
from heapwatch.workflow.running import House, body
from heapwatch.workflow.steps.base import Job
from heapwatch.workflow.switch import Switch

LABELS = {"service": "shop", "host": "h1", "jvm": "app", "env": "prod"}
AT_ONCE = 8


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


class Hands:
    """Notes what it is asked for."""

    def __init__(self, folder: Path, place: Places) -> None:
        self._folder, self._place = folder, place

    def operate(self, host, jvm, operation, options, timeout_s):
        with (self._folder / "effects").open("a") as file:
            file.write(f"{operation}\n")
        self._place()
        return {"text": f"{operation} of {jvm} on {host}"}

    def values(self, query, within_ms):
        self._place()
        return [1.0]


def life(folder: Path, written: dict, deadly: int, out: Path) -> None:
    """One life of a server: begins the run or goes on with it, says yes, and ends with it."""
    kept, place = Records(folder / "runs.db"), Places(deadly)
    hands, over = Hands(folder, place), threading.Event()
    engine = durable.DbosEngine.of_folder(folder, poll_s=0.05)

    def changed(run: str) -> None:
        for each in kept.waiting():
            threading.Thread(target=answer, args=(each["run"], each["step"])).start()

    def answer(run: str, step: str) -> None:
        if kept.answer(run, step, "approved", "cli:ann"):
            engine.wake(run)

    def job(seconds, stop):
        return Job(seconds, hands, hands, stop)

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
    if not over.wait(20):
        raise SystemExit("the run has no end")
    found = kept.runs()[0]
    attempts = [
        {name: row[name] for name in ("step", "state", "error")} for row in kept.attempts(found["id"])
    ]
    told = {"state": found["state"], "ended": found["state"] in ENDS, "text": found["text"]}
    out.write_text(json.dumps({**told, "attempts": attempts, "places": place.passed}))


def forked(folder: Path, written: dict, deadly: int, out: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            life(folder, written, deadly, out)
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def code_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def with_effects(written: dict, effects: Path) -> dict:
    """Commands write a line; one of them ends the server in its middle where a file says so."""
    text = json.loads(json.dumps(written))
    actions = [each for step in text["steps"] for each in (step, step.get("undo")) if each]
    for each in actions:
        if each["do"] == "command":
            name = Path(each["with"]["argv"][0]).name
            script = f"echo {name} >> {effects}; [ -e {effects}.{name} ] && kill -9 $PPID; true"
            each["with"]["argv"] = ["sh", "-c", script]
    return text


def tried(folder: Path, name: str, written: dict) -> None:
    blank = folder / "blank"
    blank.mkdir(parents=True)
    whole = folder / "whole"
    whole.mkdir()
    first = forked(whole, with_effects(written, whole / "effects"), 0, folder / "whole.json")
    assert code_of(first) == 0
    told = json.loads((folder / "whole.json").read_text())
    commands = {Path(a["with"]["argv"][0]).name for a in written["steps"] if a["do"] == "command"}
    places: list[tuple[int, str]] = [(n, "") for n in range(1, told["places"] + 1)]
    places += [(0, command) for command in sorted(commands)]
    while places:
        batch, places = places[:AT_ONCE], places[AT_ONCE:]
        homes = [folder / f"at-{number}{command}" for number, command in batch]
        killed = []
        for home, (number, command) in zip(homes, batch, strict=True):
            shutil.copytree(blank, home)
            if command:
                (home / f"effects.{command}").touch()
            killed.append(forked(home, with_effects(written, home / "effects"), number, home / "out.json"))
        ended = [code_of(child) for child in killed]
        for home in homes:
            for flag in home.glob("effects.*"):
                flag.unlink()
        again = [forked(h, with_effects(written, h / "effects"), 0, h / "out.json") for h in homes]
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
