"""Simulated histories written as recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heapwatch.detect.history import History


def write(folder: Path, name: str, history: History, **meta: object) -> None:
    """A recording as its readers expect it."""
    folder.mkdir(exist_ok=True)
    millis = (history.times * 1000).astype(int)
    rows, columns = np.nonzero(history.instances)
    pq.write_table(
        pa.table(
            {
                "t_ms": millis[rows],
                "cls": pa.array([history.classes[place] for place in columns]).dictionary_encode(),
                "inst": history.instances[rows, columns].astype(int),
                "bytes": history.bytes[rows, columns].astype(int),
                "nrow": np.ones(len(rows), np.int16),
            }
        ),
        folder / f"{name}.hist.parquet",
    )
    counters = {"yc": "young", "fc": "full", "cc": "concurrent", "eden": "eden"}
    columns_of = {short: history.counters[long].astype(int) for short, long in counters.items()}
    pq.write_table(pa.table({"t_ms": millis, **columns_of}), folder / f"{name}.samples.parquet")
    told = {"host": history.host, "service": history.service, "mode": history.mode, "xmx_mb": 64}
    (folder / f"{name}.meta.json").write_text(json.dumps({**told, **meta}))
