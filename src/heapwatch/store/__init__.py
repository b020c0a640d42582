"""Columns at rest: class samples, metrics and events in ClickHouse, embedded (chDB) or over HTTP."""

from __future__ import annotations

from heapwatch.store.opening import open_store, restore
from heapwatch.store.settings import Retention, Settings
from heapwatch.store.store import Store

__all__ = ["Retention", "Settings", "Store", "open_store", "restore"]
