"""Retention, backups, and parts that are damaged."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from makers import DAY, HOUR, MINUTE, batch, jvm, metrics, snapshot

from heapwatch.errors import UsageError
from heapwatch.model import Snapshot
from heapwatch.store import Retention, Settings, Store, open_store, restore
from heapwatch.store.errors import StoreTooNew
from heapwatch.store.marker import NAME as MARKER

pytestmark = pytest.mark.store

TODAY = int(time.time() * 1000) // DAY * DAY + 12 * HOUR
"""Noon of the day on the wall clock: when data arrived is taken from the files' times."""


class Days:
    """A clock that tests set by the day."""

    def __init__(self) -> None:
        self.now = TODAY

    def __call__(self) -> int:
        return self.now


def opened(directory: Path, clock: Days, **limits: int) -> Store:
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0, retention=Retention(**limits))
    return open_store(directory, settings, clock=clock)


def a_day(host: str, day: int) -> list[Snapshot]:
    """A few histograms of a day, counted from today."""
    begin = TODAY + day * DAY - HOUR
    classes = {f"com.shop.Class{each}": (each + 1, 24 * (each + 1)) for each in range(50)}
    return [snapshot(jvm(host), begin + minute * MINUTE, classes) for minute in range(0, 50, 10)]


def times(store: Store, host: str) -> list[int]:
    """The days, counted from today, of which histograms of a host can be read whole."""
    heads = store.snapshots(from_=0, to=TODAY + 400 * DAY, host=host)["columns"]["time"]
    whole = [at for at in heads if store.snapshot(host=host, at=at)["columns"]["class"]]
    return sorted({round((at - TODAY) / DAY) for at in whole})


def test_old_samples_go_and_their_hours_and_totals_stay(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock, raw_days=14, hour_days=90) as store:
        block = metrics(jvm("aging"), [TODAY - 30 * MINUTE], jvm__heap__used=[5.0])
        store.insert([batch(*a_day("aging", 0), metrics=[block])])
        clock.now = TODAY + 3 * HOUR
        assert store.rollup() > 0
        assert store.retain() == []
        clock.now = TODAY + 20 * DAY
        dropped = {each.split()[0] for each in store.retain()}
        assert dropped == {"class_sample", "sample"}
        week = {"from_": TODAY - 3 * DAY, "to": TODAY + DAY, "interval": 3600, "host": "aging"}
        history = store.class_history(classes=["com.shop.Class7"], **week)
        assert max(value or 0 for value in history["series"][0]["instances"]) == 8
        assert store.metric(metrics=["jvm.heap.used"], **week)["series"][0]["values"].count(5.0) == 1
        assert max(value or 0 for value in store.totals(**week)["series"][0]["instances"]) == 1275
        clock.now = TODAY + 200 * DAY
        dropped = {each.split()[0] for each in store.retain()}
        assert dropped == {"class_hour", "sample_hour", "snapshot"}
        assert store.retain() == []


def test_an_old_histogram_that_is_imported_today_stays_as_long_as_a_new_one(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock, raw_days=14) as store:
        store.insert([batch(*a_day("imported", -500))])
        store.rollup()
        assert store.retain() == []
        assert times(store, "imported") == [-500]
        clock.now = TODAY + 15 * DAY
        assert any(each.startswith("class_sample") for each in store.retain())


def test_above_its_size_the_oldest_days_go_first_and_today_never(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock, raw_days=0, max_bytes=1) as store:
        for day in (-3, -2, -1, 0):
            store.insert([batch(*a_day("full", day))])
        dropped = store.retain()
        assert dropped == sorted(dropped)
        assert len(dropped) == 3
        assert times(store, "full") == [0]


def test_nothing_goes_when_there_is_no_limit(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock, raw_days=0, hour_days=0, event_days=0) as store:
        store.insert([batch(*a_day("forever", -3))])
        clock.now = TODAY + 5000 * DAY
        assert store.retain() == []


def answers(store: Store) -> Sequence[object]:
    whole = {"from_": 0, "to": TODAY + DAY}
    return (
        store.jvms(),
        [each.histogram.classes for each in store.export(**whole)],
        store.snapshots(**whole),
        store.events(**whole),
    )


def test_a_backup_restores_into_an_empty_directory(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path / "store", clock) as store:
        store.insert([batch(*a_day("saved", 0)), batch(*a_day("saved too", -1))])
        before = answers(store)
        made = store.backup(tmp_path / "it's a backup")
        assert made["bytes"] > 1000
        with pytest.raises(UsageError, match="exists already"):
            store.backup(tmp_path / "it's a backup")
        store.insert([batch(*a_day("later", 0))])
    restore(tmp_path / "it's a backup", tmp_path / "new")
    with opened(tmp_path / "new", clock) as store:
        assert answers(store) == before
        store.insert([batch(*a_day("goes on", 0))])
        assert times(store, "goes on") == [0]


def test_a_backup_is_refused_where_it_would_do_harm(tmp_path: Path) -> None:
    with opened(tmp_path / "store", Days()) as store:
        store.backup(tmp_path / "backup")
        with pytest.raises(UsageError, match="cannot write a backup"):
            store.backup(tmp_path / "missing" / "backup")
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "backup", tmp_path / "store")
    with pytest.raises(UsageError, match="not a backup"):
        restore(tmp_path / "store", tmp_path / "new")
    (tmp_path / "backup" / MARKER).write_text('{"engine": "99.1", "schema": 1, "heapwatch": "9.0"}')
    with pytest.raises(StoreTooNew, match=r"engine 99\.1"):
        restore(tmp_path / "backup", tmp_path / "new")


def data_files(directory: Path, table: str) -> list[Path]:
    """What the parts of a table keep their columns in."""
    with opened(directory, Days()) as store:
        found = store.parts.engine.query(
            "SELECT path FROM system.parts WHERE active AND table = {table:String} ORDER BY name",
            {"table": table},
        )
        paths = [Path(each) / "data.bin" for each in found["path"]]
    return [directory / "columns" / path for path in paths]


def test_a_flipped_byte_costs_one_part_and_is_said_loudly(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock) as store:
        store.insert([batch(*a_day("damaged", -1))])
        store.insert([batch(*a_day("damaged", 0))])
        assert store.status()["broken"] == []
    victim = data_files(tmp_path, "class_sample")[0]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0x40
    victim.write_bytes(data)
    with opened(tmp_path, clock) as store:
        assert times(store, "damaged") == [0]
        (broken,) = store.status()["broken"]
        assert broken["table"] == "class_sample"
        store.insert([batch(*a_day("afterwards", 0))])
        assert times(store, "afterwards") == [0]
    with opened(tmp_path, clock) as store:
        assert [each["table"] for each in store.status()["broken"]] == ["class_sample"]


def test_a_file_cut_short_is_noticed_when_the_store_opens(tmp_path: Path) -> None:
    clock = Days()
    with opened(tmp_path, clock) as store:
        store.insert([batch(*a_day("cut", -1))])
        store.insert([batch(*a_day("cut", 0))])
    victim = data_files(tmp_path, "class_sample")[0]
    victim.write_bytes(victim.read_bytes()[: random.Random(1).randrange(10, 100)])
    with opened(tmp_path, clock) as store:
        assert [each["table"] for each in store.status()["broken"]] == ["class_sample"]
        assert times(store, "cut") == [0]
