"""A server that is killed at any place of a shipped workflow leaves a run that ends, and says what was."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

WORKFLOWS = Path(__file__).parents[2] / "examples" / "workflows"
EFFECTS = {
    "canary": ["check", "verify", "ask", "roll-back", "tell"],
    "evidence": ["heap_info", "histogram", "thread_dump", "jfr"],
    "periodic-collection": ["collect-", "log", "ask", "play", "collect-h2"],
    "restart-leaking-replica": ["histogram", "ask", "drain", "restart", "check", "undrain"],
}
"""What each does when nobody kills it."""
UNDONE = "restart-leaking-replica undone"
ONCE = {"roll-back": "back", "drain": "drain", "restart": "restart", "undrain": "back"}
"""What may not be done twice, and the step that does it."""

Told = list[dict[str, Any]]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("killed")
    words = [sys.executable, str(Path(__file__).with_name("killing.py")), str(folder)]
    words += sorted(map(str, WORKFLOWS.glob("*.yml")))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def states(each: Mapping[str, Any]) -> dict[str, str]:
    return {row["step"]: row["state"] for row in each["attempts"]}


def test_every_shipped_workflow_is_killed(told: Told) -> None:
    assert {each["workflow"] for each in told} == {*EFFECTS, UNDONE}


@pytest.mark.parametrize("workflow", EFFECTS)
def test_wherever_the_server_is_killed_the_run_ends_and_nothing_harmful_is_done_twice(
    told: Told, workflow: str
) -> None:
    whole, *found = [each for each in told if each["workflow"] == workflow]
    assert (whole["state"], whole["effects"]) == ("succeeded", EFFECTS[workflow]), whole
    assert len(found) >= 3 * len(EFFECTS[workflow])  # before, in and after each of them
    for each in found:
        assert (each["killed"], each["code"], each["ended"]) == (True, 0, True), each
        assert all(each["effects"].count(name) <= 1 for name in ONCE), each
        assert all(each["effects"].count(name) <= 2 for name in EFFECTS[workflow]), each
        assert each["audited"] == [each["state"]], each
        unknown = [step for step, state in states(each).items() if state == "unknown"]
        if not unknown:
            assert each["state"] == "succeeded", each
            assert list(dict.fromkeys(each["effects"])) == EFFECTS[workflow], each
            assert states(each) == states(whole), each
        else:
            assert each["state"] == "failed", each
            assert set(unknown) <= set(ONCE.values()), each
            assert f"{unknown[0]}: interrupted, outcome unknown" in each["text"], each


@pytest.mark.parametrize(
    ("workflow", "program"),
    [("canary", "roll-back")]
    + [("restart-leaking-replica", name) for name in ("drain", "restart", "undrain")],
)
def test_a_command_before_or_in_whose_middle_the_server_was_killed_says_that_nobody_knows(
    told: Told, workflow: str, program: str
) -> None:
    (in_it,) = [each for each in told if (each["workflow"], each["place"]) == (workflow, program)]
    assert states(in_it)[ONCE[program]] == "unknown"
    assert program in in_it["effects"]
    unknown = [
        each for each in told if each["workflow"] == workflow and states(each).get(ONCE[program]) == "unknown"
    ]
    assert sorted(program in each["effects"] for each in unknown) == [False, True]


def test_a_kill_while_a_run_is_undone_undoes_nothing_twice(told: Told) -> None:
    whole, *found = [each for each in told if each["workflow"] == UNDONE]
    assert whole["effects"] == EFFECTS["restart-leaking-replica"]
    assert (whole["state"], states(whole)["drain:undo"]) == ("failed", "succeeded")
    assert whole["text"].endswith("; undone")
    for each in found:
        assert (each["killed"], each["code"], each["ended"]) == (True, 0, True), each
        assert all(each["effects"].count(name) <= 1 for name in ONCE), each
        assert (each["state"], each["audited"]) == ("failed", ["failed"]), each
        unknown = [step for step, state in states(each).items() if state == "unknown"]
        assert len(unknown) <= 1, each
        if "undone" in each["text"] and "not all" not in each["text"]:
            assert "undrain" in each["effects"], each
        else:
            assert unknown == ["drain:undo"], each
            assert "not all undone: drain:undo: interrupted, outcome unknown" in each["text"], each
    undoing = [each for each in found if states(each).get("drain:undo") == "unknown"]
    assert sorted("undrain" in each["effects"] for each in undoing) == [False, True]


def test_what_was_interrupted_is_undone_and_a_playbook_that_may_is_played_again(told: Told) -> None:
    by_program = {each["place"]: each for each in told if each["workflow"] != UNDONE}
    assert by_program["restart"]["effects"][-2:] == ["restart", "undrain"]
    assert states(by_program["restart"])["drain:undo"] == "succeeded"
    assert by_program["play"]["effects"].count("play") == 2
    assert by_program["play"]["state"] == "succeeded"
