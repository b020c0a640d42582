"""Numbers for names: counted, or on a cluster a hash of the name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Reversible
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ids:
    """Gives out ids: the next number, or on a cluster a hash of the name."""

    def __init__(self, hashed: bool) -> None:
        self.type = "UInt64" if hashed else "UInt32"
        self.dtype: Any = np.uint64 if hashed else np.uint32
        self.hashed = hashed

    def next(self, taken: int, *name: object) -> int:
        """An id for a name, above those that are `taken`."""
        if not self.hashed:
            return taken + 1
        data = json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") or 1

    def many(self, taken: int, names: Collection[tuple[object, ...]]) -> NDArray[Any]:
        """An id for each of several names."""
        if not self.hashed:
            return np.arange(taken + 1, taken + 1 + len(names), dtype=self.dtype)
        return self.array(self.next(taken, *name) for name in names)

    def array(self, ids: Iterable[int]) -> NDArray[Any]:
        return np.fromiter(ids, self.dtype)


def newest_id(ids: Reversible[int]) -> int:
    """The highest of ids that were given out in order; 0 before the first."""
    return next(iter(reversed(ids)), 0)
