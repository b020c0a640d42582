"""The agent's process and log files that live: rotation while it is killed, and the GC log of a real JVM."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.agent.conftest import Mail, Running

from jvms.fixtures import Program

Java = Callable[..., Program]
Agent = Callable[..., Running]

LINES = 3000


class Writing(threading.Thread):
    """An application: writes numbered lines, and has its file renamed every few hundred of them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.go_on = threading.Event()
        self.written = 0

    def run(self) -> None:
        chance = random.Random()
        file = self.path.open("a")
        while self.written < LINES and not self.go_on.wait(0.002):
            file.write(
                f"line {self.written}\n" if chance.random() < 0.9 else f"line {self.written}\n\tat A.b\n"
            )
            file.flush()
            self.written += 1
            if self.written % 400 == 0:
                file.close()
                os.replace(self.path, self.path.with_name(f"app.log.{self.written}"))
                file = self.path.open("a")
        file.close()


def test_every_line_comes_once_though_the_agent_is_killed_and_the_file_rotated(
    agent: Agent, mail: Mail, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    tail = [{"path": str(log), "from": "beginning", "category": "app"}]
    writing = Writing(log)
    writing.start()
    chance = random.Random()
    for _ in range(4):
        running = agent(only=["nobody"], tail=tail)
        seen = sum(len(block.texts) for block in mail.logs)
        mail.until(lambda seen=seen: sum(len(block.texts) for block in mail.logs) > seen)
        writing.join(chance.random() * 1.5)
        running.hears(signal.SIGKILL)
        running.ends()
    agent(only=["nobody"], tail=tail)

    def numbers() -> list[int]:
        return [int(text.split()[1]) for block in mail.logs for text in block.texts]

    mail.until(lambda: not writing.is_alive() and len(set(numbers())) == LINES)
    assert len(numbers()) == LINES
    assert any("\n\tat A.b" in text for block in mail.logs for text in block.texts)


@pytest.mark.jvm
def test_the_gc_log_of_a_real_jvm_is_read_through_its_rotation(
    java: Java, home: Path, agent: Agent, mail: Mail, tmp_path: Path
) -> None:
    log = tmp_path / "gc.log"
    flags = f"-Xlog:gc*:file={log}:time,uptime,level,tags:filecount=4,filesize=20k"
    program = java(home, "Lab", "-Dheapwatch.name=gc-lab", "-XX:+UseSerialGC", flags)
    agent(only=["gc-lab"], gc_logs=True)
    mail.until(lambda: mail.logs)
    for _ in range(60):
        program.tell("gc")
    mail.until(lambda: sum("Pause Full" in text for block in mail.logs for text in block.texts) >= 120)
    program.stop()
    mail.until(lambda: mail.event("exit"))
    files = sorted(tmp_path.glob("gc.log*"), key=lambda path: path.stat().st_mtime)
    assert len(files) > 2
    told = [text for block in mail.logs for text in block.texts]
    written = [line.rstrip() for file in files for line in file.read_text().splitlines()]
    assert len(told) == len(set(told))
    assert set(told) >= {line for line in written if "Pause Full" in line}
    labels = mail.logs[0].labels
    assert (labels["_sourceCategory"], labels["jvm"], labels["pid"]) == ("jvm/gc", "gc-lab", str(program.pid))
    assert all(abs(time - mail.logs[0].times[0]) < 600_000 for block in mail.logs for time in block.times)
