"""`heapwatch top`: what it computes, its screen, and its screen in a real terminal."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from array import array
from typing import Callable

import pytest

from cli.conftest import VERSION, command, environment
from heapwatch.cli.top_board import Board
from heapwatch.cli.top_screen import Classes, TopApp
from heapwatch.cli.top_text import fields_for, row_line, suspicion, titles
from heapwatch.cli.visit import Visitor
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.discover import find
from heapwatch.model import Histogram, JvmId, Snapshot
from jvms.fixtures import Program

JVM = JvmId("h", "shop", 1, 1000)
NODE = "Lab$Node"


def snapshot(time_ms: int, jvm: JvmId = JVM, **classes: int) -> Snapshot:
    """`classes` are instances; each has 10 bytes."""
    counts = array("q", classes.values())
    sizes = array("q", [10 * count for count in counts])
    return Snapshot(
        jvm, time_ms, "all", Histogram(list(classes), counts, sizes, array("q", [1] * len(counts)))
    )


def board_of(*snapshots: Snapshot) -> Board:
    board = Board()
    for each in snapshots:
        board.add(each, 1.0)
    return board


def test_growth_counts_from_the_start_and_the_rate_from_the_last_minutes() -> None:
    board = board_of(
        snapshot(0, Cart=100),
        snapshot(600_000, Cart=100),
        snapshot(660_000, Cart=400),
        snapshot(720_000, Cart=700),
    )
    (row,) = board.rows()
    assert (row.delta_instances, row.delta_bytes) == (600, 6000)
    assert row.bytes_per_min == 3000


def test_after_a_mark_growth_counts_from_there() -> None:
    board = board_of(snapshot(0, Cart=100), snapshot(1000, Cart=150))
    board.set_mark()
    board.add(snapshot(2000, Cart=151), 1.0)
    assert board.rows()[0].delta_instances == 1
    board.clear_mark()
    assert board.rows()[0].delta_instances == 51


def test_a_class_that_is_gone_is_shown_with_what_it_lost() -> None:
    (row,) = board_of(snapshot(0, Cart=100), snapshot(1000)).rows()
    assert (row.instances, row.delta_instances) == (0, -100)


def test_a_restart_begins_anew() -> None:
    restarted = JVM._replace(pid=2, started=9000)
    board = board_of(snapshot(0, Cart=100), snapshot(1000, restarted, Cart=5))
    assert board.rows()[0].delta_instances == 0


@pytest.mark.parametrize(
    ("sort", "first"),
    [("bytes", "Big"), ("growth", "Grown"), ("rate", "Grown"), ("class", "Aaa"), ("instances", "Big")],
)
def test_every_order_puts_its_own_first(sort: str, first: str) -> None:
    board = board_of(snapshot(0, Aaa=1, Big=90, Grown=1), snapshot(60_000, Aaa=1, Big=90, Grown=50))
    board.sort = sort
    assert board.rows()[0].name == first


def test_filters_narrow_by_text_and_to_the_applications_own() -> None:
    board = board_of(snapshot(0, **{"byte[]": 5, "java.lang.String": 4, "com.shop.Cart": 3}))
    board.pattern = "string"
    assert [row.name for row in board.rows()] == ["java.lang.String"]
    board.pattern = "com.*"
    assert [row.name for row in board.rows()] == ["com.shop.Cart"]
    board.pattern, board.only_app = "", True
    assert [row.name for row in board.rows()] == ["com.shop.Cart"]


def leaking_board(screens: int = 60) -> Board:
    """Session and two that come with it only ever grow, Cart does not."""
    names = ["com.acme.Session", "java.net.URL", "byte[]", "com.acme.Cart"]
    return board_of(
        *(
            snapshot(
                1000 * n, **dict(zip(names, [100 + 10 * n, 10 * n, 20 * n, 50 + n * 37 % 20], strict=True))
            )
            for n in range(screens)
        )
    )


def test_what_seems_to_leak_is_marked_and_told_in_a_sentence() -> None:
    board = leaking_board()
    assert {row.name: row.mark for row in board.rows()} == {
        "com.acme.Session": "!", "java.net.URL": "+", "byte[]": "+", "com.acme.Cart": "",
    }  # fmt: skip
    told = suspicion(board, 120)
    assert re.fullmatch(
        r"! com\.acme\.Session seems to leak: 10 objects/s since \d\d:\d\d, 2 classes grow with it", told
    )
    assert len(suspicion(board, 40)) <= 40
    assert [line[-20:] for line in (row_line(row, 1, 80) for row in board.rows()) if "! " in line] == [
        "  ! com.acme.Session"
    ]


def test_suspects_can_be_shown_alone_and_why_there_are_none() -> None:
    board = leaking_board()
    board.only_suspects = True
    assert "com.acme.Cart" not in [row.name for row in board.rows()]
    early = leaking_board(12)
    assert suspicion(early, 80) == ""
    early.only_suspects = True
    assert early.rows() == []
    assert suspicion(early, 80) == "no suspects: 12 of the 40 histograms that it takes"


def test_another_life_of_the_jvm_is_under_no_suspicion() -> None:
    board = leaking_board()
    board.add(snapshot(61_000, JVM._replace(pid=2, started=9000), **{"com.acme.Session": 5}), 1.0)
    assert [row.mark for row in board.rows()] == [""]
    assert suspicion(board, 80) == ""


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_lines_fit_the_width_and_the_class_keeps_its_room(width: int) -> None:
    board = board_of(snapshot(0, **{"scala.collection.immutable.NewRedBlackTree$Tree": 12345}))
    line = row_line(board.rows()[0], 123450, width)
    assert len(line) <= width
    assert "Tree" in line
    assert len(titles(width, board)) <= width
    assert len(fields_for(width)) <= len(fields_for(width + 40))


# -- the screen ---------------------------------------------------------------------------------------------


def visitor_of(program: Program) -> Visitor:
    return Visitor(find(str(program.pid)), "all", Limits(share=1.0, min_interval_s=600.0))


async def until(pilot: object, seen: Callable[[], bool]) -> None:
    """Wait until the screen shows it."""
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline, "the screen never showed it"
        await pilot.pause(0.02)  # type: ignore[attr-defined]


def text_of(app: TopApp) -> str:
    """All lines of the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


@pytest.mark.jvm
def test_the_screen_shows_classes_and_obeys_its_keys(lab: Program) -> None:
    lab.tell("hold 4000")

    async def play() -> None:
        with visitor_of(lab) as visitor:
            app = TopApp(visitor, Board())
            async with app.run_test(size=(80, 24)) as pilot:
                await until(pilot, lambda: "byte[]" in text_of(app))
                assert re.search(r"stopped for [\d.]+ m?s", text_of(app))
                assert "heap " in text_of(app)

                await pilot.press("slash", *"lab$node", "enter")
                await until(pilot, lambda: "byte[]" not in text_of(app))
                assert NODE in text_of(app)
                assert "/lab$node" in text_of(app)

                await pilot.press("m")
                lab.tell("hold 1000")
                await pilot.press("n")
                await until(pilot, lambda: "+1,000" in text_of(app))
                assert "ΔBYTES" in text_of(app)

                await pilot.press("escape", "space")
                await until(pilot, lambda: "FROZEN" in text_of(app) and "byte[]" in text_of(app))
                visits = app._board.visits
                await pilot.press("space", "c")
                await until(pilot, lambda: "▾CLASS" in text_of(app) and app._board.visits > visits)

                await pilot.press("a")
                await until(pilot, lambda: "app only" in text_of(app))
                assert "byte[]" not in text_of(app)

                await pilot.press("question_mark")
                await until(pilot, lambda: "order by bytes" in text_of(app))
                await pilot.press("escape")
                await pilot.resize_terminal(60, 12)
                await until(pilot, lambda: "OBJECTS" not in text_of(app) and "ΔBYTES" in text_of(app))
                assert max(map(len, text_of(app).splitlines())) <= 60
                await pilot.press("q")

    asyncio.run(play())


@pytest.mark.jvm
def test_the_screen_tells_of_a_leak_while_it_happens(lab: Program) -> None:
    lab.tell("churn 60")

    async def play() -> None:
        with visitor_of(lab) as visitor:
            app = TopApp(visitor, Board())
            async with app.run_test(size=(100, 24)) as pilot:
                await pilot.press("l")
                await until(
                    pilot, lambda: "no suspects: 1 of the 40 histograms that it takes" in text_of(app)
                )
                while "seems to leak" not in text_of(app):
                    assert app._board.visits < 300, text_of(app)
                    seen = app._board.visits
                    lab.tell("hold 20")
                    await pilot.press("n")
                    await until(pilot, lambda seen=seen: app._board.visits > seen)  # type: ignore[misc]
                assert "! Lab$Node seems to leak: " in text_of(app)
                assert re.search(r" ! Lab\$Node", text_of(app))
                assert "suspects only" in text_of(app)
                assert "java.lang.Class" not in text_of(app)
                await pilot.press("l")
                await until(pilot, lambda: "java.lang.Class" in text_of(app))

    asyncio.run(play())


@pytest.mark.jvm
def test_the_screen_stays_when_the_jvm_ends_and_says_so(lab: Program) -> None:
    async def play() -> None:
        with visitor_of(lab) as visitor:
            app = TopApp(visitor, Board())
            async with app.run_test(size=(80, 24)) as pilot:
                await until(pilot, lambda: app.query_one(Classes).virtual_size.height > 10)
                lab.stop()
                await pilot.press("n")
                await until(pilot, lambda: "is gone" in text_of(app))
                assert "byte[]" in text_of(app)

    asyncio.run(play())


class Terminal:
    """A real pseudo-terminal with a program in it."""

    def __init__(self, words: list[str], columns: int, lines: int) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        variables = environment(TERM="xterm-256color")
        del variables["COLUMNS"]
        self.process = subprocess.Popen(
            words, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
        )
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.seen:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.master], [], [], max(0.0, left))
            assert ready, f"never saw {text!r} in {self.seen!r}"
            self.seen += self._read()

    def _read(self) -> str:
        try:
            return os.read(self.master, 65536).decode("utf-8", "replace")
        except OSError:  # nobody has the other side open any more
            raise AssertionError(f"it ended: {self.seen}") from None

    def press(self, keys: str) -> None:
        self.seen = ""
        os.write(self.master, keys.encode())

    def end(self) -> int:
        """The exit code, once everything it printed has been taken."""
        while True:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            self.seen += piece.decode("utf-8", "replace")
        os.close(self.master)
        return self.process.wait(timeout=30)


@pytest.mark.jvm
def test_top_runs_in_a_real_terminal_and_leaves_it_as_it_was(lab: Program) -> None:
    lab.tell("hold 3000")
    terminal = Terminal(command("top", str(lab.pid), "--filter", "lab", "--interval", "1s"), 100, 20)
    terminal.wait_for(NODE)
    assert f"Serial {VERSION}" in terminal.seen
    assert "\x1b[?1049h" in terminal.seen, "it draws on the terminal's other screen"
    terminal.press("q")
    assert terminal.end() == 0
    assert "\x1b[?1049l" in terminal.seen, "and gives the first one back"


@pytest.mark.jvm
def test_a_jvm_that_cannot_be_asked_ends_top_with_one_line(lab: Program) -> None:
    lab.stop()
    terminal = Terminal(command("top", str(lab.pid)), 80, 24)
    assert terminal.end() == 2
    assert terminal.seen.startswith("heapwatch: ")
    assert terminal.seen.count("\n") == 1


@pytest.mark.jvm
def test_top_ends_with_its_terminal_also_where_nobody_tells_it(lab: Program) -> None:
    terminal = Terminal(command("top", str(lab.pid), "--interval", "1s"), 100, 20)
    terminal.wait_for("byte[]")
    os.close(terminal.master)
    assert terminal.process.wait(timeout=60) == 0
