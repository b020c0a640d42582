"""Who an agent is to the server: an id that outlives restarts, kept beside its spool."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ID = re.compile(r"[0-9a-f]{32}")


def agent_id(directory: Path) -> str:
    """The id in the directory, made when there is none. Where none can be kept, one for this run."""
    path = directory / "agent-id"
    try:
        text = path.read_text("ascii").strip()
        if _ID.fullmatch(text):
            return text
    except (OSError, UnicodeDecodeError):
        pass
    made = os.urandom(16).hex()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"agent-id.{os.getpid()}")
        draft.write_text(f"{made}\n", "ascii")
        os.replace(draft, path)
    except OSError:
        return made
    return made
