"""The whole demo: one server, three hosts with a JVM and an agent each, a control socket and a screen.

One thread and one loop: every quarter of a second it looks at everything once. Whatever ends the loop, the
processes are ended in `close`: agents first, so that what they hold still arrives, then server and JVMs.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import time
import webbrowser
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heapwatch.cli.client import Client
from heapwatch.cli.demo import figures, summary, verdicts, workflows
from heapwatch.cli.demo.build import Program
from heapwatch.cli.demo.control import ControlSocket
from heapwatch.cli.demo.hosts import FIXED, Happening, Host, Load, Patience
from heapwatch.cli.demo.processes import Process, stop_all
from heapwatch.cli.demo.runs import Runs
from heapwatch.cli.demo.screen import Screen, View
from heapwatch.cli.options import ServerOptions
from heapwatch.errors import HeapwatchError, Refused, Unavailable

STEP_S = 0.25
ASK_EVERY_S = 1.0
SERVER_READY_S = 60.0
UNREPAIRED_S, UNREPAIRED_FAST_S = 45.0, 20.0
"""So long a JVM that ended is left to the workflow that repairs it."""
PREFERRED_PORT = 7077
PREFERRED_GRAPHITE_PORT = 2003


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    loads: tuple[Load, ...]
    interval_s: float
    state: Path
    data: Path | None
    browser: bool
    for_s: float | None
    fast: bool = False


def plan(
    fast: bool,
    state: Path,
    data: Path | None,
    browser: bool,
    for_s: float | None,
    running: frozenset[str] = frozenset(),
) -> Plan:
    """`running` are names of JVMs that are taken: agents tell JVMs apart by them, also those of two demos."""
    downloads, heap_mib, interval_s = (350.0, 208, 1.0) if fast else (110.0, 192, 2.5)
    documents = 800 if fast else 4000  # a cache that fills up all the while would look like a leak
    shares = {"memleak1": 1.0, "memleak2": 0.85, "memleak3": 1.2}
    loads = tuple(
        Load(
            name,
            downloads * share,
            heap_mib,
            documents,
            f"{name}-{os.getpid()}" if name in running else name,
        )
        for name, share in shares.items()
    )
    return Plan(loads, interval_s, state, data, browser, for_s, fast)


class Demo:
    def __init__(self, plan: Plan, program: Program, screen: Screen) -> None:
        self._plan = plan
        self._program = program
        self._screen = screen
        self._begun = time.time()
        self._happenings: list[Happening] = []
        self._rollout: list[Host] = []
        self._fixed = False
        self._ending = False
        self._asked = 0.0
        self._figures: dict[str, figures.HostFigures] = {}
        self._agents: list[Process] = []
        self._hosts: list[Host] = []
        self._server: Process | None = None
        self._runs: Runs | None = None
        self._no_runs = workflows.missing()
        self._cleanup = ExitStack()
        self.url = ""

    def open(self) -> None:
        """Start everything; returns once the server answers."""
        folder = self._folder()
        self._control = self._cleanup.enter_context(closing(ControlSocket(self._plan.state)))
        self._logs = folder / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._start_jvms()
        self._start_server(folder)
        self._client = self._cleanup.enter_context(Client(ServerOptions(server=self.url)))
        self._verdicts = verdicts.Verdicts(self._client)
        self._await_server()
        self._agents = [self._start_agent(load, folder) for load in self._plan.loads]
        self._screen.say(f"three JVMs on {self._program.actors}; look at {self.url}")
        self._tell_of_workflows()
        if self._plan.browser:
            self._open_browser()

    def run(self) -> None:
        """Go on until the time is over, somebody says stop, or a process of ours fails."""
        while not self._ending:
            for host in self._hosts:
                host.tick()
            self._roll_out()
            self._check_ours()
            self._control.poll(self._answer)
            self._press(self._screen.key())
            self._look()
            if self._plan.for_s is not None and self._elapsed() >= self._plan.for_s:
                self._ending = True
            time.sleep(STEP_S)

    def close(self) -> list[str]:
        """End what we started, and say in words what was seen."""
        words: list[str] = []
        try:
            stop_all(self._agents)
            if self._server and self._server.exit_code() is None and self._hosts:
                words = self._words()
        finally:
            jvms = [host.process for host in self._hosts if host.process]
            stop_all(jvms, grace_s=3.0)
            stop_all([self._server] if self._server else [])
            self._cleanup.close()
        return words

    def _words(self) -> list[str]:
        try:
            names = [host.name for host in self._hosts]
            told = summary.lines(self._client, names, int(self._begun * 1000), self._happenings)
            told += self._runs.lines() if self._runs else []
            self._verdicts.news(names, int(self._begun * 1000))
            return [*told, *verdicts.lines(self._verdicts.leaks)]
        except HeapwatchError as error:
            return [f"(no summary: {error})"]

    def _folder(self) -> Path:
        if self._plan.data is not None:
            self._plan.data.mkdir(parents=True, exist_ok=True)
            return self._plan.data
        folder = Path(tempfile.mkdtemp(prefix="heapwatch-demo-"))
        self._cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _start_jvms(self) -> None:
        """Before the server: what its workflows collect from is there then."""
        left_s = UNREPAIRED_FAST_S if self._plan.fast else UNREPAIRED_S
        patience = Patience() if self._no_runs else Patience(restart=left_s, others=True)
        for load in self._plan.loads:
            host = Host(load, self._program, self._logs, self._happened, patience=patience)
            self._hosts.append(host)
            host.start()
        while any(host.state == "starting" for host in self._hosts):
            for host in self._hosts:
                host.tick()
            time.sleep(STEP_S)

    def _start_server(self, folder: Path) -> None:
        port = free_port(PREFERRED_PORT)
        graphite = free_port(PREFERRED_GRAPHITE_PORT)
        self.url = f"http://127.0.0.1:{port}"
        acting: list[str] = []
        if not self._no_runs:
            asked = self._plan
            acting = workflows.prepare(folder, asked.loads, asked.state, self.url, asked.fast)
        self._server = Process(
            "server",
            [
                *_ours("heapwatch.cli.main"),
                *("serve", "--data", str(folder / "store")),
                *("--listen", f"127.0.0.1:{port}", "--graphite-listen", f"127.0.0.1:{graphite}"),
                *acting,
            ],
            self._logs / "server.log",
            {"PATH": workflows.search_path()},
        )

    def _tell_of_workflows(self) -> None:
        if self._no_runs:
            self._screen.say(f"going on without workflows: {self._no_runs}")
            return
        self._runs = Runs(self._client, int(self._begun * 1000))
        every = workflows.period_s(self._plan.fast)
        self._screen.say(
            f"workflows collect from all hosts every {every} s, and take evidence of what leaks: "
            f"{self.url}/workflows"
        )
        if lacking := workflows.without_ansible():
            self._screen.say(lacking)

    def _start_agent(self, load: Load, folder: Path) -> Process:
        file = folder / f"agent-{load.name}.json"
        settings = agent_settings(load, self.url, self._plan.interval_s, folder)
        file.write_text(json.dumps(settings, indent=2))
        command = [*_ours("heapwatch.agent.main"), "run", "--config", str(file)]
        return Process(f"agent of {load.name}", command, self._logs / f"agent-{load.name}.log")

    def _await_server(self) -> None:
        deadline = time.monotonic() + SERVER_READY_S
        while time.monotonic() < deadline:
            self._check_ours()
            try:
                self._client.text("/readyz")
                return
            except (Unavailable, Refused):
                time.sleep(STEP_S)
        raise HeapwatchError(f"the server was not ready after {SERVER_READY_S:.0f} s; {self._keep_logs()}")

    def _check_ours(self) -> None:
        """The JVMs may fail, that is the show; the server and the agents may not."""
        for process in [self._server, *self._agents]:
            code = process.exit_code() if process else None
            if process and code is not None:
                self._screen.say(process.last_words())
                raise HeapwatchError(f"the {process.name} ended (exit code {code}); {self._keep_logs()}")

    def _keep_logs(self) -> str:
        kept = Path(tempfile.mkdtemp(prefix="heapwatch-demo-logs-"))
        shutil.copytree(self._logs, kept, dirs_exist_ok=True)
        return f"the logs: {kept}"

    def _roll_out(self) -> None:
        """Deploy to one host after the other, the next when the one before is up."""
        if not self._rollout:
            return
        if all(host.state == "up" for host in self._hosts if host.release == FIXED):
            self._rollout.pop(0).deploy(FIXED)

    def _fix(self) -> None:
        if not self._fixed:
            self._fixed = True
            self._rollout = list(self._hosts)

    def _answer(self, word: str) -> dict[str, Any]:
        verb, _, name = word.partition(" ")
        if verb == "fix":
            self._fix()
        elif verb == "stop":
            self._ending = True
        elif verb in ("start", "crash"):
            try:
                self._act_on(verb, name)
            except HeapwatchError as error:
                return {"error": str(error)}
        elif verb != "status":
            return {"error": f"no such word: {word}"}
        return self._status()

    def _act_on(self, verb: str, name: str) -> None:
        found = [host for host in self._hosts if host.name == name]
        if not found:
            raise Refused(
                f"there is no host {name!r}: there are {', '.join(each.name for each in self._hosts)}"
            )
        if verb == "start":
            found[0].repair()
        else:
            found[0].crash()

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "url": self.url,
            "elapsed_s": round(self._elapsed(), 1),
            "actors": self._program.actors,
            "hosts": {
                host.name: {
                    "state": host.state,
                    "version": host.release.version,
                    "pid": host.process.pid if host.process else None,
                    "restarts": host.restarts,
                }
                for host in self._hosts
            },
            "processes": [process.pid for process in self._running()],
            "workflows": self._no_runs or "on",
        }

    def _running(self) -> list[Process]:
        known = [self._server, *self._agents, *(host.process for host in self._hosts)]
        return [process for process in known if process and process.exit_code() is None]

    def _press(self, key: str) -> None:
        if key in ("q", "Q"):
            self._ending = True
        elif key in ("f", "F"):
            self._fix()
        elif key in ("o", "O"):
            self._open_browser()
        elif key in ("y", "Y", "n", "N") and self._runs is not None:
            self._runs.answer(yes=key in "yY", note="by the demo's keys")

    def _open_browser(self) -> None:
        can_show = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
        if not can_show or not webbrowser.open(self.url):
            self._screen.say(f"open {self.url} in a browser")

    def _happened(self, happening: Happening) -> None:
        self._happenings.append(happening)
        self._screen.happened(happening)

    def _look(self) -> None:
        """Ask for figures and show them; at most once a second."""
        if time.monotonic() - self._asked < ASK_EVERY_S:
            return
        self._asked = time.monotonic()
        try:
            names = [host.name for host in self._hosts]
            self._figures = figures.read(self._client, names, int(self._begun * 1000))
            for news in self._verdicts.news(names, int(self._begun * 1000)):
                self._happened(news)
            self._look_at_runs()
        except Unavailable:  # busy for a moment; the picture keeps the last figures
            pass
        self._screen.show(
            View(
                self.url,
                self._program.actors,
                self._elapsed(),
                self._hosts,
                self._figures,
                self._happenings,
                self._fixed,
                self._runs is not None and bool(self._runs.waiting),
            )
        )

    def _look_at_runs(self) -> None:
        if self._runs is None:
            return
        for news in self._runs.news([host.name for host in self._hosts if host.state in ("dying", "down")]):
            self._happened(news)
        self._runs.settle([host.name for host in self._hosts if host.state == "up"])

    def _elapsed(self) -> float:
        return time.time() - self._begun


def agent_settings(load: Load, url: str, interval_s: float, folder: Path) -> dict[str, Any]:
    """As on a real host but livelier: ten times the usual budget, also on a machine that is busy."""
    return {
        "host": load.name,
        "only": [load.jvm or load.name],
        "interval": f"{interval_s:g}s",
        "rescan": "1s",
        "listen": "off",
        "spool": str(folder / "spool" / load.name),
        "budget": {"share": "5%", "host_share": "50%", "max_pause": "3s", "max_pressure": "100%"},
        "sink": [{"kind": "heapwatch", "url": url}],
    }


def free_port(preferred: int) -> int:
    """The preferred port of loopback, or another one when it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise HeapwatchError("no free port on 127.0.0.1")


def _ours(module: str) -> list[str]:
    return [sys.executable, "-m", module]
