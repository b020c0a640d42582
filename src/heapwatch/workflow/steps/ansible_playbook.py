"""`ansible.playbook`: a playbook by `ansible-playbook` of the server's machine, by its words; no shell.

Variables go by a file that only the server can read: a list of processes shows no secret.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from heapwatch.errors import UsageError
from heapwatch.monitor.values import Written
from heapwatch.workflow.steps.base import Job, Step, StepFailed
from heapwatch.workflow.steps.command import ran

TOOL = "ansible-playbook"
SAYS = {
    1: "an error",
    2: "tasks failed on some hosts",
    4: "some hosts cannot be reached",
    5: "a wrong word, or no such playbook",
}
SETTLED = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
}


class Parameters(Written):
    playbook: str = Field(min_length=1)
    inventory: str = ""
    """A file, or hosts with commas; empty: as ansible.cfg says."""
    limit: str = ""
    vars: dict[str, Any] = {}
    tags: list[str] = []
    check: bool = False
    """Only say what would change."""
    connection: str = ""
    folder: str | None = None
    env: dict[str, str] = {}

    @model_validator(mode="after")
    def _no_options(self) -> Parameters:
        if self.playbook.startswith("-"):
            raise ValueError(f"{self.playbook!r} is an option, and no playbook")
        return self

    def argv(self, variables: str = "") -> list[str]:
        words = [TOOL]
        given = {
            "inventory": self.inventory,
            "limit": self.limit,
            "tags": ",".join(self.tags),
            "connection": self.connection,
        }
        words += [f"--{name}={value}" for name, value in given.items() if value]
        words += [f"--extra-vars=@{variables}"] if variables else []
        return [*words, *(["--check"] if self.check else []), self.playbook]


def describe(given: Parameters) -> str:
    where = f" on {given.limit}" if given.limit else ""
    how = f" with {', '.join(given.vars)}" if given.vars else ""
    return f"{'try' if given.check else 'play'} {given.playbook}{where}{how}"


def harmless(given: Mapping[str, Any]) -> bool:
    return given.get("check") is True


def perform(given: Parameters, job: Job) -> dict[str, Any]:
    if shutil.which(TOOL) is None:
        raise UsageError(f"there is no {TOOL} on the server's PATH: pip install ansible-core")
    folder = Path(given.folder or ".")
    if not (folder / given.playbook).is_file():
        raise UsageError(f"there is no playbook {folder / given.playbook}")
    with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="vars-", encoding="utf-8") as file:
        json.dump(given.vars, file)
        file.flush()
        code, text = ran(given.argv(file.name if given.vars else ""), SETTLED | given.env, given.folder, job)
    output = {"code": code, "text": text}
    if code:
        raise StepFailed(
            f"{given.playbook} ended with code {code}: {SAYS.get(code, 'see its output')}", output
        )
    return output


STEP = Step(Parameters, describe, perform, destructive=True, idempotent=False, harmless=harmless)
