"""Pods by label, through a stand-in for kubectl that lists one pod and runs commands here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from shop import SHOP

from heapwatch.errors import UsageError
from heapwatch.fleet import inventory
from heapwatch.fleet.reach import Fleet
from heapwatch.monitor import marked
from jvms.fixtures import Program

pytestmark = pytest.mark.jvm

KUBECTL = """#!/bin/sh
echo "$@" >>"$0.log"
case "$*" in
*"get pods"*) cat "$0.json" ;;
*) while [ "$1" != -- ]; do shift; done; shift; exec "$@" ;;
esac
"""

PODS = {
    "items": [
        {
            "metadata": {"name": "shop-7d9f", "namespace": "prod"},
            "spec": {"containers": [{"name": "app"}, {"name": "sidecar"}]},
        }
    ]
}


def test_pods_of_a_label_are_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Program) -> None:
    tool = tmp_path / "kubectl"
    tool.write_text(KUBECTL)
    tool.chmod(0o755)
    (tmp_path / "kubectl.json").write_text(json.dumps(PODS))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    file = tmp_path / "hosts.toml"
    file.write_text('[[kubernetes]]\nselector = "app=shop"\nnamespace = "prod"\n')
    with Fleet(inventory.read(str(file), marked.read)) as fleet:
        (result,) = fleet.collect(jvms=[SHOP])
    assert (result.host, result.outcome) == ("shop-7d9f", "ok"), result.why
    (jvm,) = result.jvms
    assert jvm.batch is not None
    assert jvm.batch.snapshots[0].labels["namespace"] == "prod"
    asked, run = (tmp_path / "kubectl.log").read_text().splitlines()[:2]
    assert asked.startswith("--namespace prod get pods --selector app=shop")
    assert run.startswith("--namespace prod exec -i shop-7d9f -c app -- sh -c")
    file.write_text('[[kubernetes]]\nselector = "app=shop"\ncontainer = "db"\n')
    with pytest.raises(UsageError, match="no container 'db': app, sidecar"):
        inventory.read(str(file), marked.read)
