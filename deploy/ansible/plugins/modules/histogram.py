#!/usr/bin/python
"""Class histograms of the JVMs of a host."""

from __future__ import absolute_import, annotations, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: histogram
short_description: Takes class histograms of the JVMs of a host
description:
  - Asks every JVM of the host for its class histogram. Each stands for some milliseconds, which are predicted before
    and measured after; one that would stand too long is put off.
  - A JVM answers only its own user, or root.
author:
  - heapwatch maintainers (@heapwatch)
options:
  jvms:
    description: Only these JVMs, by name (with C(*) and C(?)) or process id.
    type: list
    elements: str
    default: []
  live:
    description: Count only what is alive. Forces a full collection of each JVM.
    type: bool
    default: false
  max_pause_ms:
    description: The longest stop that is allowed.
    type: float
    default: 500.0
  host:
    description: What the host is called in the answer.
    type: str
    required: true
attributes:
  check_mode:
    description: Tells the JVMs and what a histogram would cost.
    support: full
"""

EXAMPLES = r"""
- name: Take a histogram of every JVM
  heapwatch.heapwatch.histogram:
    host: "{{ inventory_hostname }}"
  become: true
  register: heap
"""

RETURN = r"""
jvms:
  description: Each JVM, with how it went, its pause and its sums.
  returned: always
  type: list
  elements: dict
lines:
  description: Graphite's lines of all histograms.
  returned: always
  type: list
  elements: str
"""

import base64
import os
import sys

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.heapwatch.heapwatch.plugins.module_utils.probe import ARCHIVE


def main():
    """Runs the probe's code from memory."""
    module = AnsibleModule(
        argument_spec={
            "jvms": {"type": "list", "elements": "str", "default": []},
            "live": {"type": "bool", "default": False},
            "max_pause_ms": {"type": "float", "default": 500.0},
            "host": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if sys.version_info < (3, 9):  # noqa: UP036
        module.fail_json(msg="Python 3.9 or newer is needed on the host, this is " + sys.version.split()[0])
    memory = os.memfd_create("heapwatch")
    os.write(memory, base64.b64decode(ARCHIVE))
    sys.path.insert(0, f"/proc/self/fd/{memory}")
    from heapwatch.fleet import probe_main
    from heapwatch.wire import batch, graphite, paths

    request = {
        "do": "look" if module.check_mode else "collect",
        "host": module.params["host"],
        "agent": "ansible",
        "mode": "live" if module.params["live"] else "all",
        "jvms": module.params["jvms"],
        "limits": {"max_pause_ms": module.params["max_pause_ms"]},
    }
    jvms, lines = [], []
    for record in probe_main.answers(request):
        if record["is"] != "jvm":
            continue
        packed = record.pop("batch", None)
        if packed is not None:
            for block in graphite.encode(batch.decode(base64.b64decode(packed)), paths.Template()):
                lines += block.decode().splitlines()
        jvms.append(record)
    refused = [jvm for jvm in jvms if jvm["outcome"] not in ("ok", "put-off", "gone")]
    if refused:
        told = "; ".join(f"{jvm['name']} ({jvm['pid']}): {jvm['why']}" for jvm in refused)
        module.fail_json(msg=told, jvms=jvms, lines=lines)
    module.exit_json(changed=False, jvms=jvms, lines=lines)


if __name__ == "__main__":
    main()
