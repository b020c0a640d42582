"""Logging: lines for people on a terminal, JSON lines otherwise; uvicorn's and our own alike."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import structlog


def configure(level: str, form: str) -> None:
    """Send everything to standard error. `form` is auto, json or text."""
    text = sys.stderr.isatty() if form == "auto" else form == "text"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=not text),
        structlog.processors.StackInfoRenderer(),
    ]
    if not text:
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if text
        else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(_cut_off)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    set_level(level)


def set_level(level: str) -> None:
    """Change what is logged from now on. Libraries stay at warnings."""
    logging.getLogger("heapwatch").setLevel(level.upper())
    logging.getLogger("uvicorn.error").setLevel("WARNING" if level != "debug" else "DEBUG")


def _cut_off(record: logging.LogRecord) -> bool:
    """Requests that a server does not wait for when it ends are one warning, not faults with tracebacks."""
    if str(record.msg).startswith("Cancel %s running task"):
        record.msg = "%s requests took longer than a server waits that ends; they were cut off"
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
