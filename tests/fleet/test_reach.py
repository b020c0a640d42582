"""The fleet over a real OpenSSH server: histograms, refusals, and hosts that have no Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest
from shop import SHOP
from sshd import Sshd

from heapwatch.errors import Refused, UsageError
from heapwatch.fleet.hosts import Host, Inventory
from heapwatch.fleet.reach import Fleet
from heapwatch.fleet.results import HostFailed
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.commands import COMMANDS
from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

JVM = (SHOP,)


@pytest.fixture(scope="module")
def fleet(server: Sshd, shop: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    port = server.port
    stranger = tmp_path_factory.mktemp("other") / "known_hosts"
    kind, key = (server.folder / "user_key.pub").read_text().split()[:2]  # any key but the server's
    stranger.write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    hosts = [
        Host("web1", "127.0.0.1", port, labels={"service": "shop"}),
        Host("bare", "127.0.0.1", port, python="no-such-python"),
        Host("behind", "127.0.0.1", port, jump=f"127.0.0.1:{port}"),
        Host("unknown", "127.0.0.1", port, known_hosts="/dev/null"),
        Host("changed", "127.0.0.1", port, known_hosts=str(stranger)),
        Host("stranger", "127.0.0.1", port, user="nobody-here"),
        Host("nosudo", "127.0.0.1", port, become=True, become_user="nobody-here", become_method="runuser"),
        Host("dead", "127.0.0.1", 1),
        Host("here", connection="local"),
    ]
    inventory = Inventory({host.name: host for host in hosts})
    limits = Limits(share=1.0, min_interval_s=0.0)
    with Fleet(inventory, ssh_config=server.folder / "config", limits=limits) as fleet:
        yield fleet


def test_every_host_has_its_own_word_and_costs_the_others_nothing(fleet: Fleet) -> None:
    found = {result.host: result for result in fleet.collect(jvms=JVM)}
    assert {name: result.outcome for name, result in found.items()} == {
        "web1": "ok",
        "bare": "ok",
        "behind": "ok",
        "unknown": "host key unknown",
        "changed": "host key changed",
        "stranger": "auth refused",
        "nosudo": "become refused",
        "dead": "unreachable",
        "here": "ok",
    }, found
    assert "ssh-keygen -R" in found["changed"].why
    assert found["bare"].asked == "jcmd"
    assert found["web1"].asked.startswith("Python 3.")


def test_a_histogram_over_ssh_is_the_jvms_own_under_the_inventorys_name(fleet: Fleet, shop: Program) -> None:
    for host, labels in (("web1", {"service": "shop"}), ("bare", {})):
        (result,) = fleet.collect(host, jvms=JVM)
        (jvm,) = result.jvms
        assert jvm.batch is not None
        (snapshot,) = jvm.batch.snapshots
        assert (snapshot.jvm.host, snapshot.jvm.jvm, snapshot.jvm.pid) == (host, SHOP, shop.pid)
        assert snapshot.labels.items() >= {"collector": "Serial", **labels}.items()
        assert "java.lang.String" in snapshot.histogram.classes
        assert snapshot.histogram.total_bytes == jvm.bytes
        assert jvm.pause_ms is not None
        assert jvm.predicted_ms is not None
        (block,) = jvm.batch.metrics
        assert "jvm.heap.used" in block.values


def test_python_and_jcmd_find_the_same_life_of_a_jvm(fleet: Fleet) -> None:
    (python,), (jcmd,) = (fleet.collect(host, jvms=JVM) for host in ("web1", "bare"))
    assert [(jvm.pid, jvm.started, jvm.java) for jvm in python.jvms] == [
        (jvm.pid, jvm.started, jvm.java) for jvm in jcmd.jvms
    ]


@pytest.mark.parametrize("python", ["", "no-such-python"])
def test_a_host_has_the_jvms_of_its_inventory_and_one_that_is_missing_is_a_fault(
    shop: Program, python: str
) -> None:
    def host(name: str, *jvms: str) -> Host:
        return Host(name, connection="local", python=python, jvms=jvms)

    hosts = [host("web1", SHOP), host("web2", SHOP, "no-shop-*"), host("web3", "no-shop")]
    inventory = Inventory({each.name: each for each in hosts})
    with Fleet(inventory) as fleet:
        found = {result.host: result for result in fleet.collect()}
        (asked,) = fleet.collect("web2", jvms=JVM)
        (other,) = fleet.collect("web3", jvms=JVM)
    assert {name: result.outcome for name, result in found.items()} == {
        "web1": "ok",
        "web2": "jvm missing",
        "web3": "jvm missing",
    }
    pids = {name: [jvm.pid for jvm in result.jvms] for name, result in found.items()}
    assert pids == {"web1": [shop.pid], "web2": [shop.pid], "web3": []}
    assert found["web2"].failed
    assert found["web2"].why == "no JVM called no-shop-* runs there"
    assert [jvm.pid for jvm in asked.jvms] == [shop.pid]
    assert not asked.failed
    assert other.outcome == "no jvm"


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming nobody without a password takes root")
def test_a_jvm_of_another_user_is_refused_by_name(server: Sshd, shop: Program) -> None:
    host = Host("web1", "127.0.0.1", server.port, become=True, become_user="nobody", become_method="runuser")
    with Fleet(Inventory({"web1": host}), ssh_config=server.folder / "config") as fleet:
        (result,) = fleet.collect(jvms=[str(shop.pid)])
    assert result.outcome == "jvm refused"
    assert "run as root" in result.why


def test_a_pause_that_would_be_too_long_is_put_off(server: Sshd, shop: Program) -> None:
    limits = Limits(max_pause_ms=0.5)
    for python in ("", "no-such-python"):
        inventory = Inventory({"web1": Host("web1", "127.0.0.1", server.port, python=python)})
        with Fleet(inventory, ssh_config=server.folder / "config", limits=limits) as fleet:
            (result,) = fleet.collect(jvms=JVM)
        assert result.outcome == "put off"
        assert "allowed" in result.why
        assert not result.failed


def test_the_share_of_time_is_kept_from_round_to_round(server: Sshd, shop: Program) -> None:
    inventory = Inventory({"web1": Host("web1", "127.0.0.1", server.port)})
    limits = Limits(share=1e-9)
    with Fleet(inventory, ssh_config=server.folder / "config", limits=limits, keep=True) as fleet:
        outcomes = [fleet.collect(jvms=JVM)[0].outcome for _ in range(2)]
    assert outcomes == ["ok", "put off"]


def test_commands_run_there_word_by_word(fleet: Fleet) -> None:
    assert fleet.command("web1", ["echo", "a  b", "$HOME"]) == {
        "code": 0,
        "stdout": "a  b $HOME\n",
        "stderr": "",
    }
    with pytest.raises(HostFailed, match="host key changed"):
        fleet.command("changed", ["true"])
    with pytest.raises(UsageError, match="no host of the inventory"):
        fleet.command("nowhere", ["true"])


def test_a_host_that_says_too_much_is_cut_off(fleet: Fleet) -> None:
    (result,) = fleet.results("web1", fleet.asked(jvms=JVM, most=100))
    assert result.outcome == "too much output"
    assert fleet.command("web1", ["true"])["code"] == 0


def test_a_host_that_is_slow_is_given_up(server: Sshd, tmp_path: Path) -> None:
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    inventory = Inventory({"slow": Host("slow", "127.0.0.1", server.port, python=str(sleeper))})
    with Fleet(inventory, ssh_config=server.folder / "config") as fleet:
        (result,) = fleet.collect(timeout_s=1.5)
    assert result.outcome == "timed out"


def test_operations_are_carried_out_on_the_host(fleet: Fleet, shop: Program) -> None:
    answer = fleet.operate("web1", SHOP, "thread_dump", {})
    assert (answer["operation"], answer["pid"]) == ("thread_dump", shop.pid)
    assert "main" in answer["text"]
    assert answer["pause_ms"] >= 0
    assert fleet.operate("here", str(shop.pid), "version")["pid"] == shop.pid
    with pytest.raises(Refused, match="no JVM here is called 'nothing'"):
        fleet.operate("web1", "nothing", "version")


def test_without_python_jcmd_answers_the_same(fleet: Fleet, shop: Program) -> None:
    for operation in COMMANDS:
        jcmd, python = (fleet.operate(host, SHOP, operation) for host in ("bare", "web1"))
        assert jcmd.pop("asked") == "jcmd"
        assert jcmd.keys() == python.keys(), operation
        same = ("operation", "pid", "jvm", "java_version", "collector")
        assert [jcmd[key] for key in same] == [python[key] for key in same]
        assert jcmd["pause_ms"] is not None
        if operation == "version":
            assert jcmd["text"].splitlines() == python["text"].splitlines()
    assert fleet.operate("bare", str(shop.pid), "thread_dump")["groups"]


def test_what_jcmd_cannot_do_is_said(fleet: Fleet) -> None:
    for jvm, operation, options, told in (
        (SHOP, "heap_dump", {"approved_by": "me"}, "heap_dump takes Python 3.9 or newer there"),
        (SHOP, "dance", {}, "no operation 'dance'"),
        (SHOP, "version", {"seconds": 1}, "no option 'seconds'"),
        (SHOP, "thread_dump", {"max_pause_ms": 0.5}, "nothing was done"),
        ("nothing", "version", {}, "no JVM there is called 'nothing'"),
    ):
        with pytest.raises(Refused, match=f"bare: .*{told}"):
            fleet.operate("bare", jvm, operation, options)
