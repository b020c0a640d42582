"""Inventories as people have them: which hosts they mean, and how each is reached."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from heapwatch.errors import UsageError
from heapwatch.fleet import inventory
from heapwatch.fleet.hosts import Host, Inventory
from heapwatch.monitor import marked


@pytest.fixture(autouse=True)
def ansible_of_these_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", tools)


def read(path: Path, text: str) -> Inventory:
    path.write_text(text)
    return inventory.read(str(path), marked.read)


INI = """
[web]
web1 ansible_host=10.0.0.1 ansible_port=2222 ansible_become=yes ansible_become_user=app
web[2:3] heapwatch_jvms='["shop", "pay-*"]'
[web:vars]
ansible_user=deploy
ansible_ssh_common_args='-o ProxyJump=bastion -o "UserKnownHostsFile /etc/known" -i /keys/web'
[prod:children]
web
[odd]
secret ansible_host="{{ lookup('env', 'X') }}"
windows ansible_connection=winrm
"""


def test_an_ansible_inventory_means_what_it_means_to_ansible(tmp_path: Path) -> None:
    found = read(tmp_path / "hosts.ini", INI)
    web1 = found.hosts["web1"]
    assert (web1.address, web1.port, web1.user, web1.become_user) == ("10.0.0.1", 2222, "deploy", "app")
    assert (web1.become, web1.jump, web1.known_hosts, web1.keys) == (
        True,
        "bastion",
        "/etc/known",
        ("/keys/web",),
    )
    assert [host.name for host in found.select("prod")] == ["web1", "web2", "web3"]
    assert [host.jvms for host in found.select("prod")] == [(), ("shop", "pay-*"), ("shop", "pay-*")]
    assert "only Ansible" in found.hosts["secret"].trouble
    assert "winrm" in found.hosts["windows"].trouble


def test_an_executable_inventory_needs_no_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    script = tmp_path / "hosts"
    script.write_text('#!/bin/sh\necho \'{"web": {"hosts": ["a", "b"], "vars": {"ansible_user": "x"}}}\'\n')
    with pytest.raises(UsageError, match="pip install ansible-core"):
        inventory.read(str(script), marked.read)
    script.chmod(0o755)
    found = inventory.read(str(script), marked.read)
    assert [(host.name, host.user) for host in found.select("web")] == [("a", "x"), ("b", "x")]


def test_our_own_form_is_the_same_in_toml_and_yaml(tmp_path: Path) -> None:
    toml = '[defaults]\nuser = "u"\nbecome = "app"\n[[hosts]]\nname = "a"\nport = 22\njvms = ["shop"]\n'
    toml += '[[hosts]]\nname = "b"\n'
    yaml = "defaults: {user: u, become: app}\nhosts:\n  - {name: a, port: 22, jvms: [shop]}\n  - b\n"
    found = read(tmp_path / "h.toml", toml)
    assert found == read(tmp_path / "h.yml", yaml)
    assert [host.jvms for host in found.select()] == [("shop",), ()]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hosts:\n  - {name: a, prot: 22}\n", r"h\.yml:2:\d+: hosts\[0\]\.prot: this key is not known"),
        ("hosts:\n  - a\n  - a\n", "stands twice"),
        ("hosts:\n  - a\ngroups: {web: [b]}\n", "no host 'b'"),
        ("hosts:\n  - {name: a, port: 70000}\n", "65535"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read(tmp_path / "h.yml", text)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", "web1 web2 db1"),
        ("web*", "web1 web2"),
        ("web:!web2", "web1"),
        ("!web", "db1"),
        ("all,&prod", "web2 db1"),
        ("web?,db1:&prod", "web2 db1"),
    ],
)
def test_patterns_choose_as_ansible_does(pattern: str, names: str) -> None:
    hosts = {name: Host(name) for name in ("web1", "web2", "db1")}
    groups = {"web": ["web1", "web2"], "prod": ["web2", "db1"]}
    assert [host.name for host in Inventory(hosts, groups).select(pattern)] == names.split()


def test_hosts_can_be_named_one_by_one() -> None:
    assert list(inventory.read("web1,web2,", marked.read).hosts) == ["web1", "web2"]
