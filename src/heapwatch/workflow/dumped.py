"""What a heap dump says, read by a process of its own: minutes of computing are not the server's.

It is `heapwatch hprof FILE --holders CLASS -o json`, at the lowest priority.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from heapwatch.workflow.steps.base import StepFailed, TimedOut

CLASSES = 25
_COMMAND = "import os, sys; os.nice(19); from heapwatch.cli.main import run; sys.exit(run(sys.argv[1:]))"


def read(path: str, suspect: str, timeout_s: float) -> dict[str, Any]:
    """`classes`, the largest ones; with a suspect also `suspects`, `direct` and `ways`."""
    words = ["hprof", path, "--json", "--top", str(CLASSES), *(["--holders", suspect] if suspect else [])]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _COMMAND, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=max(timeout_s, 0.1),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut("the heap dump was not read within the step's time; give it more timeout") from error
    if done.returncode:
        raise StepFailed(f"the heap dump cannot be read: {done.stderr.strip()[-300:]}")
    found = json.loads(done.stdout)
    return {key: found[key] for key in ("classes", *(("suspects", "direct", "ways") if suspect else ()))}
