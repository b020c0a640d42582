"""Whatever happens to a log file and to the agent, in whatever order: every line comes once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agent.test_tail import NOW, reading

steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 200)),
        st.just(("poll", 0)),
        st.just(("ship", 0)),
        st.just(("kill", 0)),
        st.just(("kill while shipping", 0)),
        st.just(("rename", 0)),
        st.just(("copy and truncate", 0)),
        st.just(("look on and write", 30)),
    ),
    max_size=14,
)


class Written:
    """An application's log: numbered lines, written in pieces that end anywhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self._left = b""

    def write(self, size: int) -> None:
        while len(self._left) < size:
            line = f"{len(self.lines)} said with some words"
            self.lines.append(line)
            self._left += line.encode() + b"\n"
        piece, self._left = self._left[:size], self._left[size:]
        with self.path.open("ab") as file:
            file.write(piece)

    def end_line(self) -> None:
        with self.path.open("ab") as file:
            file.write(self._left)
        self._left = b""


@given(steps)
@settings(max_examples=40)
def test_every_line_comes_once_whatever_happens(happening: list[tuple[str, int]]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="heapwatch-tail-"))
    try:
        (folder / "log").mkdir()
        log = folder / "log" / "app.log"
        log.touch()
        it, application, rotations = reading(log), Written(log), 0

        def look() -> None:
            """As a poll, but without the seconds that bring what needs some quiet."""
            it.now += 0.1
            it.tails.poll(it.now, NOW + int(it.now * 1000), list)

        def dated(path: Path) -> None:
            """Files have the time of the test's clock."""
            it.now += 0.1
            os.utime(path, ns=(0, int((NOW + it.now * 1000) * 1e6)))

        look()
        for what, size in happening:
            if what == "write":
                application.write(size)
                dated(log)
            elif what == "poll":
                look()
            elif what == "ship":
                it.ship()
            elif what in ("kill", "kill while shipping"):
                if what != "kill":
                    it.ship(lost=True)
                it.start()
            elif what == "look on and write":
                look()
                application.write(size)
                dated(log)
            else:
                application.end_line()  # loggers rotate between lines
                dated(log)
                rotations += 1
                if what == "rename":
                    os.replace(log, log.with_name(f"app.log.{rotations}"))
                    log.touch()
                    dated(log)
                else:
                    look()
                    dated(Path(shutil.copy(log, log.with_name(f"app.log.{rotations}"))))
                    os.truncate(log, 0)
                    dated(log)
                    look()
        application.end_line()
        it.poll(40)
        it.ship()
        assert Counter(it.texts) == Counter(application.lines)
        it.tails.close()
    finally:
        shutil.rmtree(folder)
