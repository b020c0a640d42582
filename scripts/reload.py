#!/usr/bin/env python3
"""Run a command and start it again whenever a file under src/ changes: reload.py COMMAND..."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict

SOURCES = Path(__file__).resolve().parents[1] / "src"
LOOK_EVERY_S = 0.5


def changes() -> Dict[Path, int]:
    found = {}
    for path in SOURCES.rglob("*"):
        if path.suffix in (".py", ".sql"):
            found[path] = path.stat().st_mtime_ns
    return found


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seen = changes()
    process = subprocess.Popen(sys.argv[1:])
    try:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = changes()
            if now == seen:
                continue
            seen = now
            print("reload: a source changed", flush=True)
            process.terminate()
            process.wait()
            process = subprocess.Popen(sys.argv[1:])
    except KeyboardInterrupt:
        return 0
    finally:
        process.terminate()
        process.wait()


sys.exit(main())
