"""The agent as one file: dist/heapwatch-agent.pyz, for any Python from 3.9 on, nothing else needed.

    python scripts/build_agent_pyz.py [OUTPUT]

Only the rooms that the agent consists of are in it, and the build is reproducible: the same sources give the
same bytes.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "heapwatch"
ROOMS = ("jvm", "wire", "ship", "agent")
MODULES = ("__init__.py", "errors.py", "model.py")
SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = "from heapwatch.agent.main import main\n\nmain()\n"
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, in zip files


def build(output: Path) -> Path:
    """Write the file; returns where."""
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f"{output.name}.new")
    with draft.open("wb") as file:
        file.write(SHEBANG)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            _add(archive, "__main__.py", MAIN.encode())
            for path in sources():
                _add(archive, path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes())
    draft.chmod(0o755)
    draft.replace(output)
    return output


def sources() -> list[Path]:
    """Every module of the agent, in a fixed order."""
    found = [PACKAGE / name for name in MODULES]
    for room in ROOMS:
        found += sorted((PACKAGE / room).rglob("*.py"))
    return found


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _BEGINNING)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def main() -> None:
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / "heapwatch-agent.pyz"
    made = build(output)
    sys.stdout.write(f"{made} ({made.stat().st_size / 1024:.0f} KiB)\n")


if __name__ == "__main__":
    main()
