"""The live stream: what was just stored, to every open screen, as server-sent events.

    event: hello     data: {"version", "time"}                    first, on each connection
    event: snapshot  data: {"host", "jvm", "pid", "started", "time", "mode", "bytes", "instances", ...}
    event: metrics   data: {"host", "jvm", "pid", "time", "values": {metric: newest value}}
    event: event     data: {"time", "kind", "labels", "text"}
    event: leak      data: {"id", "state", "class", "service"}    a leak has another state; once a JVM
    event: run       data: {"id", "workflow", "state"}            a run of a workflow went on
    event: resync    data: {"dropped": n}                         ask again for what you show

A client that reads too slowly loses its oldest messages and is told so; it never slows the others or
the inserts. Messages are encoded once, however many read them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import isnan
from typing import Any

from pydantic_core import to_json
from sse_starlette import ServerSentEvent

from heapwatch.errors import Unavailable
from heapwatch.model import Batch, MetricBlock, Snapshot

QUEUE = 512
LEAK = ("state", "class", "service")


@dataclass(frozen=True)
class Message:
    """One event, ready to send, with what filters look at."""

    kind: str
    host: str
    jvm: str
    data: str


class Client:
    """One open stream: a bounded queue that drops its oldest."""

    def __init__(self, hosts: Sequence[str], jvms: Sequence[str]) -> None:
        self._hosts = hosts
        self._jvms = jvms
        self._messages: deque[Message] = deque()
        self._more = asyncio.Event()
        self.dropped = 0
        self.closed = False

    def wants(self, message: Message) -> bool:
        return _matches(message.host, self._hosts) and _matches(message.jvm, self._jvms)

    def put(self, message: Message) -> int:
        """Queue a message; returns how many were dropped for it."""
        lost = 0
        if len(self._messages) >= QUEUE:
            self._messages.popleft()
            self.dropped += 1
            lost = 1
        self._messages.append(message)
        self._more.set()
        return lost

    def close(self) -> None:
        self.closed = True
        self._more.set()

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Messages as they come, until the hub closes."""
        while not self.closed:
            await self._more.wait()
            self._more.clear()
            if self.dropped:
                dropped, self.dropped = self.dropped, 0
                yield ServerSentEvent(to_json({"dropped": dropped}).decode(), event="resync")
            while self._messages and not self.closed:
                message = self._messages.popleft()
                yield ServerSentEvent(message.data, event=message.kind)


class Hub:
    """All open streams. Lives on the event loop."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._clients: set[Client] = set()
        self._closed = False
        self.sent = 0
        self.dropped = 0

    @property
    def clients(self) -> int:
        return len(self._clients)

    def join(self, hosts: Sequence[str] = (), jvms: Sequence[str] = ()) -> Client:
        """A new stream of what these globs select; `leave` it at the end."""
        if self._closed:
            raise Unavailable("the server is stopping", retry_after=5)
        if len(self._clients) >= self._most:
            raise Unavailable(f"{self._most} live streams are open (setting live_clients)", retry_after=10)
        client = Client(hosts, jvms)
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)

    def publish(self, batches: Iterable[Batch]) -> None:
        """Tell every client what was just stored."""
        if not self._clients:
            return
        for batch in batches:
            for message in messages(batch):
                self._put(message)

    def tell_run(self, run: Mapping[str, Any]) -> None:
        """A run of a workflow went on."""
        labels = run["labels"]
        data = _encode({name: run[name] for name in ("id", "workflow", "state")})
        self._put(Message("run", labels.get("host", ""), labels.get("jvm", ""), data))

    def _put(self, message: Message) -> None:
        for client in self._clients:
            if client.wants(message):
                self.dropped += client.put(message)
                self.sent += 1

    def close(self) -> None:
        """End every stream at once."""
        self._closed = True
        for client in self._clients:
            client.close()


def messages(batch: Batch) -> Iterable[Message]:
    """What a screen is told of one batch."""
    for snapshot in batch.snapshots:
        yield Message("snapshot", snapshot.jvm.host, snapshot.jvm.jvm, _encode(_snapshot(snapshot)))
    for block in batch.metrics:
        data = _metrics(block)
        if data["values"]:
            yield Message("metrics", data["host"], data["jvm"], _encode(data))
    for event in batch.events:
        data = {"time": event.time, "kind": event.kind, "labels": dict(event.labels), "text": event.text}
        host, jvm = event.labels.get("host", ""), event.labels.get("jvm", "")
        yield Message("event", host, jvm, _encode(data))
        if event.kind == "leak":
            named = {"id": event.labels["leak"], **{name: event.labels[name] for name in LEAK}}
            yield Message("leak", host, jvm, _encode(named))


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        **snapshot.jvm._asdict(),
        "time": snapshot.time,
        "mode": snapshot.mode,
        "bytes": snapshot.histogram.total_bytes,
        "instances": snapshot.histogram.total_instances,
        "classes": len(snapshot.histogram),
        "pause_ms": snapshot.pause,
    }


def _metrics(block: MetricBlock) -> dict[str, Any]:
    values = {}
    for name, column in block.values.items():
        newest = next((value for value in reversed(column) if not isnan(value)), None)
        if newest is not None:
            values[name] = newest
    return {
        "host": block.labels.get("host", ""),
        "jvm": block.labels.get("jvm", ""),
        "pid": _whole(block.labels, "pid"),
        "started": _whole(block.labels, "started"),
        "time": block.times[-1] if block.times else 0,
        "values": values,
    }


def _whole(labels: Mapping[str, str], name: str) -> int | None:
    text = labels.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else None


def _encode(data: Mapping[str, Any]) -> str:
    return to_json(data, inf_nan_mode="null").decode()


def _matches(text: str, globs: Sequence[str]) -> bool:
    return not globs or any(fnmatchcase(text, glob) for glob in globs)
