"""From a sink's settings to the sink. Modules are loaded only for what is configured: that saves memory."""

from __future__ import annotations

import sys
from typing import Any, Dict, Mapping, Sequence

from heapwatch.agent.sink_settings import SinkSettings
from heapwatch.errors import UsageError
from heapwatch.ship import Sink


def build(settings: SinkSettings) -> Sink:
    """The sink, not yet connected. UsageError when it cannot work as it is set."""
    options: Dict[str, Any] = dict(settings.options)
    if settings.kind == "heapwatch":
        from heapwatch.ship.http import HttpSink

        return HttpSink(options.pop("url"), name=settings.name, **options)
    if settings.kind == "graphite":
        from heapwatch.ship.graphite import GraphiteSink

        host, port = options.pop("address")
        return GraphiteSink(host, port, template=_template(options), name=settings.name, **options)
    if settings.kind == "sumo":
        from heapwatch.ship.sumo import SumoSink

        return SumoSink(options.pop("url"), template=_template(options), name=settings.name, **options)
    if settings.kind == "prometheus":
        from heapwatch.ship.prometheus import PrometheusSink

        return PrometheusSink(options.pop("url"), name=settings.name, **options)
    from heapwatch.ship.records import Records

    records = Records(options.pop("form", "jsonl"), _template(options))
    if settings.kind == "file":
        from heapwatch.ship.file import FileSink

        return FileSink(options.pop("path"), records, name=settings.name, **options)
    if settings.kind == "stdout":
        from heapwatch.ship.stdout import StdoutSink

        return StdoutSink(records, name=settings.name)
    raise UsageError(f"no sink of kind {settings.kind!r}")


def spare_openssl(sinks: Sequence[SinkSettings]) -> None:
    """Load http.client without OpenSSL, 6 MB, when no sink needs it. The process must be ours alone.

    http.client imports `ssl` if it can, whether or not it will be used. `Post` does not need the HTTPS
    class that http.client then lacks, so a later https:// sink (after a reload) still works.
    """
    if "ssl" in sys.modules or any(_is_https(sink.options) for sink in sinks):
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import http.client  # noqa: F401
    finally:
        del sys.modules["ssl"]


def _is_https(options: Mapping[str, Any]) -> bool:
    return str(options.get("url", "")).lower().startswith("https:")


def _template(options: Dict[str, Any]) -> Any:
    from heapwatch.wire.paths import DEFAULT, Template

    return Template(options.pop("template", DEFAULT))
