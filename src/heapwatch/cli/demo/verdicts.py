"""What the server finds to leak, told when it changes: a line on the screen, and in the summary."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.demo.hosts import Happening


class Verdicts:
    """Asks for the leaks of the demo's service, and remembers what was told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._told: dict[str, tuple[str, int]] = {}
        self.leaks: Sequence[Mapping[str, Any]] = ()

    def news(self, hosts: Sequence[str], since: int) -> list[Happening]:
        """One for each leak that has another state, or is on more hosts, since the last look."""
        found = self._client.get("/api/v1/leaks")["leaks"]
        self.leaks = [one for one in found if set(one["hosts"]) & set(hosts) and one["opened"] >= since]
        news = []
        for one in self.leaks:
            now = one["state"], len(one["hosts"])
            before = self._told.get(one["id"], ("", 0))
            if now[0] != before[0] or now[1] > before[1]:
                news.append(Happening(one["changed"], "verdict", one["state"], spoken(one)))
            self._told[one["id"]] = now
        return news


def spoken(leak: Mapping[str, Any]) -> str:
    """Short enough for a line: what, where, how fast, until when; or what the proof says."""
    proof = leak["proof"]
    if leak["state"] == "fixed" and proof:
        before, after = proof["before"]["balance"], (proof["after"] or {}).get("balance")
        return f"{leak['class']} is fixed: balance {_share(before)} before, {_share(after)} after"
    where = f"{leak['scope']}, on {human.plural(len(leak['hosts']), 'host')}"
    if leak["state"] == "stopped":
        return f"{leak['class']} grows no more ({where}); it did, by {leak['rate_per_s']:.0f}/s"
    end = leak["exhaustion"]
    until = f"; {end['host']} is full in {human.duration(end['in_s'])}" if end else ""
    return f"{leak['class']} leaks ({leak['state']}, {where}), {leak['rate_per_s']:.0f}/s{until}"


def lines(leaks: Sequence[Mapping[str, Any]]) -> list[str]:
    """For the summary: the whole sentences, of what leaks still or is fixed."""
    told = [spoken(leak) + "." if leak["state"] == "stopped" else leak["sentence"] for leak in leaks]
    return [f"Verdict: {each}" for each in told] + [
        f"Proof: {leak['proof']['sentence']}" for leak in leaks if leak["proof"]
    ]


def _share(value: float | None) -> str:
    return human.NONE if value is None else f"{value:.2f}"
