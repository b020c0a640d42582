"""Questions beside a writer, questions that fail or are cancelled, and what they may take."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from makers import LAST_HOUR, NOW, batch, jvm, metrics, snapshot

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.store import Store
from heapwatch.store.errors import (
    Cancelled,
    StoreError,
    TooBig,
)

pytestmark = pytest.mark.store


def test_questions_are_answered_while_new_names_come_in(store: Store, host: str) -> None:
    """A question that walks through all names must not stumble over one that the writer adds."""
    questions = [
        store.labels,
        lambda: store.label_values(name="metric"),
        lambda: store.label_values(name="class"),
        lambda: store.class_names(match="of"),
        lambda: store.class_history(classes=["*of*9"], by="none", **LAST_HOUR),
        lambda: store.metric(metrics=["met_9*"], **LAST_HOUR),
        lambda: store.metric_names(),
    ]
    store.insert(
        [batch(snapshot(jvm(host), NOW, {"of.A0": (1, 16)}), metrics=[metrics(jvm(host), [NOW], met_9=[1])])]
    )
    for name in (
        "label values",
        "classes",
    ):  # some thousand names, so that to walk through them takes a while
        classes = {f"{name[0]}of.A{number}": (1, 16) for number in range(5000)}
        store.insert([batch(snapshot(jvm(host), NOW - 1000 * len(name), classes))])
    failed: list[BaseException] = []
    over = threading.Event()

    def ask(question: Callable[[], Any]) -> None:
        while not over.is_set():
            try:
                question()
            except BaseException as error:  # noqa: BLE001
                failed.append(error)
                return

    askers = [threading.Thread(target=ask, args=(question,)) for question in questions]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for asker in askers:
            asker.start()
        for number in range(12):
            fresh = {f"new.of.A{number}x{n}": (1, 16) for n in range(50)}
            values = {f"met_{number}_{n}": [1.0] for n in range(50)}
            who = jvm(f"{host}-{number}")
            store.insert([batch(snapshot(who, NOW, fresh), metrics=[metrics(who, [NOW], **values)])])
    finally:
        over.set()
        for asker in askers:
            asker.join()
        sys.setswitchinterval(interval)
    assert failed == []


def test_what_a_failed_query_had_answered_is_in_no_other_answer(store: Store) -> None:
    engine = store.parts.engine
    fails_late = "SELECT number AS leftover, throwIf(number = 300000) AS e FROM numbers(500000)"
    for limits in ({"max_block_size": 1000}, {"max_block_size": 1000, "max_rows_to_read": 200_000}):
        for _ in range(20):  # every reader has its turn
            with pytest.raises((StoreError, TooBig)):
                engine.query(fails_late, limits=limits)
            assert list(engine.query("SELECT 7 AS seven")["seven"]) == [7]
    with pytest.raises(StoreError):
        engine.ask(f"{fails_late} SETTINGS max_block_size = 1000")
    assert list(engine.ask("SELECT 7 AS seven")["seven"]) == [7]


def test_what_a_cancelled_query_had_answered_is_in_no_other_answer(store: Store) -> None:
    engine = store.parts.engine
    slow = "SELECT number AS leftover, sleepEachRow(0.001) AS e FROM numbers(100000)"
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            engine.query(slow, query_id="slow-one", limits={"max_block_size": 10})
        except HeapwatchError as error:
            outcome.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    while not engine.cancel("slow-one"):
        time.sleep(0.05)
    asker.join()
    assert [type(error) for error in outcome] == [Cancelled]
    for _ in range(8):
        assert list(engine.query("SELECT 7 AS seven")["seven"]) == [7]


# ---- which JVMs


def test_a_query_that_nobody_waits_for_is_stopped(store: Store) -> None:
    engine = store.parts.engine
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            engine.query("SELECT max(cityHash64(number)) FROM numbers(1000000000000)", None, "slow-1")
        except HeapwatchError as error:
            outcome.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    stopped = threading.Event()
    while asking.is_alive() and not stopped.wait(0.01):
        if store.cancel("slow-1"):
            stopped.set()
    asking.join(20)
    assert not asking.is_alive()
    assert isinstance(outcome[0], Cancelled)
    assert store.cancel("slow-1") is False


def test_a_reader_cannot_write_or_lift_its_limits(store: Store) -> None:
    for sql in (
        "CREATE TABLE heapwatch.mine (a UInt8) ENGINE = Memory",
        "INSERT INTO ack SELECT 'a', 1, 1, now()",
        "DROP TABLE class_sample",
    ):
        with pytest.raises(StoreError, match="READONLY"):
            store.parts.engine.query(sql)
    with pytest.raises(StoreError, match="not allowed"):
        store.parts.engine.query("BACKUP DATABASE heapwatch TO File('/tmp/stolen')")


def test_a_question_that_is_too_big_says_so(store: Store) -> None:
    engine = store.parts.engine
    with pytest.raises(TooBig, match="more than one question may take"):
        engine.query("SELECT count() FROM numbers(100000000000) SETTINGS max_execution_time = 0.2")
    with pytest.raises(TooBig):
        engine.query("SELECT uniqExact(number) FROM numbers(100000000) SETTINGS max_memory_usage = 20000000")
    with pytest.raises(UsageError, match="query id"):
        engine.query("SELECT 1", None, "'; DROP TABLE ack; --")
