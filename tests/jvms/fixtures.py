"""Real JVMs for tests. With tests/ on the path: `from jvms.fixtures import classes, java, jvm_home, ...`.

`jvm_home` runs a test once for each version of the matrix; `java` starts a test program and waits until it
says READY. A program ends with its standard input, so none outlives the tests, whatever happens to them.
A version that is not there is a failure where CI=true, and a skip that says so anywhere else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Sequence

import pytest

from heapwatch.jvm import process
from heapwatch.jvm.discover import Discovery
from heapwatch.model import Target
from jvms import provision

MATRIX = [*provision.VERSIONS, *(provision.version_of(home) for home in provision.extra())]


class Program:
    """A running test program (tests/jvms/java): obeys one command a line, answers each by one line."""

    def __init__(self, command: List[str], **options: object) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", **options
        )  # type: ignore[call-overload]
        self.printed: List[str] = []

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    def wait_ready(self) -> None:
        line = self._line()
        assert line == "READY", f"the JVM said {line!r} and {self.process.poll()}"

    def tell(self, command: str) -> str:
        """Give a command and wait for its answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._line()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """End it in order, so that it removes its files; by force if it does not obey."""
        with contextlib.suppress(OSError):
            self.process.send_signal(signal.SIGCONT)
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        # One that was killed leaves its socket to the pid's next owner.
        Path(f"/tmp/.java_pid{self.pid}").unlink(missing_ok=True)

    def rest_of_output(self) -> str:
        """All that it still prints after its input has ended."""
        self.process.stdin.close()
        text = self.process.stdout.read()
        self.process.wait()
        return text

    def _line(self) -> str:
        """The next line that is an answer; what the VM itself prints is kept aside."""
        return self.process.stdout.readline().rstrip("\n")


def missing(what: str) -> None:
    """Fail where nothing may be missing, skip elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing: run python tests/jvms/provision.py")
    pytest.skip(f"{what} is not here: run python tests/jvms/provision.py")


def home_of(version: str) -> Path:
    home = provision.homes().get(version)
    if home is None:
        missing(f"JVM {version}")
    assert home is not None
    return home


@pytest.fixture(scope="session")
def classes() -> Path:
    """The compiled test programs."""
    try:
        return provision.classes()
    except FileNotFoundError as error:
        missing(str(error))
        raise


@pytest.fixture(params=MATRIX, scope="session")
def jvm_version(request: pytest.FixtureRequest) -> str:
    home_of(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def jvm_home(jvm_version: str) -> Path:
    """The home of each JVM of the matrix in turn."""
    return home_of(jvm_version)


@pytest.fixture(scope="session")
def jdk_tool() -> Callable[..., Path]:
    """`jdk_tool("jstat", "17.0.9")`: a tool of that runtime, else of any JDK on the machine."""

    def path_of(name: str, version: Optional[str] = None) -> Path:
        path = provision.tool(name, version)
        if path is None:
            missing(f"the JDK tool {name}")
        assert path is not None
        return path

    return path_of


Start = Callable[..., Program]


def starter(classes: Path, started: List[Program]) -> Start:
    def start(
        home: Path,
        main: str = "Lab",
        *flags: str,
        wait: bool = True,
        before: Sequence[str] = (),
        **options: object,
    ) -> Program:
        """`before` is put in front of the command (unshare, setpriv, ...)."""
        small = ["-Xmx64m", "-Xshare:auto", *flags, "-cp", str(classes), main]
        program = Program([*before, str(home / "bin" / "java"), *small], **options)
        started.append(program)
        if wait:
            program.wait_ready()
        return program

    return start


@pytest.fixture
def java(classes: Path) -> Iterator[Start]:
    """`java(home, "Lab", "-XX:+UseSerialGC")` starts a program for this test and waits until it is ready."""
    started: List[Program] = []
    yield starter(classes, started)
    for program in started:
        program.stop()


@pytest.fixture(scope="session")
def shared_java(classes: Path) -> Iterator[Start]:
    """As `java`, for programs that several tests look at."""
    started: List[Program] = []
    yield starter(classes, started)
    for program in started:
        program.stop()


@pytest.fixture(scope="session")
def labs(shared_java: Start) -> Callable[[str], Program]:
    """One running Lab a version, shared by all tests that leave it as it is."""
    running: Dict[str, Program] = {}

    def lab(version: str) -> Program:
        if version not in running or not running[version].is_alive():
            running[version] = shared_java(home_of(version), "Lab", "-XX:+UseSerialGC")
            running[version].tell("odd")
            running[version].tell("generated 0")
        return running[version]

    return lab


@pytest.fixture
def lab(labs: Callable[[str], Program], jvm_version: str) -> Program:
    """The shared Lab of each JVM of the matrix in turn, with odd and generated classes in it."""
    return labs(jvm_version)


def target_of(pid: int) -> Target:
    """What discovery finds of a process."""
    found = [target for target in Discovery().scan() if target.pid == pid]
    assert found, f"process {pid} is not found to be a JVM"
    return found[0]


def stop(pid: int) -> None:
    """SIGSTOP, and wait until every thread has stopped."""
    os.kill(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    while {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()} != {"T"}:
        os.sched_yield()


def as_target(pid: int) -> Target:
    """A target as nobody found it: of any process, from its first moment on."""
    return Target(
        pid=pid,
        nspid=pid,
        start_ticks=process.start_ticks(pid),
        started=0,
        name="any",
        uid=os.geteuid(),
        gid=os.getegid(),
        user="",
        vm="hotspot",
    )
