"""The agent beside real JVMs that start, hang, die and come back, and a server that is not always there."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest
from tests.agent.conftest import Mail, Running, run_agent
from tests.ship.doors import HttpDoor

from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

Java = Callable[..., Program]
Agent = Callable[..., Running]
NAME = "-Dheapwatch.name=agent-lab"


def lab(java: Java, home: Path, *flags: str) -> Program:
    return java(home, "Lab", NAME, "-XX:+UseSerialGC", *flags)


def test_histograms_and_counters_of_a_jvm_arrive(java: Java, home: Path, agent: Agent, mail: Mail) -> None:
    program = lab(java, home, "-Dheapwatch.label.team=blue")
    program.tell("hold 1000")
    agent(only=["agent-lab"], labels={"env": "test"})
    snapshot = mail.until(lambda: mail.snapshots and mail.snapshots[-1])
    assert (snapshot.jvm.host, snapshot.jvm.jvm, snapshot.jvm.pid) == ("web1", "agent-lab", program.pid)
    assert snapshot.histogram.instances[snapshot.histogram.classes.index("Lab$Node")] == 1000
    assert (
        snapshot.labels.items()
        >= {
            "env": "test",
            "team": "blue",
            "java": "17.0.9",
            "collector": "Serial",
            "command": "Lab",
        }.items()
    )
    assert 0 <= snapshot.pause <= snapshot.duration
    assert snapshot.heap["heap_max"] > 60e6
    mail.until(lambda: any("heapwatch.pause_ms" in block.values for block in mail.blocks))
    metrics = {name for block in mail.blocks for name in block.values}
    assert metrics >= {
        "jvm.heap.used", "jvm.gc.load", "jvm.gc.count;gc=young", "jvm.pool.used;pool=eden",
        "jvm.threads.live", "jvm.process.rss", "jvm.process.open_files",
        "heapwatch.pause_share", "heapwatch.pause_budget", "heapwatch.interval_s",
    }  # fmt: skip
    of_agent = [block for block in mail.blocks if "heapwatch.spool_bytes" in block.values]
    assert all(dict(block.labels) == {"env": "test", "host": "web1"} for block in of_agent)
    assert list(of_agent[0].values["heapwatch.spool_batches"]) == [0.0]
    assert all(block.labels["pid"] == str(program.pid) for block in mail.blocks if block not in of_agent)
    assert all(list(block.times) == sorted(set(block.times)) for block in mail.blocks)


def test_what_a_collection_leaves_is_told_at_the_collection(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    program = lab(java, home)
    agent(only=["agent-lab"])
    mail.until(lambda: mail.snapshots)

    def levels() -> list[float]:
        columns = [block.values.get("jvm.heap.after_gc", []) for block in mail.blocks]
        return [value for column in columns for value in column if not isnan(value)]

    assert levels() == []
    program.tell("gc")
    (level,) = mail.until(levels)
    assert 0 < level < 20e6


def test_a_new_version_is_an_exit_a_restart_and_a_deploy(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    first = lab(java, home, "-Dheapwatch.version=1.0")
    agent(only=["agent-lab"])
    mail.until(lambda: mail.snapshots)
    assert mail.events == []
    first.stop()
    second = lab(java, home, "-Dheapwatch.version=1.1")
    deploy = mail.until(lambda: mail.event("deploy"))
    assert deploy.text == "agent-lab changed from version 1.0 to 1.1"
    assert [event.kind for event in mail.events] == ["exit", "restart", "deploy"]
    assert mail.events[0].labels["pid"] == str(first.pid)
    assert mail.events[1].labels["pid"] == str(second.pid)
    mail.until(lambda: mail.snapshots[-1].jvm.pid == second.pid)
    assert mail.snapshots[-1].labels["version"] == "1.1"


def test_a_jvm_that_is_stopped_is_left_alone_until_it_goes_on(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    program = lab(java, home)
    running = agent(only=["agent-lab"])
    mail.until(lambda: mail.snapshots)
    os.kill(program.pid, signal.SIGSTOP)
    assert "is stopped" in running.says("tried again in")
    found = status(running)
    assert found["failures"]["stopped"] >= 1
    assert found["jvms"][0]["trouble_reason"] == "stopped"
    os.kill(program.pid, signal.SIGCONT)
    taken = len(mail.snapshots)
    mail.until(lambda: len(mail.snapshots) > taken)
    assert program.tell("hold 1") == "ok"


def test_a_jvm_that_dies_is_told_and_the_others_go_on(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    doomed, other = lab(java, home), java(home, "Lab", "-Dheapwatch.name=other")
    agent(only=["agent-lab", "other"])
    mail.until(lambda: {one.jvm.jvm for one in mail.snapshots} == {"agent-lab", "other"})
    doomed.process.kill()  # not waited for: a zombie is no JVM any more
    exit_ = mail.until(lambda: mail.event("exit"))
    assert exit_.labels["pid"] == str(doomed.pid)
    taken = len(mail.snapshots)
    mail.until(lambda: len(mail.snapshots) > taken + 1)
    assert {one.jvm.pid for one in mail.snapshots[taken:]} == {other.pid}


def test_a_jvm_without_counters_still_has_histograms(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    lab(java, home, "-XX:-UsePerfData")
    running = agent(only=["agent-lab"])
    snapshot = mail.until(lambda: mail.snapshots and mail.snapshots[-1])
    assert snapshot.pause is None
    assert snapshot.duration > 0
    assert "keeps no hsperfdata" in status(running)["jvms"][0]["counters_trouble"]


def test_a_jvm_that_forbids_attaching_is_watched_by_its_counters_and_told_once(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    program = lab(java, home, "-XX:+DisableAttachMechanism")
    agent(only=["agent-lab"])
    failed = mail.until(lambda: mail.event("collection_failed"))
    assert "attach is disabled" in failed.text
    mail.until(lambda: any("jvm.heap.used" in block.values for block in mail.blocks))
    assert program.tell("hold 1") == "ok", "and no thread dump came before the answer"
    assert mail.snapshots == []


def test_nothing_is_lost_or_doubled_when_server_and_agent_are_killed(
    java: Java, home: Path, agent: Agent, door: HttpDoor, mail: Mail
) -> None:
    lab(java, home)
    running = agent(only=["agent-lab"])
    mail.until(lambda: mail.snapshots)
    with door.down():
        waiting = running.spool
        soon(lambda: sum(path.stat().st_size for path in waiting.glob("*.log")) > 5000)
        running.hears(signal.SIGKILL)
        running.ends()
    agent(only=["agent-lab"])
    alive = [batch.sequence for batch in mail.batches]
    mail.until(lambda: len(mail.batches) > len(alive) + 5)
    # A batch that was on its way when either was killed comes again: its number tells the server.
    came = {batch.sequence: batch for batch in mail.batches}
    assert list(came) == sorted(came)
    assert len({batch.agent for batch in came.values()}) == 1
    times = [one.time for batch in came.values() for one in batch.snapshots]
    assert times == sorted(set(times))
    blocks = [block for batch in came.values() for block in batch.metrics if "jvm.heap.used" in block.values]
    stamps = sorted(time for block in blocks for time in block.times)
    assert len(stamps) == len(set(stamps))


def test_a_stop_delivers_what_was_seen_last(java: Java, home: Path, agent: Agent, mail: Mail) -> None:
    lab(java, home)
    running = agent(
        only=["agent-lab"], interval="60s", counters_every="0.1s", budget={"max_pressure": "100%"}
    )
    running.says("watches web1")
    soon(lambda: status(running)["jvms"])
    running.hears(signal.SIGTERM)
    assert running.ends() == 0
    assert mail.until(lambda: [block for block in mail.blocks if "jvm.heap.used" in block.values])


def test_a_stop_does_not_wait_for_a_server_that_is_away(
    java: Java, home: Path, agent: Agent, door: HttpDoor
) -> None:
    lab(java, home)
    with door.down():
        running = agent(only=["agent-lab"])
        running.says("Connection refused")
        running.hears(signal.SIGTERM)
        assert running.ends() == 0


def test_changed_settings_are_used_from_a_hangup_on(java: Java, home: Path, agent: Agent, mail: Mail) -> None:
    lab(java, home)
    running = agent(only=["agent-lab"], labels={"env": "stage"})
    mail.until(lambda: mail.snapshots)
    running.set(labels={"env": "prod"})
    running.hears(signal.SIGHUP)
    mail.until(lambda: mail.snapshots[-1].labels["env"] == "prod")
    running.set(intervall="1s")
    running.hears(signal.SIGHUP)
    assert "the old settings stay" in running.says("unknown setting 'intervall'")
    running.set(intervall=None, listen="192.0.2.1:7078")
    running.hears(signal.SIGHUP)
    assert "the old settings stay" in running.says("cannot listen on 192.0.2.1:7078")
    taken = len(mail.snapshots)
    mail.until(lambda: len(mail.snapshots) > taken + 3)
    assert mail.snapshots[-1].labels["env"] == "prod"


def test_systemd_hears_that_it_is_ready_lives_and_stops(
    java: Java, home: Path, agent: Agent, tmp_path: Path
) -> None:
    lab(java, home)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        running = agent(
            {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}, only=["agent-lab"]
        )
        assert manager.recv(1000).startswith(b"READY=1\nSTATUS=")
        assert manager.recv(1000).startswith(b"WATCHDOG=1\nSTATUS=1 JVMs, ")
        running.hears(signal.SIGTERM)
        while (told := manager.recv(1000)) != b"STOPPING=1":
            assert told.startswith(b"WATCHDOG=1")
    assert running.ends() == 0


def test_a_spool_that_cannot_be_written_is_told_and_stops_nothing(
    java: Java, home: Path, agent: Agent, mail: Mail, tmp_path: Path
) -> None:
    lab(java, home)
    (tmp_path / "file").write_text("in the way")
    running = agent(only=["agent-lab"], spool=str(tmp_path / "file" / "spool"))
    assert "Not a directory" in running.says("batches wait in memory")
    mail.until(lambda: len(mail.snapshots) > 2)


def test_two_agents_of_one_spool_are_one_too_many(agent: Agent) -> None:
    first = agent(only=["nobody"])
    first.says("watches web1")
    second = agent(only=["nobody"])
    assert f"is in use by process {first.process.pid}" in second.says("spool")
    assert second.ends() == 2


def test_prometheus_sees_pauses_spool_and_losses(java: Java, home: Path, agent: Agent, mail: Mail) -> None:
    program = lab(java, home)
    running = agent(only=["agent-lab"])
    mail.until(lambda: len(mail.snapshots) > 1)
    text = get(running, "/metrics")
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(samples[f'heapwatch_agent_jvm_visits_total{{jvm="agent-lab",pid="{program.pid}"}}']) >= 2
    assert 0 < float(samples[f'heapwatch_agent_jvm_pause_share{{jvm="agent-lab",pid="{program.pid}"}}']) < 1
    assert samples['heapwatch_agent_sink_dropped_total{sink="heapwatch"}'] == "0"
    assert float(samples["heapwatch_agent_cpu_seconds_total"]) > 0
    assert get(running, "/healthz") == "ok\n"


def test_a_web_page_cannot_read_it_under_a_name_of_its_own(agent: Agent) -> None:
    running = agent(only=["nobody"])
    running.says("watches web1")
    request = urllib.request.Request(address(running) + "/status", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=60)


def test_status_is_a_table_for_people_and_json_for_scripts(
    java: Java, home: Path, agent: Agent, mail: Mail
) -> None:
    program = lab(java, home)
    running = agent(only=["agent-lab"])
    mail.until(lambda: mail.snapshots)
    told = run_agent("status", "--spool", str(running.spool))
    assert told.returncode == 0
    assert f"{program.pid}" in told.stdout
    assert "agent-lab" in told.stdout
    found = json.loads(run_agent("status", "--spool", str(running.spool), "--json").stdout)
    assert found["jvms"][0]["last"]["classes"] > 100
    assert found["problems"] == []
    running.hears(signal.SIGTERM)
    running.ends()
    gone = run_agent("status", "--spool", str(running.spool))
    assert gone.returncode == 2
    assert (
        gone.stderr == f"heapwatch-agent: the agent is not running (it was process {running.process.pid})\n"
    )


def test_status_of_an_agent_with_troubles_names_them_and_exits_with_1(
    java: Java, home: Path, agent: Agent, door: HttpDoor
) -> None:
    lab(java, home)
    with door.down():
        running = agent(only=["agent-lab"])
        running.says("Connection refused")
        told = run_agent("status", "--spool", str(running.spool))
        assert told.returncode == 1
        assert "! sink heapwatch: server" in told.stdout


def test_the_doctor_finds_a_healthy_jvm_well_and_sends_it_nothing(java: Java, home: Path) -> None:
    program = lab(java, home)
    told = run_agent("doctor", "--only", str(program.pid))
    assert told.returncode == 0, told.stdout
    assert "ok  attach: it has no socket yet" in told.stdout
    assert not Path(f"/proc/{program.pid}/root/tmp/.java_pid{program.pid}").exists()
    told = run_agent("doctor", "--only", str(program.pid), "--try", "--json")
    (found,) = json.loads(told.stdout)["jvms"]
    assert found["well"]
    assert found["checks"][-1]["name"] == "histogram"


def test_the_doctor_says_what_is_wrong_and_what_to_do(java: Java, home: Path) -> None:
    program = lab(java, home, "-Xrs", "-XX:-UsePerfData")
    told = run_agent("doctor", "--only", str(program.pid), "--json")
    assert told.returncode == 1
    (found,) = json.loads(told.stdout)["jvms"]
    checks = {check["name"]: check for check in found["checks"]}
    assert not checks["counters"]["good"]
    assert program.is_alive()
    assert program.tell("hold 1") == "ok"


def test_once_prints_a_histogram_and_ends(java: Java, home: Path) -> None:
    program = lab(java, home)
    program.tell("hold 7")
    told = run_agent("once", "--only", "agent-lab", "-o", "text")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"# heapwatch host={os.uname().nodename} jvm=agent-lab pid={program.pid} ")
    assert any(line.split()[1:2] == ["7"] and "Lab$Node" in line for line in told.stdout.splitlines())


def soon(true: Callable[[], object]) -> None:
    """Come back when it is so: for what nobody tells us of. The test's own time-out ends it otherwise."""
    while not true():
        threading.Event().wait(0.01)


def status(running: Running) -> dict:  # type: ignore[type-arg]
    return dict(json.loads(get(running, "/status")))


def get(running: Running, path: str) -> str:
    with urllib.request.urlopen(address(running) + path, timeout=60) as answer:
        return str(answer.read().decode())


def address(running: Running) -> str:
    word = running.spool / "agent.json"
    soon(lambda: word.exists() and json.loads(word.read_text())["pid"] == running.process.pid)
    return "http://" + str(json.loads(word.read_text())["address"])
