"""Fills a spool as fast as it can, to be killed: `python -m tests.agent.spooling DIRECTORY SEED`.

Says `p N` when put has returned for batch N, and `b N` before it tells the spool that sink b is done with N.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from heapwatch.agent.spool import Spool


def content(sequence: int) -> bytes:
    """What batch `sequence` must hold: between 0 and 20,000 bytes that no other has."""
    return random.Random(sequence).randbytes(sequence * 7919 % 20_000)


def main() -> None:
    chance = random.Random(int(sys.argv[2]))
    spool = Spool(Path(sys.argv[1]), ["a", "b"], max_bytes=1 << 30)
    sequence = spool.next_sequence(1)
    while True:
        spool.put(sequence, content(sequence))
        os.write(1, b"p %d\n" % sequence)
        sequence += 1
        for _ in range(chance.randrange(3)):
            entry = spool.peek("b")
            if entry is not None:
                assert entry.data == content(entry.sequence)
                os.write(1, b"b %d\n" % entry.sequence)
                spool.done("b", entry.sequence)


if __name__ == "__main__":
    main()
