"""Numbers to whatever takes Prometheus' remote write 1.0: Prometheus, VictoriaMetrics, Mimir."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from heapwatch.model import Batch
from heapwatch.ship import numbers
from heapwatch.ship.post import Post
from heapwatch.wire import remote_write

_Key = Tuple[str, Tuple[Tuple[str, str], ...]]


class PrometheusSink:
    """Delivered means what the receiver means by 2xx: Prometheus has it in its write-ahead log then.

    A batch that is sent again says the same for the same times; VictoriaMetrics passes it over, Prometheus
    says 400 (out of order), which counts as refused here though nothing is missing there. Histograms are cut
    to the `top` classes by bytes (0 = all); events and log messages have no form here and are left out.
    `headers` go along with each request, such as X-Scope-OrgID for Mimir.
    """

    def __init__(
        self,
        url: str,
        *,
        top: int = numbers.TOP,
        headers: Mapping[str, str] | None = None,
        name: str = "prometheus",
        **connection: Any,
    ) -> None:
        self.name = name
        self._top = top
        self._headers = {**(headers or {}), **remote_write.HEADERS}
        self._post = Post(url, who="prometheus", **connection)

    def send(self, batch: Batch) -> None:
        found = merged(batch, self._top)
        if found:
            self._post.send(remote_write.body(found), self._headers)

    def close(self) -> None:
        self._post.close()


def merged(batch: Batch, top: int) -> List[remote_write.Series]:
    """Each series once, with its samples in the order of their times, one a time."""
    found: Dict[_Key, Dict[int, float]] = {}
    for each in numbers.series(batch, top):
        key = each.name, tuple(sorted(each.labels.items()))
        found.setdefault(key, {}).update(each.samples)
    return [(name, dict(labels), sorted(samples.items())) for (name, labels), samples in found.items()]
