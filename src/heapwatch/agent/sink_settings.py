"""The settings of sinks: `[[sink]]` sections, each with a kind, a name of its own and that kind's options.

kind = "heapwatch"     url, token, token_file and what else an HTTP connection needs
kind = "graphite"      address = "graphite.example:2003"    template
kind = "sumo"          url      form = "graphite"    top = 100    logs = true    category = "jvm/heap"
kind = "prometheus"    url      top = 100            [sink.headers] X-Scope-OrgID = "shop"
kind = "file"          path     form = "jsonl"       max_size = "64MB"    keep = 3
kind = "stdout"        form = "jsonl"
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from heapwatch.agent import reading, units
from heapwatch.errors import UsageError

DEFAULT_SERVER = "http://127.0.0.1:7077"


@dataclass(frozen=True)
class SinkSettings:
    """One way out, and what it was told."""

    kind: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> Dict[str, Any]:
        """The options without what is secret."""
        secret = _SECRET.get(self.kind, ("token",))
        return {name: "(hidden)" if name in secret else value for name, value in self.options.items()}


_CONNECTION: reading.Table = {
    "url": ("url", reading.text),
    "token": ("token", reading.text),
    "token_file": ("token_file", reading.path),
    "ca_file": ("ca_file", reading.path),
    "client_cert": ("client_cert", reading.path),
    "client_key": ("client_key", reading.path),
    "timeout": ("timeout", units.seconds),
}
_KINDS: Dict[str, reading.Table] = {
    "heapwatch": _CONNECTION,
    "graphite": {
        "address": ("address", lambda value: units.address(value, 2003)),
        "template": ("template", reading.text),
        "timeout": ("timeout", units.seconds),
    },
    "sumo": {
        **{name: _CONNECTION[name] for name in ("url", "ca_file", "timeout")},
        "form": ("form", reading.text),
        "template": ("template", reading.text),
        "top": ("top", reading.count),
        "logs": ("logs", reading.flag),
        "category": ("category", reading.header),
        "source": ("source", reading.header),
        "source_host": ("host", reading.header),
        "dimensions": ("dimensions", reading.pairs),
        "metadata": ("metadata", reading.pairs),
        "fields": ("fields", reading.pairs),
    },
    "prometheus": {
        **_CONNECTION,
        "username": ("username", reading.text),
        "headers": ("headers", reading.headers),
        "top": ("top", reading.count),
    },
    "file": {
        "path": ("path", reading.path),
        "form": ("form", reading.text),
        "template": ("template", reading.text),
        "max_size": ("max_bytes", units.size),
        "keep": ("keep", reading.count),
    },
    "stdout": {"form": ("form", reading.text), "template": ("template", reading.text)},
}
_REQUIRED = {"heapwatch": "url", "graphite": "address", "sumo": "url", "prometheus": "url", "file": "path"}
_SECRET = {"sumo": ("url",), "prometheus": ("token", "headers")}


def read(
    found: object, server: str | None, token: str | None, token_file: str | None, origin: str
) -> Tuple[SinkSettings, ...]:
    """All sinks. `server` takes the place of those of kind heapwatch; without any there is the default."""
    if not isinstance(found, list):
        raise UsageError(f"{origin}: sinks are written as [[sink]]")
    made = [_sink(one, f"{origin}, [[sink]] {number}") for number, one in enumerate(found, 1)]
    if server or not made:
        made = [sink for sink in made if sink.kind != "heapwatch"]
        made.insert(0, SinkSettings("heapwatch", "heapwatch", {"url": server or DEFAULT_SERVER}))
    if token or token_file:
        given = {"token_file": Path(token_file)} if token_file else {"token": token}
        made = [
            replace(one, options={**one.options, **given}) if one.kind == "heapwatch" else one for one in made
        ]
    names = [sink.name for sink in made]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{origin}: two sinks are called {name!r}; give each a name of its own")
    return tuple(made)


def _sink(found: object, origin: str) -> SinkSettings:
    if not isinstance(found, dict):
        raise UsageError(f"{origin}: is not a table")
    options = dict(found)
    kind = options.pop("kind", None)
    name = options.pop("name", kind)
    if kind not in _KINDS:
        raise UsageError(f"{origin}: unknown kind {kind!r}; known are {', '.join(_KINDS)}")
    told = reading.section(options, _KINDS[kind], origin)
    needed = _REQUIRED.get(kind)
    if needed and needed not in options:
        raise UsageError(f"{origin}: a sink of kind {kind} needs {needed}")
    return SinkSettings(kind, reading.text(name), told)
