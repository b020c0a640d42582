"""What a detector reads of a path: recordings where there are some, else histograms in any form of import."""

from __future__ import annotations

from pathlib import Path

from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import HIST, Reader, Rules
from heapwatch.cli.recordings import recordings
from heapwatch.detect.assemble import histories
from heapwatch.detect.history import History
from heapwatch.errors import UsageError


def read(path: Path) -> list[History]:
    """Every life under this path; UsageError when there is none, or a file that cannot be read."""
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    if path.is_dir() and next(path.rglob(f"*{HIST}"), None) is not None:
        return list(recordings(path))
    reader = Reader(Rules(kind="histograms"))
    found = histories(
        snapshot for batch in reader.batches(Inputs([str(path)])) for snapshot in batch.snapshots
    )
    if reader.counts.bad:
        bad = reader.counts.bad[0]
        more = f", and {len(reader.counts.bad) - 1} more" if len(reader.counts.bad) > 1 else ""
        raise UsageError(f"{bad.name} cannot be used: {bad.reason}{more}")
    if not found:
        raise UsageError(f"no histograms under {path}")
    return found
