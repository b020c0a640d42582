"""Leaks and proofs of fixes as the server tells them, printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.options import Selection, ServerOptions
from heapwatch.cli.output import Column, number, write
from heapwatch.detect.verify import FIXED
from heapwatch.errors import UsageError

COLUMNS = [
    Column("id", "ID", rank=3),
    Column("state", "STATE"),
    Column("class", "CLASS", elastic=True),
    Column("service", "SERVICE", rank=2),
    number("rate_per_s", "PER S", lambda rate: f"{rate:.3g}"),
    number("bytes_per_leak", "EACH", human.size, rank=2),
    Column("on", "HOSTS"),
    Column("since", "SINCE", human.moment),
    Column("full", "FULL IN", rank=1),
]
OPEN = ("suspect", "confirmed")
MOMENTS = ("since", "opened", "changed")


def show(server: ServerOptions, selection: Selection, state: str, kind: str) -> int:
    """The table, or the same list of objects as of files; 1 when something leaks."""
    with Client(server) as client:
        answer = client.get("/api/v1/leaks", {**selection.params(), "state": state})
    found = answer["leaks"]
    rows = [{**one, "on": hosts(one), "full": _full(one)} for one in found]
    if found or kind != "table":
        foot = ["", *(f"{_flag(one)}{one['sentence']}" for one in found)]
        write(COLUMNS, rows, kind, [_written(one) for one in found], foot=foot)
    else:
        print(_nothing(answer["jvms"], state))
    return 1 if any(one["state"] in OPEN for one in found) else 0


def acknowledge(server: ServerOptions, id_: str, note: str, *, undo: bool) -> int:
    """Tell the server that a leak is known."""
    with Client(server) as client:
        found = client.post(f"/api/v1/leaks/{id_}/acknowledge", {"note": note, "undo": undo})
    done = "is open again for all" if undo else "is acknowledged"
    print(f"{found['class']} of {found['service']} {done}.")
    return 0


def verified(
    server: ServerOptions, service: str, before: str, after: str, classes: tuple[str, ...]
) -> Mapping[str, Any]:
    """What the server says of two versions or two ranges (`-3h..-1h`)."""
    params: dict[str, Any] = {"service": service, "class": list(classes)}
    for name, given in (("before", before), ("after", after)):
        start, dots, end = given.partition("..")
        if not dots:
            params[f"{name}_version"] = given
        elif not start or not end:
            raise UsageError(f"{given!r} is no range: write FROM..TO, such as -3h..-1h")
        else:
            params[f"{name}_from"], params[f"{name}_to"] = start, end
    with Client(server) as client:
        found: Mapping[str, Any] = client.get("/api/v1/verify", params)
    return found


def flat(proof: Mapping[str, Any], service: str) -> dict[str, Any]:
    """A proof as `heapwatch verify` prints those of files."""
    before, after = proof["before"] or {}, proof["after"] or {}
    return {
        "class": proof["class"],
        "service": service,
        "verdict": proof["verdict"],
        "before_per_s": before.get("slope_per_s"),
        "before_between": before.get("between"),
        "after_per_s": after.get("slope_per_s"),
        "after_between": after.get("between"),
        "balance_before": before.get("balance"),
        "balance_after": after.get("balance"),
        "exposure": proof["exposure"],
        "residual": proof["residual"],
        "more_samples": proof["more_samples"],
        "by_host": dict.fromkeys(proof["hosts"], proof["verdict"]),
        "sentence": proof["sentence"],
    }


def all_fixed(found: Mapping[str, Any]) -> bool:
    return not found["new"] and all(one["verdict"] == FIXED for one in found["proofs"])


def _written(one: Mapping[str, Any]) -> dict[str, Any]:
    """Moments as RFC 3339, as they are of files."""
    told = {**one, **{name: human.iso(one[name]) for name in MOMENTS}}
    told["since_between"] = [human.iso(each) for each in one["since_between"]]
    return told


def hosts(one: Mapping[str, Any]) -> str:
    """The host, or how many they are."""
    return str(one["hosts"][0]) if len(one["hosts"]) == 1 else f"{len(one['hosts'])} ({one['scope']})"


def _full(one: Mapping[str, Any]) -> str:
    end = one["exhaustion"]
    return human.duration(end["in_s"]) if end and one["state"] in OPEN else human.NONE


def _flag(one: Mapping[str, Any]) -> str:
    said = one["history"][-1]["text"] if one["state"] not in OPEN else ""
    seen = one["acknowledged"]
    known = f"[known to {seen['by']}{': ' + seen['note'] if seen['note'] else ''}] " if seen else ""
    return f"{known}{one['state']}: {said} Was: " if said else known


def _nothing(jvms: Mapping[str, int], state: str) -> str:
    judged = jvms["leaking"] + jvms["suspect"] + jvms["clean"]
    if state != "open":
        return f"No leak is {state}." if state != "all" else "No leak was found so far."
    said = f"Nothing leaks in {human.plural(judged, 'JVM')}." if judged else "No JVM was judged yet."
    young = jvms["undecided"]
    return f"{said} {human.plural(young, 'JVM')} cannot be judged yet." if young else said
