"""The one table of steps."""

from __future__ import annotations

from collections.abc import Mapping

from heapwatch.jvm.operations import OPERATIONS
from heapwatch.workflow.steps import (
    ansible_playbook,
    approval,
    assert_query,
    collect,
    command,
    http,
    jvm,
    log,
    notify,
    sleep,
    ssh_command,
    verify,
)
from heapwatch.workflow.steps.base import Step

STEPS: Mapping[str, Step] = {
    "collect": collect.STEP,
    **{f"jvm.{name}": jvm.step(name) for name in OPERATIONS if name not in ("gc", "heap_dump")},
    "jvm.gc": jvm.step("gc", destructive=True, repeatable=True),
    "jvm.heap_dump": jvm.HEAP_DUMP,
    "command": command.STEP,
    "ssh.command": ssh_command.STEP,
    "ansible.playbook": ansible_playbook.STEP,
    "http": http.STEP,
    "notify": notify.STEP,
    "log": log.STEP,
    "assert.query": assert_query.STEP,
    "verify": verify.STEP,
    "approval": approval.STEP,
    "sleep": sleep.STEP,
}
