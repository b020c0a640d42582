"""What the workflows do, told when a run ends or asks something: a line on the screen, and in the summary.

By the API that everybody has. A collection in which all went well is told once, and again after one in which
something did not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.demo.hosts import Happening
from heapwatch.cli.options import DEFAULT_SERVER
from heapwatch.cli.runs import UNDER_WAY, path_of
from heapwatch.errors import Refused, Unavailable

COLLECTION, EVIDENCE = "periodic-collection", "evidence"
WAITING, SKIPPED = "waiting_approval", "skipped"
NEWEST = 30
MOST = 1000
MEANWHILE = "the demo: all of them are up again"

Run = Mapping[str, Any]


class Runs:
    """Asks for the runs since the demo began, and remembers what was told."""

    def __init__(self, client: Client, since: int) -> None:
        self._client = client
        self._since = since
        self._told: dict[str, str] = {}  # run -> the state that was told
        self._well = False  # whether the newest collection that was told of went well
        self._asked: set[str] = set()  # of which it was told that they ask
        self._settled: set[str] = set()  # that we said no to
        self.waiting: dict[str, Run] = {}  # what asks for a yes, with its steps

    def news(self, down: Collection[str]) -> list[Happening]:
        """One for each run that ended or began to ask since the last look, in their order.

        Of hosts that are not `down`, but on their way up, nobody is asked: they need no repair.
        """
        found = []
        for row in reversed(self._rows(NEWEST)):
            if row["state"] == self._told.get(row["id"]) or row["state"] == SKIPPED:
                continue
            self._told[row["id"]] = row["state"]
            self.waiting.pop(row["id"], None)
            if row["state"] == WAITING:
                self.waiting[row["id"]] = self._client.get(path_of(row["id"]))
            elif row["state"] not in UNDER_WAY:
                found += self._ended(self._client.get(path_of(row["id"])))
        for id_, run in self.waiting.items():
            failed = _output(run, "collect").get("failed", ())
            if id_ not in self._asked and (not failed or set(failed) & set(down)):
                self._asked.add(id_)
                found.append(self._happening(run))
        return found

    def answer(self, *, yes: bool, note: str = "") -> None:
        """Say yes or no to all that asks."""
        for run in list(self.waiting):
            self._answer(run, yes=yes, note=note)

    def settle(self, up: Collection[str]) -> None:
        """Say no where nothing is left to repair: the hosts in question are up."""
        for run, row in list(self.waiting.items()):
            failed = _output(row, "collect").get("failed", ())
            if failed and set(failed) <= set(up):
                self._settled.add(run)
                self._answer(run, yes=False, note=MEANWHILE)

    def lines(self) -> list[str]:
        """For the summary."""
        rows = [row for row in self._rows(MOST) if row["state"] != SKIPPED]
        told = []
        for name in sorted({row["workflow"] for row in rows}):
            states = Counter(row["state"] for row in rows if row["workflow"] == name)
            ends = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.most_common())
            told.append(f"Workflow {name}: {human.plural(states.total(), 'run')}, {ends}.")
        return told

    def _rows(self, limit: int) -> list[Run]:
        found: Sequence[Run] = self._client.get("/api/v1/runs", {"limit": limit})["runs"]
        return [row for row in found if row["created"] >= self._since]

    def _ended(self, run: Run) -> list[Happening]:
        if run["state"] == "denied" and run["id"] not in self._asked:
            return []
        if run["workflow"] == COLLECTION:
            well = run["state"] == "succeeded" and not _output(run, "collect").get("failed")
            before, self._well = self._well, well
            if well and before:
                return []
        return [self._happening(run)]

    def _happening(self, run: Run) -> Happening:
        told = spoken(run, self._client.url)
        if run["state"] == "denied" and run["id"] in self._settled:
            told = f"{run['workflow']} denied by {MEANWHILE}"
        text = f"{told}; {self._client.url}/runs/{run['id']}"
        time = run["ended"] or run["started"] or run["created"]
        return Happening(time, run["labels"].get("host", "workflow"), run["state"], text)

    def _answer(self, run: str, *, yes: bool, note: str) -> None:
        try:
            self._client.post(path_of(run, "approve" if yes else "deny"), {"note": note})
        except Unavailable:  # busy for a moment; it still waits
            return
        except Refused:  # somebody else was quicker, or its time was over: the next look tells
            pass
        self.waiting.pop(run, None)


def spoken(run: Run, url: str) -> str:
    """What a run did or asks, in few words."""
    name = run["workflow"]
    if run["state"] == WAITING:
        asked = [step["approval"] for step in run["steps"] if step["approval"]]
        asks = "; ".join(line for each in asked for line in each["shows"])
        where = "" if url == DEFAULT_SERVER else f" --server {url}"
        return f"{name} asks for a yes: {asks}: press y, or heapwatch approve {run['id']}{where}"
    if run["state"] != "succeeded":
        return f"{name} {run['state'].replace('_', ' ')}: {run['reason']}"
    if name == COLLECTION:
        return _collected(run)
    return f"{name}: {_evidence(run)}" if name == EVIDENCE else f"{name} succeeded"


def _collected(run: Run) -> str:
    text = str(_output(run, "log").get("text", "succeeded"))
    again = _output(run, "again").get("text")
    return f"{COLLECTION}: {text.removeprefix('collected: ')}" + (f"; repaired: {again}" if again else "")


def _evidence(run: Run) -> str:
    """What there is now: counts, threads, and the longest way from a root to what is held."""
    counted, threads, ways = (_output(run, step) for step in ("classes", "threads", "holders"))
    parts = [f"{human.count(counted['instances'])} objects"] if counted else []
    parts += [f"{threads['java']} threads"] if threads else []
    held = max(ways.get("groups", ()), key=lambda way: (bool(way["root"]), way["objects"]), default=None)
    if held is not None:
        chain = [step["holder"] for step in held["chain"]] + [held["class"]]
        short = [each.rpartition(".")[2] for each in chain]
        way = " > ".join([*short[:1], *short[1:][-3:]])
        parts.append(f"{human.plural(held['objects'], 'object')} held by {way}")
    return ", ".join(parts) or "nothing was said"


def _output(run: Run, step: str) -> Mapping[str, Any]:
    return next((each["output"] or {} for each in run["steps"] if each["id"] == step), {})
