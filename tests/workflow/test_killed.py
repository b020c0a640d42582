"""A server that is killed at any place of a shipped workflow leaves a run that ends, and says what was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOWS = Path(__file__).parents[2] / "examples" / "workflows"
WHOLE = {
    "evidence": ["heap_info", "histogram", "thread_dump", "jfr"],
    "restart-leaking-replica": ["histogram", "drain", "restart", "undrain"],
}
ONCE = {"drain", "restart", "undrain"}


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> list[dict]:
    folder = tmp_path_factory.mktemp("killed")
    words = [sys.executable, str(Path(__file__).with_name("killing.py")), str(folder)]
    words += [str(WORKFLOWS / f"{name}.yml") for name in WHOLE]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("workflow", WHOLE)
def test_wherever_the_server_is_killed_the_run_ends_and_nothing_harmful_is_done_twice(told, workflow):
    found = [each for each in told if each["workflow"] == workflow]
    assert len(found) >= 10  # three in each of three steps, and the end
    assert all(each["killed"] for each in found)
    for each in found:
        assert (each["code"], each["ended"]) == (0, True), each
        assert all(each["effects"].count(name) <= 1 for name in ONCE), each
        assert each["state"] == ("failed" if each["place"] in ONCE else "succeeded"), each
        if each["state"] == "succeeded":
            assert list(dict.fromkeys(each["effects"])) == WHOLE[workflow], each


def test_a_command_in_whose_middle_the_server_was_killed_says_that_nobody_knows(told):
    found = {each["place"]: each for each in told if each["place"] in ONCE}
    assert set(found) == ONCE
    unknown = {"drain": "drain", "restart": "restart", "undrain": "back"}
    for place, step in unknown.items():
        states = {row["step"]: row["state"] for row in found[place]["attempts"]}
        assert states[step] == "unknown"
        assert f"{step}: interrupted, outcome unknown" in found[place]["text"]
    assert found["restart"]["effects"] == ["histogram", "drain", "restart", "undrain"]  # undone
