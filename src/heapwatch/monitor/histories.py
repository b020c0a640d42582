"""What the store has seen of a life, as the history that a detector judges."""

from __future__ import annotations

import numpy as np

from heapwatch.detect.assemble import counters
from heapwatch.detect.history import History
from heapwatch.detect.kinds import application_of
from heapwatch.store.reads.observed import Observed


def history_of(seen: Observed) -> History:
    """Seconds since the epoch; the classes that did not move are counted, not shown."""
    heap_max = seen.heap["heap_max"]
    known = heap_max[~np.isnan(heap_max)]
    who, labels = seen.life.who, seen.life.labels
    return History(
        host=who.host,
        service=labels.get("service", who.jvm),
        times=seen.times / 1000,
        classes=seen.classes,
        instances=seen.instances,
        bytes=seen.bytes,
        rows=seen.rows,
        counters={
            **counters(seen.heap),
            **({"container": seen.container} if seen.container is not None else {}),
        },
        mode=seen.mode,
        heap_max=float(known[-1]) if len(known) else float("nan"),
        version=labels.get("version", ""),
        left_out=max(seen.population - len(seen.classes), 0),
        survivors=seen.survivors,
        heap=seen.total_bytes,
        present=seen.present,
        application=application_of(labels.get("command", "")),
        limits=seen.life.limits,
    )
