"""Numbers and log messages to an HTTP source of Sumo Logic, or to anything that takes what it takes."""

from __future__ import annotations

import gzip
import re
from typing import Any, Dict, Iterator, Mapping, Tuple

from heapwatch.errors import UsageError
from heapwatch.model import Batch, LogBlock
from heapwatch.ship import numbers
from heapwatch.ship.post import Post
from heapwatch.wire import carbon2, graphite
from heapwatch.wire.paths import Template

FORMS = ("graphite", "carbon2")
_SOURCE = {"X-Sumo-Host": "host", "X-Sumo-Category": "_sourceCategory", "X-Sumo-Name": "_sourceName"}
_NOT_IN_HEADER = re.compile(r"[^\x20-\x7e]")
_NOT_IN_PAIR = re.compile(r"[^\x20-\x7e]|[,=]")


class SumoSink:
    """Delivered means accepted: the source answers 200 for what it has taken.

    A batch is a request of metrics and one for the messages of each source; when one of them fails, all are
    sent again, so that messages may come twice. The address holds a secret and is not told. Histograms are
    cut to the `top` classes by bytes (0 = all).
    """

    def __init__(
        self,
        url: str,
        *,
        form: str = "graphite",
        template: Template | None = None,
        top: int = numbers.TOP,
        logs: bool = True,
        category: str = "",
        source: str = "",
        host: str = "",
        dimensions: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
        name: str = "sumo",
        **connection: Any,
    ) -> None:
        if form not in FORMS:
            raise UsageError(f"no form {form!r} of metrics; there are {', '.join(FORMS)}")
        self.name = name
        self._form, self._template, self._top, self._logs = form, template or Template(), top, logs
        self._given = {"X-Sumo-Host": host, "X-Sumo-Category": category, "X-Sumo-Name": source}
        about = {"X-Sumo-Dimensions": dimensions, "X-Sumo-Metadata": metadata}
        self._about = {header: _pairs(pairs or {}) for header, pairs in about.items()}
        self._fields = dict(fields or {})
        self._post = Post(url, who="sumo", secret=True, **connection)

    def send(self, batch: Batch) -> None:
        for body, headers in self._requests(batch):
            whole = {name: value for name, value in headers.items() if value}
            self._post.send(gzip.compress(body, 6), {"Content-Encoding": "gzip", **whole})

    def close(self) -> None:
        self._post.close()

    def _requests(self, batch: Batch) -> Iterator[Tuple[bytes, Dict[str, str]]]:
        metrics = self._metrics(batch)
        if metrics:
            kind = f"application/vnd.sumologic.{self._form}"
            yield metrics, {"Content-Type": kind, **self._given, **self._about}
        for block in batch.logs if self._logs else ():
            if block.texts:
                yield _messages(block), {"Content-Type": "text/plain; charset=utf-8", **self._of(block)}

    def _metrics(self, batch: Batch) -> bytes:
        if self._form == "carbon2":
            return b"".join(map(_carbon2, numbers.series(batch, self._top)))
        return b"".join(graphite.encode(numbers.shortened(batch, self._top), self._template))

    def _of(self, block: LogBlock) -> Dict[str, str]:
        """Where the messages come from; what the settings say wins."""
        labels = {**block.labels, **self._fields}
        headers = {
            header: self._given[header] or _NOT_IN_HEADER.sub("_", labels.pop(label, ""))
            for header, label in _SOURCE.items()
        }
        left = {key: value for key, value in labels.items() if key not in _SOURCE.values()}
        return {**headers, "X-Sumo-Fields": _pairs(left)}


def _carbon2(each: numbers.Numbers) -> bytes:
    tags = {"metric": each.name, **each.labels}
    return b"".join(carbon2.line(tags, each.facts, value, time) for time, value in each.samples)


def _messages(block: LogBlock) -> bytes:
    return "".join(f"{text}\n" for text in block.texts).encode("utf-8", "backslashreplace")


def _pairs(labels: Mapping[str, str]) -> str:
    """`k=v,k=v` of a header: what cannot stand there becomes `_`."""
    cells = [
        f"{_NOT_IN_PAIR.sub('_', key)}={_NOT_IN_PAIR.sub('_', value)}"
        for key, value in labels.items()
        if key and value
    ]
    return ",".join(cells)
