"""The demo's picture and lines, and that the terminal is given back as it was."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from heapwatch.cli.demo import screen
from heapwatch.cli.demo.build import Program
from heapwatch.cli.demo.figures import HostFigures
from heapwatch.cli.demo.hosts import Happening, Host, Load
from heapwatch.cli.demo.screen import View

MIB = 1 << 20

PROGRAM = """
from heapwatch.cli.demo import screen
picture = screen.choose(plain=False)
print("waiting", flush=True)
key = ""
while not key:
    key = picture.key()
picture.close()
print(f"pressed {key}", flush=True)
"""


def view() -> View:
    hosts = [
        Host(Load(name, 1, 192), Program("java", "classes", twin=False), Path(), print, state=state)
        for name, state in (("memleak1", "up"), ("memleak2", "dying"), ("memleak3", "down"))
    ]
    figures = {
        "memleak1": HostFigures(81 * MIB, 192 * MIB, 12.4 * MIB, 12_345, 6_600.0, 8.3, 12),
        "memleak2": HostFigures(190 * MIB, 192 * MIB, 14.1 * MIB, 34_567, 7_900.0, 41.0, 11),
    }
    happened = Happening(0, "memleak2", "oom", "java.lang.OutOfMemoryError: Java heap space")
    return View("http://127.0.0.1:7077", "Akka", 95, hosts, figures, [happened], fixed=False)


def drawn(width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(screen._picture(view(), width))
    return console.export_text()


def test_the_picture_has_heap_growth_and_what_happened() -> None:
    picture = drawn(140)
    row = next(line for line in picture.splitlines() if "memleak1" in line)
    assert "81.0 MiB" in row
    assert "12.3 k" in row
    assert "+6,600" in row
    assert "out of memory" in picture
    assert "java.lang.OutOfMemoryError" in picture
    assert "f deploy the fix" in picture
    assert "say yes" not in picture


def test_the_keys_that_answer_are_named_while_a_run_asks() -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(screen._picture(replace(view(), asked=True), 140))
    assert "y say yes   n say no" in console.export_text()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 140])
def test_the_picture_fits_its_terminal(width: int) -> None:
    table = [line for line in drawn(width).splitlines() if "memleak1" in line]
    assert len(table) == 1
    assert "…" not in table[0]
    assert len(table[0]) <= width


def test_a_host_without_figures_yet_has_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    plain = screen.PlainScreen(every_s=0)
    plain.show(view())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "memleak1 1.0.0 up, heap 81.0 MiB of 192 MiB, Child 12.3 k (+6,600/min)" in lines[0]
    assert "memleak3 1.0.0 down, heap – of –, Child – (–/min), 0 histograms" in lines[2]


def test_a_key_needs_no_enter_and_the_terminal_is_given_back() -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "TERM": "xterm"}
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    try:
        said = b""
        while b"waiting" not in said:
            said += os.read(ours, 1024)
        os.write(ours, b"f")
        while b"pressed" not in said:
            said += os.read(ours, 1024)
        assert program.wait(30) == 0
        assert b"pressed f" in said
        assert termios.tcgetattr(theirs)[3] == before[3]
    finally:
        program.kill()
        program.wait()
        os.close(ours)
        os.close(theirs)
