"""The rule scripts and the monitors of the documentation hold, and leave no command and no state out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heapwatch.monitor import hwt, rules
from heapwatch.monitor.kinds import KINDS
from heapwatch.monitor.load import combined
from heapwatch.monitor.marked import parse
from heapwatch.monitor.states import STATES

pytestmark = pytest.mark.store

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "hwt.md").read_text(encoding="utf-8")
HOWTO = (DOCS / "howto" / "monitors.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def outcomes(path: Path, script: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    path.write_text(script, encoding="utf-8")
    for each in rules.check(path):
        yield each.where, tuple(each.problems)


def test_every_script_of_the_reference_holds(tmp_path: Path) -> None:
    scripts = blocks(REFERENCE, "hwt")
    assert len(scripts) == 4
    # one store for all of them: each begins with monitors and hours of its own
    told = list(outcomes(tmp_path / "all.hwt", "clear\n".join(scripts)))
    assert len(told) == 4
    assert [each for each in told if each[1]] == []


def test_the_script_of_the_guide_holds_for_the_monitors_beside_it(tmp_path: Path) -> None:
    (monitors,) = blocks(HOWTO, "yaml")
    (script,) = blocks(HOWTO, "hwt")
    (tmp_path / "heap.yml").write_text(monitors, encoding="utf-8")
    told = list(outcomes(tmp_path / "heap.hwt", script))
    assert len(told) == 1
    assert told[0][1] == ()


def test_the_reference_names_every_command_and_every_state() -> None:
    for word in (*hwt.COMMANDS, "expect"):
        assert re.search(rf"`{word}\b", REFERENCE), word
    for state in STATES:
        assert f"`{state}`" in REFERENCE, state


def test_the_guide_has_every_kind_with_its_own_keys() -> None:
    shared = set.intersection(*(set(kind.model_fields) for kind in KINDS.values()))
    for name, kind in KINDS.items():
        (row,) = [line for line in HOWTO.splitlines() if line.startswith(f"| `{name}` |")]
        for key in set(kind.model_fields) - shared - {"mode"}:
            assert re.search(rf"`{key}\b", row), (name, key)


def test_the_monitors_that_the_screen_shows_as_an_example_can_be_read() -> None:
    source = (DOCS.parent / "ui" / "src" / "pages" / "monitors" / "example.ts").read_text(encoding="utf-8")
    (text,) = re.findall(r"`(.*?)`", source, re.DOTALL)
    book = combined([parse(text, "example.yml")])
    assert [each.kind for each in book.monitors] == ["leak", "exhaustion", "query"]
