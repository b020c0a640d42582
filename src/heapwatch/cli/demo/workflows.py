"""The shipped workflows for the demo's server: the files themselves, a few words of them said otherwise.

periodic-collection.yml   its period, and where playbook and inventory are
evidence.yml              as it is; with --fast it records for a shorter time
repair-collection.yml     as it is: how a host is repaired stands in the inventory
monitors                  as they are
receivers.yml             who is on call: the server itself, and what it is told is an event on its charts

The hosts are one machine: the inventory reaches each locally, and says which JVM is whose.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from heapwatch.cli.demo.build import shipped
from heapwatch.cli.demo.hosts import Load
from heapwatch.errors import HeapwatchError

NEEDED = ("cronsim", "dbos", "jinja2")
PLAYBOOK, HOSTS, INVENTORY = "repair-collection.yml", "hosts.toml", "inventory.yml"
TOOL = "ansible-playbook"

Words = Mapping[str, str]


def missing() -> str:
    """Why no workflow can run; empty when they can."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    return f"no {', '.join(lacking)}; pip install 'heapwatch[workflows]' has it" if lacking else ""


def search_path() -> str:
    """Where programs are looked for: beside our own Python first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def without_ansible() -> str:
    """What will fail because there is no Ansible; empty when there is."""
    if shutil.which(TOOL, path=search_path()) is not None:
        return ""
    return f"there is no {TOOL}, so the workflow cannot repair: pip install ansible-core"


def period_s(fast: bool) -> int:
    return 8 if fast else 15


def said_otherwise(folder: Path, fast: bool) -> dict[str, Words]:
    """By file, the words that are replaced, and by what."""
    return {
        "periodic-collection.yml": {
            "every: 5m": f"every: {period_s(fast)}s",
            "/etc/heapwatch/playbooks/repair-collection.yml": json.dumps(str(folder / PLAYBOOK)),
            "/etc/heapwatch/inventory": json.dumps(str(folder / INVENTORY)),
        },
        "evidence.yml": {"seconds: 30": "seconds: 10"} if fast else {},
    }


def prepare(folder: Path, loads: Sequence[Load], state: Path, url: str, fast: bool) -> list[str]:
    """Write what the server at `url` reads into a folder; the flags that name it."""
    flows, monitors = folder / "workflows", folder / "monitors"
    try:
        for each in (flows, monitors):
            shutil.rmtree(each, ignore_errors=True)
            each.mkdir(parents=True)
        for name, words in said_otherwise(folder, fast).items():
            text = (shipped("workflows") / name).read_text(encoding="utf-8")
            (flows / name).write_text(_fitted(name, text, words), encoding="utf-8")
        for file in sorted(shipped("monitors").glob("*.yml")):
            shutil.copy(file, monitors)
        (monitors / "receivers.yml").write_text(_receivers(url), encoding="utf-8")
        shutil.copy(shipped("playbooks") / PLAYBOOK, folder)
        (folder / HOSTS).write_text(_hosts(loads), encoding="utf-8")
        (folder / INVENTORY).write_text(_inventory(loads, state), encoding="utf-8")
    except OSError as error:
        raise HeapwatchError(f"the demo's workflows cannot be written to {folder}: {error}") from error
    return ["--workflows", str(flows), "--monitors", str(monitors), "--inventory", str(folder / HOSTS)]


def _fitted(name: str, text: str, words: Words) -> str:
    head = f"# examples/workflows/{name} as it is shipped"
    for old, new in words.items():
        if text.count(old) != 1:
            raise HeapwatchError(f"the shipped {name} does not say {old!r} once; install heapwatch again")
        text = text.replace(old, new)
    changed = "".join(f"\n#   {old}  ->  {new}" for old, new in words.items())
    return f"{head}{', but for' if changed else '.'}{changed}\n{text}"


def _receivers(url: str) -> str:
    return json.dumps({"receivers": [{"name": "oncall", "webhook": f"{url}/api/v1/webhook/alerts"}]}) + "\n"


def _hosts(loads: Sequence[Load]) -> str:
    """As heapwatch collects from them."""
    hosts = [f"[[hosts]]\nname = {_q(load.name)}\njvms = [{_q(load.jvm or load.name)}]\n" for load in loads]
    return '[defaults]\nconnection = "local"\n\n' + "\n".join(hosts)


def _inventory(loads: Sequence[Load], state: Path) -> str:
    """As Ansible repairs them; JSON is YAML."""
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {load.name: {"repair": _start(load.name, state)} for load in loads}
    return json.dumps({"all": {"vars": variables, "hosts": hosts}}, indent=2) + "\n"


def _start(name: str, state: Path) -> list[str]:
    """`heapwatch demo start NAME`; a workflow's programs get nothing else of our environment."""
    ours = os.environ.get("PYTHONPATH")
    before = ["env", f"PYTHONPATH={ours}"] if ours else []
    command = [sys.executable, "-m", "heapwatch.cli.main", "demo", "start", name]
    return [*before, *command, "--state", str(state.absolute())]


def _q(text: str) -> str:
    return json.dumps(text)
