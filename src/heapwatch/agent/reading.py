"""How the value of a setting is read: what stands in the file in, what it means out, or a UsageError."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Tuple

from heapwatch.agent import units
from heapwatch.errors import UsageError
from heapwatch.model import ALL, LIVE

Reader = Callable[[object], Any]
Table = Dict[str, Tuple[str, Reader]]
"""What each setting of a section is called inside, and how it is read."""


def section(found: object, table: Table, origin: str, beside: Iterable[str] = ()) -> Dict[str, Any]:
    """The settings of one section; `beside` are names that are known and stand elsewhere."""
    if not isinstance(found, dict):
        raise UsageError(f"{origin}: {found!r} is not a table")
    values = {}
    for key, value in found.items():
        if key not in table:
            known = ", ".join(sorted([*table, *beside]))
            raise UsageError(f"{origin}: unknown setting {key!r}; known are {known}")
        name, read = table[key]
        try:
            values[name] = read(value)
        except UsageError as error:
            raise UsageError(f"{origin}: {key}: {error}") from error
    return values


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{value!r} is not a text")
    return value.strip()


def text_or_none(value: object) -> str:
    return "" if value == "" else text(value)


def texts(value: object) -> Tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise UsageError(f"{value!r} is not a list of texts")
    return tuple(text(str(one) if isinstance(one, int) else one) for one in value)


def table(value: object) -> Dict[str, str]:
    if not isinstance(value, dict):
        raise UsageError(f"{value!r} is not a table")
    return {text(name): text_or_none(one) for name, one in value.items()}


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{value!r} is neither true nor false")
    return value


def mode(value: object) -> str:
    if value not in (ALL, LIVE):
        raise UsageError(f"{value!r} is no mode: all (counts garbage too) or live (forces a full collection)")
    return str(value)


def path(value: object) -> Path:
    return Path(text(value)).expanduser()


def count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(f"{value!r} is not a count")
    return value


def listen(value: object) -> str:
    if value in ("", "off", False):
        return ""
    units.address(value)
    return text(value)


def milliseconds(value: object) -> float:
    return units.seconds(value) * 1000


def header(value: object) -> str:
    """What may stand behind the name of an HTTP header."""
    found = text(value)
    if not found.isascii() or not found.isprintable():
        raise UsageError(f"{value!r} cannot stand in an HTTP header: plain letters only")
    return found


def headers(value: object) -> Dict[str, str]:
    found = table(value)
    for name, one in found.items():
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"{name!r} is no name of an HTTP header")
        header(one)
    return found


def pairs(value: object) -> Dict[str, str]:
    """Labels that go into one header, `k=v,k=v`."""
    found = table(value)
    for one in (*found, *found.values()):
        if "," in header(one) or "=" in one:
            raise UsageError(f"{one!r} cannot stand in a list of labels: no commas, no =")
    return found
