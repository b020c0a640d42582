"""Log messages: in once, found by their source, gone when they are old."""

from __future__ import annotations

from array import array

import pytest
from makers import DAY, NOW, batch, jvm, messages, metrics, snapshot

from heapwatch.errors import Refused
from heapwatch.model import LogBlock
from heapwatch.store import Store
from heapwatch.store.log_sources import LogSource

pytestmark = pytest.mark.store


def texts(store: Store, host: str) -> list[str]:
    """What is stored of a host, in the order of arrival within a moment."""
    found = store.parts.engine.query(
        "SELECT text FROM log WHERE source IN {sources:Array(UInt64)} ORDER BY time, seq",
        {"sources": [source.id for source in store.parts.names.logs.by_id.values() if source.host == host]},
    )
    return list(found["text"])


def sources(store: Store, host: str) -> list[LogSource]:
    return [source for source in store.parts.names.logs.by_id.values() if source.host == host]


def test_messages_come_back_in_the_order_of_their_coming(store: Store, host: str) -> None:
    same = LogBlock({"host": host}, array("q", [NOW] * 3), ["first", "second", "third"])
    assert store.insert_logs([same])
    assert store.insert_logs([LogBlock({"host": host}, array("q", [NOW, NOW - 1]), ["fourth", "before"])])
    assert texts(store, host) == ["before", "first", "second", "third", "fourth"]


def test_a_source_is_its_labels_and_has_both_names_of_its_host(store: Store, host: str) -> None:
    store.insert_logs(
        [
            messages(NOW, "a", host=host, category="app", _sourceName="/var/log/app.log", env="prod"),
            messages(NOW, "b", _sourceHost=host, category="app", _sourceName="/var/log/app.log", env="prod"),
            messages(NOW, "c", host=host, category="app", empty=""),
        ]
    )
    one, other = sources(store, host)
    assert (one.category, one.name) == ("app", "/var/log/app.log")
    assert one.labels == {
        "host": host,
        "_sourceHost": host,
        "_sourceCategory": "app",
        "_sourceName": "/var/log/app.log",
        "env": "prod",
    }
    assert other.labels == {"host": host, "_sourceHost": host, "_sourceCategory": "app"}
    assert texts(store, host) == ["a", "b", "c"]


def test_levels_are_what_came_with_the_message_or_what_its_text_says(store: Store, host: str) -> None:
    told = ["warn", "", ""]
    said = ["2026-11-22 10:00:00 ERROR no", "2026-11-22 10:00:00 ERROR yes", "nothing"]
    store.insert_logs([LogBlock({"host": host}, array("q", [NOW, NOW + 1, NOW + 2]), said, told)])
    found = store.parts.engine.query(
        "SELECT level FROM log WHERE source = {id:UInt64} ORDER BY time",
        {"id": sources(store, host)[0].id},
    )
    assert found["level"] == ["warn", "error", ""]
    assert store.parts.engine.query("SELECT level FROM log WHERE 0")["level"].tolist() == []


def test_a_message_of_a_watched_jvm_belongs_to_its_incarnation(store: Store, host: str) -> None:
    who = jvm(host)
    labels = {"host": host, "jvm": who.jvm, "pid": str(who.pid), "started": str(who.started)}
    store.insert(
        [
            batch(
                snapshot(who, NOW, {"com.shop.Order": (1, 24)}),
                metrics=[metrics(who, [NOW], jvm__heap__used=[1])],
                logs=[messages(NOW, "mine", **labels), messages(NOW, "nobody's", host=host, jvm="shop")],
            )
        ]
    )
    found = store.parts.engine.query(
        "SELECT text, incarnation FROM log WHERE source IN {ids:Array(UInt64)} ORDER BY text",
        {"ids": [source.id for source in sources(store, host)]},
    )
    mine = store.parts.names.jvms.by_who[who].id
    assert dict(zip(found["text"], found["incarnation"].tolist(), strict=True)) == {
        "mine": mine,
        "nobody's": 0,
    }
    assert [each["pid"] for each in store.jvms(host=host)["jvms"]] == [who.pid]


def test_a_replay_is_stored_once_and_equal_messages_of_two_batches_twice(store: Store, host: str) -> None:
    one = batch(logs=[messages(NOW, "again", host=host)], agent=host, sequence=1)
    two = batch(logs=[messages(NOW, "again", host=host)], agent=host, sequence=2)
    assert store.insert([one, two, one]) == [True, True, False]
    assert store.insert([two]) == [False]
    assert texts(store, host) == ["again", "again"]


def test_an_upload_is_known_by_its_number(store: Store, host: str) -> None:
    block = messages(NOW, "upload", host=host)
    assert [store.insert_logs([block], key=number) for number in (7, 7, 8, 7)] == [
        True,
        False,
        True,
        False,
    ]
    assert texts(store, host) == ["upload"] * 2


def test_status_counts_messages_and_sources(store: Store, host: str) -> None:
    before = store.status()
    store.insert_logs([messages(NOW, "one", "two", host=host)])
    after = store.status()
    assert after["rows"]["log"] == before["rows"].get("log", 0) + 2
    assert after["log_sources"] == before["log_sources"] + 1


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (LogBlock({"host": "a"}, array("q", [NOW + 3 * DAY]), ["x"]), "ahead of the server's clock"),
        (LogBlock({"host": "a"}, array("q", [5]), ["x"]), "before the year 2000"),
        (LogBlock({"host": "a"}, array("q", [NOW]), []), "not equally many"),
        (LogBlock({"host": "a"}, array("q", [NOW]), ["x"], ["warn", "info"]), "not equally many"),
        (LogBlock({"host": "a" * 5000}, array("q", [NOW]), ["x"]), "endless"),
        (LogBlock({"host": "a", "pid": "x"}, array("q", [NOW]), ["x"]), "pid is not a number"),
    ],
)
def test_messages_that_cannot_be_right_are_refused_with_the_reason(
    store: Store, block: LogBlock, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        store.insert_logs([block])


def test_a_word_is_found_without_reading_the_blocks_that_lack_it(store: Store, host: str) -> None:
    store.insert_logs([messages(NOW, *[f"line {each} of {host}" for each in range(30_000)], host=host)])
    store.insert_logs([messages(NOW + 20_000_000, "the Needle", host=host)])
    plan = store.parts.engine.query(
        "SELECT explain FROM (EXPLAIN indexes = 1 SELECT text FROM log WHERE hasToken(lower(text), 'needle'))"
    )["explain"]
    words = next(place for place, line in enumerate(plan) if "Name: words" in line)
    kept, all_ = next(line for line in plan[words:] if "Granules:" in line).split()[-1].split("/")
    assert int(kept) < int(all_)
