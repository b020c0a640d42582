"""`heapwatch diagnose HOST:JVM -i INVENTORY` over a real OpenSSH server, on a real JVM."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shop import SHOP
from sshd import Sshd

from heapwatch.cli.main import run
from jvms.fixtures import Program

pytestmark = pytest.mark.jvm


@pytest.fixture
def reach(server: Sshd, tmp_path: Path) -> list[str]:
    inventory = tmp_path / "hosts.toml"
    inventory.write_text(f'[[hosts]]\nname = "web1"\naddress = "127.0.0.1"\nport = {server.port}\n')
    return ["-i", str(inventory), "--ssh-config", str(server.folder / "config")]


def test_a_jvm_of_another_host_is_diagnosed_as_one_of_this(
    reach: list[str], shop: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["diagnose", f"web1:{SHOP}", *reach, "--seconds", "100ms", "--allow", "live"]
    assert run([*words, "--max-pause", "5000", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["host"], found["jvm"], found["pid"]) == ("web1", SHOP, shop.pid)
    assert [row["operation"] for row in found["steps"]][:3] == ["counters", "heap_info", "thread_dump"]
    live = found["steps"][-1]
    assert (live["step"], live["answer"]["mode"]) == (3, "live")
    assert live["pause_ms"] > 0
    assert live["predicted_pause_ms"] > 0
    assert found["started"] > 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([f"web2:{SHOP}"], "write HOST:JVM, with a host of the inventory"),
        ([SHOP], "write HOST:JVM"),
        (["web1:no-such-jvm"], "no JVM"),
    ],
)
def test_what_cannot_be_diagnosed_from_here_is_said(
    reach: list[str], shop: Program, words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["diagnose", *words, *reach]) == 2
    assert shop.is_alive()
    assert why in capsys.readouterr().err
