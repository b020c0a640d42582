"""What people write in settings, as numbers: `10s`, `500ms`, `1h`; `64MB`, `2GiB`; `127.0.0.1:7078`."""

from __future__ import annotations

import re
from math import isfinite
from typing import Mapping, Tuple

from heapwatch.errors import UsageError

_AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$")
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


def seconds(value: object) -> float:
    """A duration: a number of seconds, or text with a unit (ms s m h d)."""
    return _amount(value, _SECONDS, "10s, 500ms or 1h")


def size(value: object) -> int:
    """A size: a number of bytes, or text with a unit (kB MB GB, KiB MiB GiB)."""
    return int(_amount(value, _BYTES, "64MB or 2GiB", fold=True))


def share(value: object) -> float:
    """A part of the whole: 0.005 or "0.5%"."""
    text = str(value).strip()
    amount = _amount(text.rstrip("%"), {"": 1.0}, "0.005 or 0.5%") / (100 if text.endswith("%") else 1)
    if not 0 < amount <= 1:
        raise UsageError(f"{value!r} is no share: it must be above 0 and at most 1")
    return amount


def address(value: object, default_port: int | None = None) -> Tuple[str, int]:
    """host:port, also [::1]:port; UsageError when it is neither."""
    host, colon, port = str(value).strip().rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = str(value).strip(), str(default_port)  # "None" is no port
    if not port.isdigit() or not port.isascii() or int(port) > 65535 or not host.strip("[]"):
        raise UsageError(f"{value!r} is no address: write it like 127.0.0.1:7078")
    return host.strip("[]"), int(port)


def _amount(value: object, units: Mapping[str, float], like: str, fold: bool = False) -> float:
    found = _AMOUNT.match(str(value)) if isinstance(value, (str, int, float)) else None
    unit = (found[2].lower() if fold else found[2]) if found else ""
    if isinstance(value, bool) or found is None or unit not in units:
        raise UsageError(f"{value!r} is not understood: write it like {like}")
    amount = float(found[1]) * units[unit]
    if not isfinite(amount):
        raise UsageError(f"{value!r} is too much")
    return amount
