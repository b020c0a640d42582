"""The kill switch: while this file is there, no workflow begins, and none goes on. A file holds over restarts
and without a server, and needs no database that could be away just then."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Thrown:
    """Who stopped everything, when (epoch ms), and why."""

    who: str
    time: int
    why: str = ""


class Switch:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "workflows.stopped"

    def thrown(self) -> Thrown | None:
        """What cannot be read counts as thrown."""
        try:
            return Thrown(**json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            return Thrown("somebody", 0, f"{self.path} is there")

    def throw(self, thrown: Thrown) -> None:
        beside = self.path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(asdict(thrown), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def release(self) -> None:
        self.path.unlink(missing_ok=True)
