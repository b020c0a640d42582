"""./run itself: what it says, and what it remembers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import build_ui
import pytest
from runner import checks, debian, work

ROOT = Path(__file__).resolve().parents[1]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ROOT / "run"), *words], capture_output=True, text=True, timeout=60, cwd="/")


def test_help_names_the_demo_and_the_tests_first() -> None:
    words = [line.split()[1] for line in run("help").stdout.splitlines() if line.startswith("  ./run ")]
    assert words[:2] == ["demo", "test"]
    assert run().stdout == run("help").stdout


def test_every_word_of_the_help_is_one() -> None:
    from runner.main import HELP, WORDS

    named = [line.split()[1] for line in HELP.splitlines() if line.startswith("  ./run ")]
    assert set(named) <= set(WORDS)


def test_an_unknown_word_is_named_and_the_known_ones_are_listed() -> None:
    done = run("tset")
    assert done.returncode == 2
    assert "no such word: tset" in done.stderr
    assert "./run test" in done.stderr


def test_it_starts_with_nothing_but_the_standard_library() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "run"), "help"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = work.digest([tmp_path])
    assert work.digest([tmp_path]) == first
    (tmp_path / "a").write_text("2")
    changed = work.digest([tmp_path])
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, changed, work.digest([tmp_path]), work.digest([tmp_path], "3.12")}) == 4


def test_without_root_a_missing_tool_is_one_line_to_type(tmp_path: Path) -> None:
    code = (
        "import os\n"
        "from runner import debian\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: debian.ensure(debian.Tool('no-such-tool', 'such-a-package', 'a tool'))\n"
        "except Exception as failure: print(failure)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert debian.line_to_type(["such-a-package"]) in done.stdout, done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_the_counts_of_a_stage_are_read_from_its_report(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(
        '<testsuites><testsuite tests="10" failures="1" errors="1" skipped="3"/></testsuites>',
        encoding="utf-8",
    )
    assert str(checks._read(report)) == "5 passed, 2 failed, 3 skipped"
    assert checks._read(tmp_path / "missing.xml") == checks.Count()


@pytest.mark.parametrize(("unlucky", "counts"), [(True, "2 passed, 0 failed"), (False, "1 passed, 1 failed")])
def test_what_fails_is_tried_once_more_and_named_when_it_passes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], unlucky: bool, counts: str
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = store\n")
    (tmp_path / "test_luck.py").write_text(
        "from pathlib import Path\n"
        "def test_sound(): pass\n"
        f"def test_luck():\n    seen = Path({str(tmp_path / 'seen')!r})\n"
        f"    known = seen.exists() and {unlucky}\n    seen.touch()\n    assert known\n"
    )
    room = os.path.relpath(tmp_path, ROOT / "tests")
    assert str(checks.stage(checks.Stage(f"luck-{unlucky}", "not store", (room,), 1))).startswith(counts)
    assert ("unsteady test_luck::test_luck" in capfd.readouterr().out) is unlucky


@pytest.mark.parametrize(
    ("words", "givers"),
    [(["unit", "jvm", "store"], {"unit", "store"}), (["unit", "store"], set()), (["jvm"], set())],
)
def test_what_computes_gives_way_to_what_waits_where_there_is_both(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], givers: set[str]
) -> None:
    gave_way = set()

    def stage(which: checks.Stage, arguments: Sequence[str], runner: checks.Runner) -> checks.Count:
        if runner is checks.giving_way:
            gave_way.add(which.name)
        return checks.Count(len(which.name), int(which.name == "store"))

    monkeypatch.setattr(checks, "stage", stage)
    assert checks.test(words) == int("store" in words)
    assert gave_way == givers
    told = [line.split(",")[0] for line in capsys.readouterr().out.splitlines() if " passed" in line]
    assert told[:-1] == [f"  {word:<8} {len(word)} passed" for word in words]
    assert told[-1] == f"{sum(map(len, words))} passed"


def test_what_gives_way_says_what_it_has_to_say_and_how_it_ended(capfd: pytest.CaptureFixture[str]) -> None:
    words = [
        sys.executable,
        "-c",
        "import os; print('nice', os.nice(0), os.environ['WORD']); raise SystemExit(3)",
    ]
    before = os.nice(0)
    assert checks.giving_way(words, {"WORD": "told"}) == 3
    assert capfd.readouterr().out.strip() == f"nice {min(before + 5, 19)} told"


def test_every_test_belongs_to_one_stage() -> None:
    """The marks of the stages part all combinations of marks between them."""
    marks = ("store", "jvm", "browser", "e2e", "soak")
    stages = [*checks.STAGES, checks.SOAK]
    for bits in range(2 ** len(marks)):
        has = {mark: bool(bits >> i & 1) for i, mark in enumerate(marks)}
        homes = [stage.name for stage in stages if eval(stage.marks, {}, has)]
        assert len(homes) == 1, (has, homes)


def test_pages_are_built_by_a_node_that_vite_runs_on(tmp_path: Path) -> None:
    node = tmp_path / "node"
    for version, fits in (
        ("v20.19.0", True),
        ("v20.18.9", False),
        ("v21.7.0", False),
        ("v24.1.0", True),
        ("?", False),
    ):
        node.write_text(f"#!/bin/sh\necho {version}\n")
        node.chmod(0o755)
        assert build_ui._new_enough(str(node)) is fits, version
