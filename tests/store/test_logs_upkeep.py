"""Log messages from one start to the next: replays that were forgotten, days that are over, torn batches."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from makers import DAY, HOUR, MINUTE, NOW, Clock, batch, jvm, messages, snapshot

from heapwatch.jvm.histogram import parse
from heapwatch.store import Retention, Settings, Store, open_store
from heapwatch.store.intent import NAME as INTENT
from heapwatch.store.logs import hash_of

pytestmark = pytest.mark.store

QUICK = Settings(readers=1, fsync=False, min_free_disk_bytes=0)


def texts(store: Store) -> list[str]:
    return list(store.parts.engine.query("SELECT text FROM log ORDER BY time, seq")["text"])


def test_a_replay_is_recognised_after_a_restart_that_forgot_its_number(tmp_path: Path) -> None:
    sent = [
        batch(
            logs=[messages(NOW - DAY + HOUR * number, f"n{number}", "x", host="a")],
            agent="tail",
            sequence=number,
        )
        for number in range(1, 30)
    ]
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.insert(sent[:20])
        store.insert_logs(sent[0].logs, key=5)
        store.parts.engine.command("TRUNCATE TABLE ack")
        before = texts(store)
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.parts.engine.command("TRUNCATE TABLE ack")  # closing has written it
        assert store.parts.names.logs.by_id.keys() == {1}
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.insert(sent[17:19])
        store.insert(sent[19:20])
        late = [messages(sent[0].logs[0].times[0] + HOUR, "n1", "x", host="a")]  # the time of their arrival
        assert store.insert_logs(late, key=5) is False
        assert texts(store) == before
        assert store.insert(sent[17:]) == [False] * 3 + [True] * 9
        assert texts(store).count("n29") == 1


def test_old_messages_go_by_days_of_their_own(tmp_path: Path) -> None:
    clock = Clock()
    quick = replace(QUICK, retention=Retention(raw_days=0, log_days=3))
    with open_store(tmp_path, quick, clock=clock) as store:
        written = int(store.parts.engine.query("SELECT toUnixTimestamp64Milli(now64(3)) AS t")["t"][0])
        clock.now = written
        store.insert_logs([messages(written - MINUTE, "old", host="a")])
        assert store.retain() == []
        clock.now = written + 5 * DAY
        assert [each.split()[0] for each in store.retain()] == ["log"]
        assert texts(store) == []
        assert store.status()["retention"]["log_days"] == 3


def test_a_batch_of_which_only_one_day_was_written_is_taken_out_and_stored_by_its_replay(
    tmp_path: Path,
) -> None:
    sent = batch(
        logs=[messages(NOW - DAY, "yesterday", host="a"), messages(NOW, "today", host="a")],
        agent="tail",
        sequence=1,
    )
    whole = batch(logs=[messages(NOW, "whole", host="a")], agent="tail", sequence=2)
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.insert([sent, whole])
        store.parts.engine.command("DELETE FROM log WHERE text = 'today'")
        store.parts.engine.command("TRUNCATE TABLE ack")
    notes = json.loads((tmp_path / INTENT).read_text())["logs"]
    assert [note[:2] for note in notes] == [[hash_of("tail", 1), 2], [hash_of("tail", 2), 1]]
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.parts.engine.command("TRUNCATE TABLE ack")
    with open_store(tmp_path, QUICK, clock=lambda: NOW) as store:
        store.insert([sent, whole])
        assert sorted(texts(store)) == ["today", "whole", "yesterday"]


def test_beyond_the_most_sources_messages_are_kept_without_their_labels(tmp_path: Path) -> None:
    with open_store(tmp_path, replace(QUICK, max_log_sources=2), clock=lambda: NOW) as store:
        store.insert_logs([messages(NOW, f"from {number}", host=f"h{number}") for number in range(5)])
        store.insert_logs([messages(NOW, f"more of {number}", host=f"h{number}") for number in range(5)])
        known = store.parts.names.logs.by_id
        assert [source.host for source in known.values()] == ["h0", "h1", ""]
        found = store.parts.engine.query(
            "SELECT source, count() AS n FROM log GROUP BY source ORDER BY source"
        )
        assert found["n"].tolist() == [2, 2, 6]


def test_histograms_are_messages_too_when_they_are_to_be_kept_as_such(tmp_path: Path) -> None:
    with open_store(tmp_path, replace(QUICK, histograms_as_logs=True), clock=lambda: NOW) as store:
        shot = snapshot(jvm("a"), NOW, {"com.shop.Order": (3, 72), "byte[]": (2, 48)})
        sent = [batch(shot, agent="tail", sequence=1)]
        store.insert(sent)
        store.insert([batch(shot, agent="another", sequence=1)])
        (text,) = texts(store)
        assert parse(text) == shot.histogram
        (source,) = store.parts.names.logs.by_id.values()
        assert (source.category, source.name, source.labels["jvm"]) == (
            "heapwatch/histogram",
            "histogram/all",
            "shop",
        )
        store.parts.engine.command("DELETE FROM snapshot WHERE 1")  # killed before it counted
        store.parts.engine.command("TRUNCATE TABLE ack")
    with open_store(tmp_path, replace(QUICK, histograms_as_logs=True), clock=lambda: NOW) as store:
        store.parts.engine.command("TRUNCATE TABLE ack")
    with open_store(tmp_path, replace(QUICK, histograms_as_logs=True), clock=lambda: NOW) as store:
        assert store.insert(sent) == [True]
        assert texts(store) == [text]
        assert store.snapshot(host="a")["columns"]["class"]
