"""The schema's history: numbered files, each run once, in order, and never changed afterwards.

`schema/0001_tables.sql` is migration 1. What ran is kept in the table `migration` with a checksum of the
file's text, so that a file edited after its release is noticed and not half believed. Statements end with a
semicolon at the end of a line. Between {{ }} stands what differs between one process and a cluster:

    {{on_cluster}}          nothing               ON CLUSTER 'name'
    {{engine:MergeTree}}    MergeTree()           ReplicatedMergeTree('/clickhouse/tables/{shard}/...', ...)
    {{id}}                  UInt32, counted up    UInt64, a hash of the name: writers need not agree

The runner is ours because none on PyPI runs on chDB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources

from heapwatch import __version__
from heapwatch.errors import UsageError
from heapwatch.store.engine import Engine
from heapwatch.store.errors import StoreBroken, StoreTooNew
from heapwatch.store.places import DATABASE

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_PLACE = re.compile(r"\{\{(\w+)(?::(\w+)(?:\((\w+)\))?)?\}\}")
_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")

_HISTORY = """CREATE TABLE IF NOT EXISTS migration {{on_cluster}}
(version UInt32, name String, checksum String, applied DateTime('UTC'), heapwatch String, engine String)
ENGINE = {{engine:MergeTree}} ORDER BY version"""


@dataclass(frozen=True)
class Migration:
    """One file of the schema's history."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Of what is executed: a comment may still be put right."""
        return sha256(" ".join(_bare(self.text).split()).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Dialect:
    """What the {{ }} of a migration stand for."""

    cluster: str = ""

    @property
    def id_type(self) -> str:
        return "UInt64" if self.cluster else "UInt32"

    def statements(self, text: str) -> list[str]:
        """The statements of a migration as this engine wants them."""
        return [self._filled(part) for part in re.split(r";[ \t]*(?:\n|$)", _bare(text)) if part.strip()]

    def _filled(self, statement: str) -> str:
        named = _TABLE.search(statement)
        table = named.group(1) if named else ""

        def fill(found: re.Match[str]) -> str:
            word, engine, argument = found.groups()
            if word == "on_cluster":
                return f"ON CLUSTER '{self.cluster}'" if self.cluster else ""
            if word == "id":
                return self.id_type
            if word == "engine" and engine:
                return self._engine(engine, argument, table)
            raise UsageError(f"no such word in a migration: {found.group()}")

        return _PLACE.sub(fill, statement).strip()

    def _engine(self, engine: str, argument: str | None, table: str) -> str:
        if not self.cluster:
            return f"{engine}({argument or ''})"
        path = f"'/clickhouse/tables/{{shard}}/{DATABASE}/{table}', '{{replica}}'"
        return f"Replicated{engine}({path}{', ' + argument if argument else ''})"


def _bare(text: str) -> str:
    """Without lines that are comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


def history() -> list[Migration]:
    """All migrations this heapwatch knows, oldest first."""
    found = []
    for file in resources.files("heapwatch.store").joinpath("schema").iterdir():
        named = _NAME.fullmatch(file.name)
        if named:
            found.append(Migration(int(named[1]), named[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def migrate(
    engine: Engine, dialect: Dialect, engine_version: str, known: Sequence[Migration] | None = None
) -> list[Migration]:
    """Bring the schema up to date; returns what ran. Refuses a schema newer than this heapwatch."""
    known = history() if known is None else known
    for statement in dialect.statements(_HISTORY):
        engine.command(statement)
    done = engine.query("SELECT version, name, checksum FROM migration ORDER BY version")
    checksums = dict(zip(done["version"].tolist(), done["checksum"], strict=True)) if len(done) else {}
    newest = known[-1].version
    if checksums and max(checksums) > newest:
        raise StoreTooNew(
            f"the store has schema {max(checksums)}, this heapwatch {__version__} knows up to {newest}; "
            "install the newer heapwatch that wrote it, or restore a backup"
        )
    ran = []
    for migration in known:
        if migration.version in checksums:
            if checksums[migration.version] != migration.checksum:
                raise StoreBroken(
                    f"migration {migration.version:04} ({migration.name}) is not the one that made this "
                    "store; install heapwatch again"
                )
            continue
        for statement in dialect.statements(migration.text):
            engine.command(statement)
        engine.command(
            "INSERT INTO migration SELECT {version:UInt32}, {name:String}, {checksum:String}, now(), "
            "{heapwatch:String}, {engine:String}",
            {
                "version": migration.version,
                "name": migration.name,
                "checksum": migration.checksum,
                "heapwatch": __version__,
                "engine": engine_version,
            },
        )
        ran.append(migration)
    return ran
