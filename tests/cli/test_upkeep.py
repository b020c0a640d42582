"""config, doctor and up: what an operator needs before and beside the data."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from cli.conftest import Run, command, environment
from jvms.fixtures import Program


def test_config_show_says_where_each_setting_comes_from(inside: Run, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('listen = "127.0.0.1:9999"\nlog_level = "debug"\n')
    answer = inside("config", "show", "--json", "--config", str(file), HEAPWATCH_LOG_LEVEL="error")
    rows = {(row["of"], row["name"]): row for row in json.loads(answer.stdout)}
    assert rows["server", "listen"]["origin"] == f"file {file}"
    assert (rows["server", "log_level"]["value"], rows["server", "log_level"]["origin"]) == (
        "error",
        "environment HEAPWATCH_LOG_LEVEL",
    )
    assert rows["server", "graphite_listen"]["origin"] == "default"
    shown = inside("config", "show", "--origin", "--config", str(file)).stdout.splitlines()
    assert shown[0].split() == ["OF", "SETTING", "VALUE", "ORIGIN"]


def test_config_show_hides_secrets(inside: Run) -> None:
    secrets = {"HEAPWATCH_TOKEN": "hw_secret", "HEAPWATCH_STORE_DSN": "http://me:word@db:8123/x"}
    text = inside("config", "show", "--origin", "-o", "csv", **secrets).stdout
    assert "hw_secret" not in text
    assert "word" not in text
    assert "environment HEAPWATCH_TOKEN" in text


def test_a_setting_that_cannot_be_is_one_line_with_its_origin(inside: Run) -> None:
    answer = inside("config", "show", HEAPWATCH_LISTEN="nonsense")
    assert answer.returncode == 2
    assert "listen (environment HEAPWATCH_LISTEN)" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_every_setting_of_the_server_is_a_flag(inside: Run) -> None:
    from heapwatch.web.settings import Settings

    shown = inside("serve", "--help").stdout
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')}" in shown


def test_serve_beyond_this_machine_without_a_token_is_refused(heapwatch: Run, tmp_path: Path) -> None:
    answer = heapwatch(
        "serve", "--data", str(tmp_path / "d"), "--listen", "0.0.0.0:0", "--graphite-listen", "off"
    )
    assert answer.returncode == 2
    assert "`heapwatch token create`" in answer.stderr


def test_config_path_names_the_files_that_are_looked_for(inside: Run) -> None:
    shown = inside("config", "path").stdout
    assert "/etc/heapwatch/server.toml" in shown


@pytest.mark.jvm
def test_doctor_looks_at_every_jvm_and_says_what_is_not_there(
    inside: Run, lab: Program, tmp_path: Path
) -> None:
    answer = inside("doctor", "--json", "--server", "http://127.0.0.1:9", "--data", str(tmp_path))
    found = json.loads(answer.stdout)
    about = {row["about"]: row for row in found}
    assert about[f"JVM {lab.pid} cli-lab"]["level"] == "ok"
    assert about["server http://127.0.0.1:9"]["level"] == "note"
    assert "start one with `heapwatch up`" in about["server http://127.0.0.1:9"]["told"]
    assert about["heapwatch"]["level"] == "ok"
    shown = inside("doctor", "--server", "http://127.0.0.1:9", "--data", str(tmp_path)).stdout
    assert f"ok     JVM {lab.pid} cli-lab: histograms and counters" in shown


def test_the_agent_answers_for_itself(inside: Run) -> None:
    assert inside("agent", "--help").stdout.startswith("usage: heapwatch-agent ")
    assert inside("agent", "version").stdout.startswith("heapwatch-agent ")


# -- up -----------------------------------------------------------------------------------------------------


class Up:
    """A running `heapwatch up`."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data = data
        flags = ["--data", str(data), "--port", "0", "--interval", "1s", *words]
        self.process = subprocess.Popen(
            command("up", *flags), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(), start_new_session=True,
        )  # fmt: skip
        self.said: list[str] = []

    def wait_ready(self) -> str:
        """The address it prints."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line)
            if line == "Ctrl-C ends it\n":
                return self.said[0].split()[-1]
        raise AssertionError(f"up ended: {self.process.communicate()[1]}")

    def ours(self) -> list[int]:
        """Processes whose command line names this data folder."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    words = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.data).encode() in words:
                    found.append(int(entry.name))
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*words: str) -> Up:
        started.append(Up(tmp_path / "up", *words))
        return started[-1]

    yield start
    for each in started:
        each.end()


def until(seen: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.jvm
@pytest.mark.e2e
def test_up_supervises_this_machine_and_leaves_nothing_behind(
    inside: Run, up: Callable[..., Up], java: Callable[..., Program], tmp_path: Path
) -> None:
    from jvms.fixtures import home_of

    program = java(home_of("17.0.9"), "Lab", "-Dheapwatch.name=up-lab")
    program.tell("hold 1234")
    settings = tmp_path / "agent.toml"  # the JVM is young here, and the machine busy
    settings.write_text('min_age = "0s"\n[budget]\nmax_pressure = "100%"\nshare = "50%"\n')
    running = up("--only", "up-lab", "--agent-config", str(settings))
    url = running.wait_ready()
    assert any("open to everybody on this machine" in line for line in running.said)
    until(lambda: "up-lab" in inside("jvms", "--server", url).stdout, "the agent finds the JVM")
    words = ["classes", "--jvm", "up-lab", "--filter", "Lab$Node", "--json", "--server", url]
    until(lambda: '"instances": [1234' in inside(*words).stdout, "its classes are stored")
    assert len(running.ours()) == 2
    running.process.send_signal(signal.SIGINT)
    _, error = running.process.communicate(timeout=60)
    assert (running.process.returncode, error.strip()) == (0, "ending")
    assert running.ours() == []


@pytest.mark.e2e
def test_when_up_is_killed_its_children_end_too(up: Callable[..., Up]) -> None:
    running = up()
    running.wait_ready()
    until(lambda: len(running.ours()) == 2, "server and agent run")
    running.process.kill()
    until(lambda: not running.ours(), "the kernel tells them to end")


@pytest.mark.e2e
def test_up_on_a_port_that_heapwatch_has_says_where_to_look(
    heapwatch: Run, up: Callable[..., Up], tmp_path: Path
) -> None:
    running = up()
    url = running.wait_ready()
    port = url.rpartition(":")[2]
    second = heapwatch("up", "--data", str(tmp_path / "second"), "--port", port)
    assert second.returncode == 2
    assert f"{url} is taken, by a heapwatch that runs already" in second.stderr


@pytest.mark.jvm
@pytest.mark.e2e
def test_up_with_tokens_gives_its_agent_one(
    inside: Run, up: Callable[..., Up], lab: Program, tmp_path: Path
) -> None:
    settings = tmp_path / "agent.toml"
    settings.write_text('min_age = "0s"\n')  # the JVM is young here
    made = inside("token", "create", "me", "--scope", "read", "--data", str(tmp_path / "up"))
    secret = made.stdout.strip()
    running = up("--only", str(lab.pid), "--agent-config", str(settings))
    url = running.wait_ready()
    assert not any("open to everybody" in line for line in running.said)
    words = ["status", "--json", "--server", url]
    until(
        lambda: bool(json.loads(inside(*words, HEAPWATCH_TOKEN=secret).stdout)["agents"]),
        "the agent gets in",
    )


@pytest.mark.e2e
def test_a_server_that_cannot_start_ends_up_with_its_reason(heapwatch: Run, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("")
    answer = heapwatch("up", "--data", str(file / "below"), "--port", "0")
    assert answer.returncode == 2
    assert answer.stderr.startswith("heapwatch: cannot use the data folder")
    assert answer.stderr.count("\n") == 1
