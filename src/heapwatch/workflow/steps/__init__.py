"""The one table of steps."""

from __future__ import annotations

from collections.abc import Mapping

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
    "jvm.histogram": jvm.step("histogram"),
    "jvm.thread_dump": jvm.step("thread_dump"),
    "jvm.heap_info": jvm.step("heap_info"),
    "jvm.jfr": jvm.step("jfr"),
    "jvm.heap_dump": jvm.step("heap_dump", destructive=True),
    "jvm.gc": jvm.step("gc", destructive=True, repeatable=True),
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
