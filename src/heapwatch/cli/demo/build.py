"""The demo's program, built once: with Maven on real Akka, else its twin in plain Java by javac alone."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from heapwatch.cli.demo.processes import Process
from heapwatch.errors import HeapwatchError

MAIN_CLASS = "memleak.Main"
PARTS = ("pom.xml", "src", "twin")
MAVEN_DEADLINE_S = 600
JAVAC_DEADLINE_S = 120

# What keeps Maven from waiting for minutes where no repository can be reached.
IMPATIENT = (
    "-Dmaven.wagon.http.retryHandler.count=1",
    "-Dmaven.wagon.rto=30000",
    "-Daether.connector.connectTimeout=8000",
    "-Daether.connector.requestTimeout=30000",
)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Program:
    java: str
    classpath: str
    twin: bool  # not Akka but its stand-in

    @property
    def actors(self) -> str:
        return "a plain-Java twin of Akka" if self.twin else "Akka"


def shipped(name: str) -> Path:
    """A folder of examples/ of a checkout; in a wheel it is in `examples` beside this file."""
    beside = Path(__file__).with_name("examples") / name
    checkout = Path(__file__).resolve().parents[4] / "examples" / name
    for folder in (beside, checkout):
        if folder.is_dir():
            return folder
    raise HeapwatchError(f"the demo's {name} is missing from this installation; install heapwatch again")


def sources() -> Path:
    """Where the program's Java sources are."""
    return shipped("memleak")


def build(cache: Path, say: Say, twin: bool = False) -> Program:
    """Build, or take what was built before from the same sources."""
    java, javac = _jdk()
    folder = cache / _digest(sources())
    if not twin:
        program = _akka(folder / "akka", java, say)
        if program is not None:
            return program
    return _twin(folder / "twin", java, javac)


def _jdk() -> tuple[str, str]:
    home = os.environ.get("JAVA_HOME")
    found = []
    for tool in ("java", "javac"):
        inside = shutil.which(tool, path=str(Path(home) / "bin")) if home else None
        path = inside or shutil.which(tool)
        if path is None:
            raise HeapwatchError(
                f"the demo runs JVMs, and there is no {tool} on PATH: "
                "install a JDK, for example sudo apt-get install -y openjdk-17-jdk-headless"
            )
        found.append(path)
    return found[0], found[1]


def _digest(folder: Path) -> str:
    sha = hashlib.sha256()
    for part in PARTS:
        path = folder / part
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                sha.update(f"{file.relative_to(folder)}\0".encode())
                sha.update(file.read_bytes())
    return sha.hexdigest()[:16]


def _akka(folder: Path, java: str, say: Say) -> Program | None:
    """The real thing; None when Maven is missing or does not get its libraries, after saying so."""
    jar = folder / "target" / "memleak.jar"
    program = Program(java, f"{jar}:{jar.parent / 'lib' / '*'}", twin=False)
    if (folder / "built").exists():
        return program
    maven = shutil.which("mvn")
    if maven is None:
        say("Maven (mvn) is not on PATH: going on with a plain-Java twin of Akka")
        return None
    say("building the Akka program with Maven (the first time it fetches Akka, about a minute)")
    _copy_sources(folder)
    log = folder / "maven.log"
    done = Process("mvn", [maven, "-B", "-q", *IMPATIENT, "package"], log, {}, signal.SIGKILL, folder)
    try:
        code = done.wait(MAVEN_DEADLINE_S)
    finally:
        done.kill()
    if code != 0 or not jar.exists():
        say(f"Maven could not build it; is Maven Central out of reach? ({log})")
        say("going on with a plain-Java twin of Akka")
        return None
    (folder / "built").touch()
    return program


def _twin(folder: Path, java: str, javac: str) -> Program:
    classes = folder / "classes"
    program = Program(java, str(classes), twin=True)
    if (folder / "built").exists():
        return program
    _copy_sources(folder)
    files = [
        str(file) for part in ("twin", "src/main/java") for file in sorted((folder / part).rglob("*.java"))
    ]
    command = [javac, "--release", "11", "-nowarn", "-d", str(classes), *files]
    compiler = Process("javac", command, folder / "javac.log", {}, signal.SIGKILL)
    try:
        code = compiler.wait(JAVAC_DEADLINE_S)
    finally:
        compiler.kill()
    if code != 0:
        raise HeapwatchError(
            f"javac could not compile the demo (a JDK of 11 or newer is needed): see {compiler.log}"
        )
    (folder / "built").touch()
    return program


def _copy_sources(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        for part in PARTS:
            source = sources() / part
            if source.is_dir():
                shutil.copytree(source, folder / part)
            else:
                shutil.copy(source, folder / part)
    except OSError as error:
        raise HeapwatchError(f"the demo cannot be built in {folder}: {error}") from error
