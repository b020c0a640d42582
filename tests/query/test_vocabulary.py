"""What completion offers from a store is what is in it."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import pytest
from makers import NOW, Clock, batch, jvm, metrics, snapshot

from heapwatch.model import LogBlock
from heapwatch.query.vocabulary import StoredWords
from heapwatch.store import Settings, Store, open_store

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredWords]:
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("words"), settings, clock=Clock()) as store:
        fill(store)
        yield StoredWords(store)


def fill(store: Store) -> None:
    who = jvm("web1", "shop")
    taken = snapshot(who, NOW, {"com.shop.Cart": (1, 24), "byte[]": (1, 16)}, labels={"env": "prod"})
    store.insert([batch(taken, metrics=[metrics(who, [NOW], jvm__heap__used=[1.0])])])
    store.insert_samples(["a.b.requests", "up;rack=r7"], [NOW, NOW], [1.0, 1.0])
    store.insert_logs([LogBlock({"host": "web2", "team": "blue"}, array("q", [NOW]), ["hello"])])


def test_labels_are_those_of_jvms_series_and_logs(words: StoredWords) -> None:
    found = set(words.labels("", 100))
    assert {"host", "jvm", "class", "metric", "mode", "env", "rack", "team", "_rawName"} <= found
    assert not any(name[1:].isdigit() for name in found)


@pytest.mark.parametrize(
    ("label", "begin", "values"),
    [
        ("host", "", ["web1", "web2"]),
        ("host", "WEB2", ["web2"]),
        ("env", "", ["prod"]),
        ("rack", "", ["r7"]),
        ("class", "cart", ["com.shop.Cart"]),
        ("metric", "heap", ["heap.bytes", "heap.instances", "jvm.heap.used"]),
        ("metric", "req", ["requests"]),
        ("mode", "", ["all", "live"]),
        ("nothing", "", []),
    ],
)
def test_values_of_a_label(words: StoredWords, label: str, begin: str, values: list[str]) -> None:
    assert words.values(label, begin, 10) == values


def test_a_bare_word_is_a_host_a_jvm_a_metric_or_a_class(words: StoredWords) -> None:
    assert words.words("sho", 10) == [("shop", "value"), ("com.shop.Cart", "class")]
    assert ("jvm.heap.used", "metric") in words.words("heap", 10)
