"""The Ansible collection with the probe's code and the agent's unit in it, below dist/ansible_collections.

    python scripts/build_collection.py [FOLDER]

Ansible finds it with ANSIBLE_COLLECTIONS_PATH=dist, or installs it by `ansible-galaxy collection install`.
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from heapwatch.fleet import probe  # noqa: E402

UNIT = ROOT / "deploy" / "systemd" / "heapwatch-agent.service"
MORE = ("heapwatch.wire.graphite", "heapwatch.wire.paths")


def build(folder: Path) -> Path:
    """Write the collection below the folder; returns where."""
    made = folder / "ansible_collections" / "heapwatch" / "heapwatch"
    if made.exists():
        shutil.rmtree(made)
    shutil.copytree(ROOT / "deploy" / "ansible", made)
    data = base64.b64encode(probe.archive(more=MORE)).decode()
    module = made / "plugins" / "module_utils" / "probe.py"
    module.parent.mkdir(parents=True)
    said = '"""What runs on a host, as a zip. Written by scripts/build_collection.py."""'
    module.write_text(f'{said}\n\nARCHIVE = "{data}"\n')
    role = made / "roles" / "agent" / "templates" / "heapwatch-agent.service.j2"
    role.write_text(unit(UNIT.read_text()))
    return made


def unit(text: str) -> str:
    """The agent's unit as a template of the role `agent`."""
    for old, new in (
        (text[: text.index("[Unit]")], "{{ ansible_managed | comment }}\n"),
        ("/usr/local/bin/heapwatch-agent", "{{ agent_program }}"),
        ("/etc/heapwatch/agent.toml", "{{ agent_config_dir }}/agent.toml"),
        ("[Service]\n", "[Service]\n{% if agent_user != 'root' %}\nUser={{ agent_user }}\n{% endif %}\n"),
        ("ReadWritePaths=/tmp\n", "ReadWritePaths=/tmp -{{ agent_spool }}\n"),
    ):
        if old not in text:
            raise SystemExit(f"{UNIT} no longer has {old!r}: the role's template cannot be made")
        text = text.replace(old, new)
    return text


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
