"""The one table of steps."""

from __future__ import annotations

from collections.abc import Mapping

from heapwatch.workflow.steps import approval, assert_query, command, jvm, sleep
from heapwatch.workflow.steps.base import Step

STEPS: Mapping[str, Step] = {
    "jvm.histogram": jvm.step("histogram"),
    "jvm.thread_dump": jvm.step("thread_dump"),
    "jvm.heap_info": jvm.step("heap_info"),
    "jvm.jfr": jvm.step("jfr"),
    "jvm.heap_dump": jvm.step("heap_dump", destructive=True),
    "jvm.gc": jvm.step("gc", destructive=True),
    "command": command.STEP,
    "assert.query": assert_query.STEP,
    "approval": approval.STEP,
    "sleep": sleep.STEP,
}
