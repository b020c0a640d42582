"""The schema's history: what an earlier release left opens, and grows up to today's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from makers import HOUR, NOW, batch, jvm, messages, snapshot

from heapwatch.store import Settings, open_store
from heapwatch.store.dimensions import Names
from heapwatch.store.engine import Engine
from heapwatch.store.errors import StoreBroken, StoreTooNew
from heapwatch.store.migrate import Dialect, Migration, history, migrate
from heapwatch.store.places import Embedded
from heapwatch.store.rows import class_samples, prepared, snapshot_rows

QUICK = Settings(readers=1, fsync=False, min_free_disk_bytes=0)


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    opened = Engine(Embedded(directory, QUICK), readers=1, write={}, read={})
    try:
        yield opened
    finally:
        opened.close()


def made_by(known: Sequence[Migration], directory: Path) -> None:
    """A store as it was when only these migrations existed, with a histogram in it."""
    shot = snapshot(jvm("old"), NOW - 3 * HOUR, {"com.shop.Order": (3, 72), "com.shop.Cart": (1, 24)})
    with engine(directory) as opened:
        migrate(opened, Dialect(), "26.9", known)
        names = Names(hashed=False)
        names.jvms.known({shot.jvm: (shot.time, {"env": "prod"})}, opened)
        classes = names.classes.ids(shot.histogram.classes, {}, opened)
        ready = [prepared(shot, names.jvms.by_who[shot.jvm].id, classes)]
        opened.insert("class_sample", class_samples(ready, names.ids))
        opened.insert("snapshot", snapshot_rows(ready, names.ids))


@pytest.mark.store
@pytest.mark.parametrize("releases_ago", range(1, len(history())))
def test_the_directory_of_an_earlier_release_opens_and_migrates(tmp_path: Path, releases_ago: int) -> None:
    made_by(history()[:-releases_ago], tmp_path)
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        assert store.snapshot(host="old")["columns"]["class"] == ["com.shop.Order", "com.shop.Cart"]
        assert store.rollup() == 1
        store.insert([batch(snapshot(jvm("new"), NOW, {"com.shop.Order": (1, 24)}))])
        assert [each["host"] for each in store.jvms()["jvms"]] == ["new", "old"]
        assert store.insert_logs([messages(NOW, "a line", host="new")])
        assert store.parts.engine.query("SELECT text FROM log")["text"] == ["a line"]
        done = store.parts.engine.query("SELECT version FROM migration ORDER BY version")
        assert done["version"].tolist() == [each.version for each in history()]
    open_store(tmp_path, QUICK).close()


@pytest.mark.store
def test_migrations_run_once_and_an_edited_one_is_noticed(tmp_path: Path) -> None:
    with engine(tmp_path) as opened:
        assert migrate(opened, Dialect(), "26.9") == history()
        assert migrate(opened, Dialect(), "26.9") == []
        edited = [replace(history()[0], text="-- nothing"), *history()[1:]]
        with pytest.raises(StoreBroken, match="0001"):
            migrate(opened, Dialect(), "26.9", edited)


@pytest.mark.store
def test_a_schema_newer_than_this_release_is_refused(tmp_path: Path) -> None:
    later = Migration(
        9999, "later", "CREATE TABLE IF NOT EXISTS later (a UInt8) ENGINE = {{engine:MergeTree}} ORDER BY a;"
    )
    with engine(tmp_path) as opened:
        migrate(opened, Dialect(), "26.9", [*history(), later])
        assert len(opened.query("SELECT name FROM system.tables WHERE name = 'later'")) == 1
        with pytest.raises(StoreTooNew, match="schema 9999"):
            migrate(opened, Dialect(), "26.9")


def test_versions_count_up_without_a_gap() -> None:
    assert [each.version for each in history()] == list(range(1, len(history()) + 1))


def test_in_one_process_nothing_is_replicated() -> None:
    for each in history():
        for statement in Dialect().statements(each.text):
            assert "Replicated" not in statement
            assert "ON CLUSTER" not in statement
            assert "{{" not in statement


def test_on_a_cluster_every_table_is_replicated_and_ids_are_hashes() -> None:
    statements = [each for file in history() for each in Dialect("fleet").statements(file.text)]
    assert statements
    for statement in statements:
        assert "ON CLUSTER 'fleet'" in statement
        assert "ENGINE = Replicated" in statement
        assert "{shard}/heapwatch/" in statement
        assert "UInt32 CODEC(Delta" not in statement
    (ack,) = (each for each in statements if "EXISTS ack " in each)
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/heapwatch/ack', '{replica}', last)" in ack
    )


def test_hashed_ids_are_the_same_for_every_writer_and_fit_the_column() -> None:
    one, other = Names(hashed=True).ids, Names(hashed=True).ids
    assert one.next(0, "com.shop.Order") == other.next(17, "com.shop.Order")
    assert one.next(0, "a", "bc") != one.next(0, "ab", "c")
    assert one.array([one.next(0, "x")]).dtype == np.uint64
