"""What the demo's server is given to run: the shipped files, reached hosts, and a way to repair them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from heapwatch.cli.demo import workflows
from heapwatch.cli.demo.hosts import Load
from heapwatch.errors import HeapwatchError
from heapwatch.fleet import inventory
from heapwatch.monitor import load as monitors
from heapwatch.monitor import marked
from heapwatch.workflow import definition

EXAMPLES = Path(__file__).parents[3] / "examples"
URL = "http://127.0.0.1:7077"
LOADS = (Load("memleak1", 1, 64), Load("memleak2", 1, 64, jvm="memleak2-4711"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    flags = workflows.prepare(tmp_path, LOADS, tmp_path / "state", URL, fast=False)
    assert [flags[at] for at in (0, 2, 4)] == ["--workflows", "--monitors", "--inventory"]
    assert flags[5] == str(tmp_path / "hosts.toml")
    return tmp_path


def test_the_shipped_workflows_run_but_for_the_words_that_the_demo_names(folder: Path) -> None:
    book = definition.load(folder / "workflows")
    shipped = definition.load(EXAMPLES / "workflows")
    assert set(book.workflows) == {"periodic-collection", "evidence"}
    assert book.written["evidence"] == shipped.written["evidence"]
    runs, ships = book.workflows["periodic-collection"], shipped.workflows["periodic-collection"]
    assert (runs.on.every, ships.on.every) == (15_000, 300_000)
    assert [step.id for step in runs.steps] == [step.id for step in ships.steps]
    with_ = {step.id: step.with_ for step in runs.steps}
    assert (
        Path(with_["repair"]["playbook"]).read_text()
        == (EXAMPLES / "playbooks" / "repair-collection.yml").read_text()
    )
    assert with_["repair"] | {"playbook": "", "inventory": ""} == (
        {step.id: step.with_ for step in ships.steps}["repair"] | {"playbook": "", "inventory": ""}
    )
    assert "every: 5m  ->  every: 15s" in (folder / "workflows" / "periodic-collection.yml").read_text()


def test_nothing_destructive_is_done_without_a_yes(folder: Path) -> None:
    book = definition.load(folder / "workflows")
    assert {one.destructive for one in book.workflows.values()} == {"approval"}


def test_the_shipped_monitors_watch_and_whom_the_workflows_tell_is_known(folder: Path) -> None:
    book = monitors.load(folder / "monitors")
    assert {each.name for each in book.monitors} >= {"leak", "memory-ends"}
    told = {name for one in definition.load(folder / "workflows").workflows.values() for name in one.notify}
    assert told == {each.name for each in book.receivers} == {"oncall"}
    assert book.receivers[0].address() == f"{URL}/api/v1/webhook/alerts"


def test_each_host_is_reached_on_this_machine_and_has_its_own_jvm(folder: Path) -> None:
    found = inventory.read(str(folder / "hosts.toml"), marked.read)
    assert [(host.name, host.connection, host.jvms) for host in found.select()] == [
        ("memleak1", "local", ("memleak1",)),
        ("memleak2", "local", ("memleak2-4711",)),
    ]


def test_ansible_knows_how_to_repair_each_host(folder: Path, needs) -> None:
    tool = shutil.which("ansible-inventory", path=workflows.search_path())
    if tool is None:
        needs("ansible-inventory")
    command = [str(tool), "-i", str(folder / "inventory.yml"), "--host", "memleak2"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    assert told["ansible_connection"] == "local"
    assert told["repair"][-5:] == ["demo", "start", "memleak2", "--state", str(folder / "state")]


def test_a_shipped_file_that_has_changed_is_not_run_as_it_is() -> None:
    with pytest.raises(HeapwatchError, match="does not say 'every: 5m' once"):
        workflows._fitted("periodic-collection.yml", "on: {every: 1h}", {"every: 5m": "every: 15s"})


def test_what_is_not_installed_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert workflows.missing() == ""
    monkeypatch.setattr(workflows, "NEEDED", ("cronsim", "no_such_engine"))
    assert workflows.missing() == "no no_such_engine; pip install 'heapwatch[workflows]' has it"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert workflows.without_ansible().endswith("pip install ansible-core")
    (tmp_path / "ansible-playbook").write_text("#!/bin/sh\n")
    os.chmod(tmp_path / "ansible-playbook", 0o755)
    assert workflows.without_ansible() == ""
