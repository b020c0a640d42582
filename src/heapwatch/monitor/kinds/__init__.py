"""What can be watched, a file a kind, all listed in one table."""

from __future__ import annotations

from collections.abc import Mapping

from heapwatch.monitor.kinds.base import Monitor
from heapwatch.monitor.kinds.collection import Collection
from heapwatch.monitor.kinds.exhaustion import Exhaustion
from heapwatch.monitor.kinds.leak import Leak
from heapwatch.monitor.kinds.log import Log
from heapwatch.monitor.kinds.missing import Missing
from heapwatch.monitor.kinds.outlier import Outlier
from heapwatch.monitor.kinds.query import Query

KINDS: Mapping[str, type[Monitor]] = {
    "query": Query,
    "leak": Leak,
    "exhaustion": Exhaustion,
    "missing": Missing,
    "outlier": Outlier,
    "collection": Collection,
    "log": Log,
}
