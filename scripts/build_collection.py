"""The Ansible collection with the probe's code in it: dist/ansible_collections/heapwatch/heapwatch.

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
    return made


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"))
