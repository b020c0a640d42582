"""`heapwatch hosts`"""

from __future__ import annotations

from typing import Any

from heapwatch.cli.fleet import HOSTS, OUTCOME, HostOptions, document, progress
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, number, write
from heapwatch.fleet.asked import LOOK
from heapwatch.fleet.hosts import Host
from heapwatch.fleet.results import HostResult

LISTED = [
    Column("host", "HOST"),
    Column("address", "ADDRESS"),
    Column("by", "BY"),
    Column("user", "USER", rank=1),
    Column("become", "BECOMES", rank=2),
    Column("groups", "GROUPS", elastic=True),
    Column("trouble", "TROUBLE", rank=3),
]

PINGED = [
    Column("host", "HOST"),
    OUTCOME,
    Column("asked", "BY"),
    number("jvms", "JVMS", str),
    Column("names", "WHICH", elastic=True),
    Column("why", "WHY", elastic=True),
]


def hosts(
    *,
    ping: bool = False,
    which: HostOptions = HOSTS,
    output: TableOutput = TABLE,
) -> int:
    """List the hosts of an inventory, and who answers.

    With --ping each host is asked which Python and which JVMs it has; no JVM
    is stopped or attached to. The exit code is 1 when a host cannot be used.

    For example:

        heapwatch hosts -i hosts.toml
        heapwatch hosts -i inventory.ini --limit 'web*' --ping
        heapwatch hosts -i web1,web2 --ping --json

    Parameters
    ----------
    ping
        Connect to each.
    """
    from heapwatch.fleet.reach import Fleet

    inventory = which.read()
    chosen = inventory.select(which.limit)
    if not ping:
        rows = [_listed(host, inventory.groups) for host in chosen]
        write(LISTED, rows, output.kind, rows if output.kind == "json" else None)
        return 0
    with (
        Fleet(
            inventory,
            forks=which.forks,
            connect_timeout_s=which.connect_timeout,
            ssh_config=which.ssh_config,
        ) as fleet,
        progress(len(chosen), "hosts") as done,
    ):
        asked = fleet.asked(do=LOOK, timeout_s=which.timeout)
        found: dict[str, HostResult] = {}
        for result in fleet.results(which.limit, asked):
            found[result.host] = result
            done()
    results = [found[host.name] for host in chosen]
    documents = [document(result) for result in results]
    write(PINGED, [_pinged(result) for result in results], output.kind, documents)
    return 1 if any(result.failed for result in results) else 0


def _listed(host: Host, groups: Any) -> dict[str, Any]:
    port = f":{host.port}" if host.port else ""
    return {
        "host": host.name,
        "address": f"{host.address or host.name}{port}",
        "by": host.connection,
        "user": host.user,
        "become": f"{host.become_user} by {host.become_method}" if host.become else None,
        "groups": " ".join(group for group in groups if group != "all" and host.name in groups[group]),
        "trouble": host.trouble or None,
    }


def _pinged(result: HostResult) -> dict[str, Any]:
    names = [f"{jvm.name} ({jvm.pid}, {jvm.java or '?'})" for jvm in result.jvms]
    return {
        "host": result.host,
        "outcome": result.outcome,
        "asked": result.asked or None,
        "jvms": len(result.jvms),
        "names": ", ".join(names),
        "why": result.why,
    }
