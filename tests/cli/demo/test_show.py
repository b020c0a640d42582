"""What the demo tells its agents and picks for itself."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from heapwatch.agent.config import load
from heapwatch.cli.demo.hosts import Load
from heapwatch.cli.demo.show import agent_settings, free_port, plan


def test_an_agent_understands_what_the_demo_writes(tmp_path: Path) -> None:
    file = tmp_path / "agent.json"
    file.write_text(
        json.dumps(agent_settings(Load("memleak2", 1, 64), "http://127.0.0.1:7077", 2.0, tmp_path))
    )
    settings = load(file, variables={})
    assert settings.host == "memleak2"
    assert settings.only == ("memleak2",)
    assert settings.min_age_s <= 1
    assert settings.interval_s == 2.0
    assert settings.limits.share == 0.05


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (0, port)


def test_two_demos_on_one_machine_do_not_watch_each_other(tmp_path: Path) -> None:
    first = plan(False, tmp_path, None, False, None)
    second = plan(False, tmp_path, None, False, None, frozenset(load.jvm for load in first.loads))
    assert [load.name for load in second.loads] == [load.name for load in first.loads]
    watched = [
        set(agent_settings(load, "http://127.0.0.1:7077", 2.0, tmp_path)["only"])
        for load in (*first.loads, *second.loads)
    ]
    assert len(set.union(*watched)) == 6


def test_the_hosts_leak_at_slightly_different_rates(tmp_path: Path) -> None:
    loads = plan(False, tmp_path, None, False, None).loads
    assert [load.name for load in loads] == ["memleak1", "memleak2", "memleak3"]
    rates = sorted(load.downloads for load in loads)
    assert 1.05 < rates[1] / rates[0] < 1.5
    assert 1.05 < rates[2] / rates[1] < 1.5
