"""The command line as a user meets it: as a process, with its output, its errors and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Run
from heapwatch.cli.commands import COMMANDS
from heapwatch.cli.main import build, run

HEAVY = ("fastapi", "chdb", "textual", "pydantic", "uvicorn", "numpy", "clickhouse_connect", "httpx2")


def heapwatch(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heapwatch.cli.main", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **environment},
        timeout=60,
        check=False,
    )


def test_help_names_every_command_and_fits_a_terminal_of_80_columns() -> None:
    answer = heapwatch("--help")
    assert answer.returncode == 0
    assert all(f" {command.name} " in answer.stdout for command in COMMANDS)
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_version_is_one_line() -> None:
    answer = heapwatch("--version")
    assert (answer.returncode, len(answer.stdout.split())) == (0, 1)


@pytest.mark.parametrize("words", [("--help",), ("ps", "--help"), ("histo", "--help")])
def test_what_a_command_does_not_need_is_not_imported(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from heapwatch.cli.main import run; run(sys.argv[1:]);"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert answer.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hsto"], "heapwatch: no command 'hsto': did you mean `histo`?"),
        (["frobnicate"], "heapwatch: no command 'frobnicate': `heapwatch --help` lists them"),
        (["completion"], 'heapwatch: Command "completion" parameter SHELL requires an argument. (see'),
        (
            ["completion", "bash", "--tpo", "3"],
            "heapwatch: Unknown option: --tpo. (see `heapwatch completion",
        ),
        (["import"], "heapwatch: nothing to import: name files, folders or archives"),
        (["import", "/nowhere/x"], "heapwatch: no such file or folder: /nowhere/x"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    error = capsys.readouterr().err
    assert error.startswith(says)
    assert error.count("\n") == 1


def test_a_server_that_is_not_there_is_one_line_that_says_how_to_start_one() -> None:
    answer = heapwatch("--server", "http://127.0.0.1:9", "import", __file__)
    assert answer.returncode == 2
    assert answer.stderr == (
        "heapwatch: no server at http://127.0.0.1:9 (connection refused): "
        "start one with `heapwatch up`, or name another with --server\n"
    )


@pytest.mark.parametrize("missing", ["cyclopts", "textual", "fastapi", "chdb"])
def test_a_bare_install_says_which_extra_it_lacks(missing: str) -> None:
    code = (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {missing!r}: raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "from heapwatch.cli import main\n"
        f"import heapwatch.cli.commands as c\n"
        f"c.COMMANDS\n"
        f"def fails(): import {missing}\n"
        "main._dispatch = lambda words: fails()\n"
        "sys.exit(main.run(['ps']))\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    extra = {"cyclopts": "cli", "textual": "tui", "fastapi": "server", "chdb": "embedded"}[missing]
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"heapwatch: this needs {missing}: pip install 'heapwatch[{extra}]'")
    assert answer.stderr.count("\n") == 1


def test_a_reader_who_leaves_early_hears_no_complaint() -> None:
    command = f"{sys.executable} -m heapwatch.cli.main completion bash"
    answer = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | true"], capture_output=True, text=True, check=False
    )
    assert answer.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(inside: Run, shell: str) -> None:
    answer = inside("completion", shell)
    assert answer.returncode == 0
    assert "support-bundle" in answer.stdout


def test_install_completion_writes_where_the_shell_looks(tmp_path: Path) -> None:
    answer = heapwatch("--install-completion", "--shell", "bash", HOME=str(tmp_path), SHELL="/bin/bash")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / ".local/share/bash-completion/completions/heapwatch").exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_explains_itself_with_an_example(
    command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    name = command.name  # type: ignore[attr-defined]
    if name == "agent":  # speaks for itself
        return
    if command.where.endswith(":app"):  # type: ignore[attr-defined]  # keeps the help it was listed with
        shown = heapwatch(name, "--help").stdout
    else:
        build(name)([name, "--help"])
        shown = capsys.readouterr().out
    assert f"\n\n{command.summary}\n" in shown  # type: ignore[attr-defined]  # as the list of commands says
    assert f"heapwatch {name}" in shown.split("For example:")[1]
    assert max(map(len, shown.splitlines())) <= 80


def test_json_is_json() -> None:
    answer = heapwatch("import", __file__, "--dry-run", "--json")
    assert json.loads(answer.stdout) == []
