"""One host of the demo: a JVM with the fault, and what an operator's supervisor does with it.

down --start--> starting --READY--> up --OutOfMemoryError--> dying --exit--> down (restarted after a pause
                                     |                                        or when somebody repairs it)
                                     \\--deploy--> leaving --exit--> down (started in its new version)
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from heapwatch.cli.demo.build import MAIN_CLASS, Program
from heapwatch.cli.demo.processes import Process
from heapwatch.errors import HeapwatchError, Refused


@dataclass(frozen=True)
class Patience:
    """Seconds that a supervisor waits."""

    restart: float = 3.0  # before it starts a JVM again
    others: bool = False  # somebody else may start it before
    ready: float = 60.0  # for READY
    limp: float = 8.0  # for a JVM that has said it is out of memory to end by itself
    leave: float = 10.0  # for one that was asked to end

    def in_state(self, state: str) -> float:
        limits = {"starting": self.ready, "dying": self.limp, "leaving": self.leave}
        return limits.get(state, float("inf"))


@dataclass(frozen=True)
class Load:
    """How fast a host leaks; the hosts differ a little, as hosts do."""

    name: str
    downloads: float  # a second
    heap_mib: int
    documents: int = 4000  # in the cache of ordinary requests, which fills up and is no leak
    jvm: str = ""  # what its JVM is called, where that is not the host's name


@dataclass(frozen=True)
class Release:
    version: str
    fixed: bool


FAULTY = Release("1.0.0", fixed=False)
FIXED = Release("1.0.1", fixed=True)


@dataclass(frozen=True)
class Happening:
    """Something worth a line on the screen and a mark on the charts."""

    time: int  # epoch ms
    host: str
    kind: str  # start, oom, crash, exit, deploy; of a verdict or a run its state
    text: str


@dataclass
class Host:
    load: Load
    program: Program
    logs: Path
    tell: Callable[[Happening], None]
    release: Release = FAULTY
    patience: Patience = Patience()
    state: str = "down"
    restarts: int = 0
    process: Process | None = None
    _since: float = field(default_factory=time.monotonic)
    _pause: float = 0.0

    @property
    def name(self) -> str:
        return self.load.name

    def start(self) -> None:
        self.process = Process(
            self.name,
            _command(self.load, self.release, self.program),
            self.logs / f"{self.name}.log",
            orphaned=signal.SIGKILL,
        )
        self._enter("starting")

    def deploy(self, release: Release) -> None:
        """Replace the running version, gently."""
        self.release = release
        self.repair()
        if self.process and self.state in ("up", "starting"):
            self._happened("deploy", f"{release.version} is being deployed")
            self.process.ask_to_end()
            self._enter("leaving")

    def repair(self) -> None:
        """Start what is down, without a pause; what runs is left alone."""
        if self.process is None:
            self._pause = 0.0

    def crash(self) -> None:
        """End a JVM as the kernel does when the machine has no memory left."""
        if self.process is None:
            raise Refused(f"{self.name} is down already")
        self._happened("crash", "killed on purpose")
        self._enter("up")  # wherever it was on its way to
        self.process.kill()

    def tick(self) -> None:
        """Look once at what the process said and did."""
        if self.process is None:
            if time.monotonic() - self._since >= self._pause:
                self.start()
            return
        code = self.process.exit_code()  # before its lines: so that the last ones are heard
        for line in self.process.new_lines():
            self._heard(line)
        if code is not None:
            self._ended(code)
        elif self._for() > self.patience.in_state(self.state):
            self._overdue(self.process)

    def _heard(self, line: str) -> None:
        if line.startswith("READY ") and self.state == "starting":
            self._enter("up")
            self._happened(
                "start", f"{self.release.version} is up, pid {self.process.pid if self.process else 0}"
            )
        elif "OutOfMemoryError" in line and self.state in ("up", "starting"):
            self._enter("dying")
            self._happened("oom", "java.lang.OutOfMemoryError: Java heap space")

    def _ended(self, code: int) -> None:
        if self.state == "starting" and self.process is not None and self.restarts == 0:
            raise HeapwatchError(
                f"{self.name} ended before it was ready (exit code {code}); its log: {self.process.log}"
            )
        if self.state == "leaving":
            self._pause = 0.0
        else:
            self.restarts += 1
            self._pause = self.patience.restart
            unless = ", if nobody repairs it before" if self.patience.others else ""
            self._happened("exit", f"ended with code {code}; starting again in {self._pause:.0f} s{unless}")
        self.process = None
        self._enter("down")

    def _overdue(self, process: Process) -> None:
        if self.state == "starting":
            raise HeapwatchError(
                f"{self.name} was not ready after {self.patience.ready:.0f} s; its log: {process.log}"
            )
        process.kill()

    def _enter(self, state: str) -> None:
        self.state = state
        self._since = time.monotonic()

    def _for(self) -> float:
        return time.monotonic() - self._since

    def _happened(self, kind: str, text: str) -> None:
        self.tell(Happening(int(time.time() * 1000), self.name, kind, text))


def _command(load: Load, release: Release, program: Program) -> list[str]:
    properties = {
        "heapwatch.name": load.jvm or load.name,
        "heapwatch.label.service": "memleak",
        "heapwatch.label.version": release.version,
        "fixed": str(release.fixed).lower(),
        "downloads": f"{load.downloads:g}",
        "documents": str(load.documents),
    }
    return [
        program.java,
        f"-Xmx{load.heap_mib}m",
        f"-Xmn{load.heap_mib // 5}m",  # collections every few seconds, as in a service that is used
        "-XX:+UseG1GC",
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        program.classpath,
        MAIN_CLASS,
    ]
