"""The two places data can be: a directory (chDB in this process) or a ClickHouse server or cluster (DSN)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error

from heapwatch.errors import Unavailable, UsageError
from heapwatch.store.settings import MIB, Settings

DATABASE = "heapwatch"
BACKUPS = "backups"
"""The one directory that the engine may write backups to: its statement is not held back by `readonly`."""


class Location(Protocol):
    """Where the data is: how a client is made, and how a block of rows is handed over."""

    name: str

    def connect(self, settings: Mapping[str, Any]) -> Client: ...

    def insert(self, client: Client, table: str, names: Sequence[str], data: bytes) -> None: ...


class Embedded:
    """chDB on DIRECTORY/columns, with a server configuration of its own: the engine's defaults would take
    90 % of the machine's memory and 10 GB of caches."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.name = str(directory)
        self.path = directory / "columns"
        self.config = directory / "engine.xml"
        text = _configuration(directory, settings)
        if not self.config.exists() or self.config.read_text() != text:
            self.config.write_text(text)

    def connect(self, settings: Mapping[str, Any]) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(self.path),
                chdb_options={"config-file": str(self.config)},
                settings=dict(settings),
            )
        except ImportError as error:
            raise UsageError("the embedded store needs chDB: pip install 'heapwatch[embedded]'") from error
        except Error as error:
            text = " ".join(str(error).split())
            if "already initialized" in text:
                text = "this process has another store open, and can have one directory at a time"
            raise UsageError(f"the engine does not open {self.path}: {text[:400]}") from error

    def insert(self, client: Client, table: str, names: Sequence[str], data: bytes) -> None:
        """Hand the block over in memory: the client library would go by way of a file in /tmp."""
        file = os.memfd_create("heapwatch-block")
        try:
            with os.fdopen(os.dup(file), "wb") as out:
                out.write(data)
            columns = ", ".join(f"`{name}`" for name in names)
            client.command(
                f"INSERT INTO {table} ({columns}) FROM INFILE '/proc/self/fd/{file}' FORMAT Native"
            )
        finally:
            os.close(file)


class Server:
    """ClickHouse over HTTP: `https://user:password@host:8443`, in its database `heapwatch`."""

    def __init__(self, dsn: str) -> None:
        self._parts = urlsplit(dsn)
        port = f":{self._parts.port}" if self._parts.port else ""
        self.name = f"{self._parts.scheme}://{self._parts.hostname}{port}"

    def connect(self, settings: Mapping[str, Any]) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface=self._parts.scheme,
                host=self._parts.hostname or "localhost",
                port=self._parts.port,
                username=unquote(self._parts.username or "default"),
                password=unquote(self._parts.password or ""),
                settings=dict(settings),
                autogenerate_session_id=False,
            )
        except (Error, OSError) as error:
            raise Unavailable(f"ClickHouse at {self.name}: {' '.join(str(error).split())[:300]}") from error

    def insert(self, client: Client, table: str, names: Sequence[str], data: bytes) -> None:
        client.raw_insert(table, names, data, fmt="Native")


def _configuration(directory: Path, settings: Settings) -> str:
    backups = escape(str(directory / BACKUPS))
    return f"""<clickhouse>
  <max_server_memory_usage>{settings.memory_bytes}</max_server_memory_usage>
  <mark_cache_size>{settings.cache_bytes}</mark_cache_size>
  <index_mark_cache_size>{8 * MIB}</index_mark_cache_size>
  <primary_index_cache_size>{settings.cache_bytes}</primary_index_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <query_cache><max_size_in_bytes>0</max_size_in_bytes></query_cache>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <max_thread_pool_size>64</max_thread_pool_size>
  <max_thread_pool_free_size>4</max_thread_pool_free_size>
  <merge_tree>
    <fsync_after_insert>{int(settings.fsync)}</fsync_after_insert>
    <fsync_part_directory>{int(settings.fsync)}</fsync_part_directory>
    <min_rows_to_fsync_after_merge>{int(settings.fsync)}</min_rows_to_fsync_after_merge>
    <min_free_disk_bytes_to_perform_insert>{settings.min_free_disk_bytes}</min_free_disk_bytes_to_perform_insert>
  </merge_tree>
  <backups><allowed_path>{backups}</allowed_path></backups>
</clickhouse>
"""
