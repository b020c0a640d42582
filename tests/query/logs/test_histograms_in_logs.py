"""A raw histogram that was kept as a log message gives the numbers of the class samples again."""

from __future__ import annotations

from array import array

import pytest

from heapwatch.jvm import histogram
from heapwatch.model import ALL, Batch, Histogram, JvmId, LogBlock, Snapshot
from heapwatch.query.logs.run import run_logs
from heapwatch.store import Store

pytestmark = pytest.mark.store

AT = 1_784_000_000_000
LINES = r'parse regex "(?m)^ *[0-9]+: +(?<instances>[0-9]+) +(?<bytes>[0-9]+)  (?<class>\S+)" multi'


def test_a_histogram_in_the_log_is_parsed_into_the_numbers_of_its_samples(store: Store) -> None:
    names = [
        "[B",
        "java.lang.String",
        "akka.actor.LocalActorRef",
        "com.shop.Order$Item",
        "java.util.HashMap$Node",
    ]
    classes = [*names, *(f"com.shop.generated.Type{n}" for n in range(1500))]
    found = Histogram(
        classes,
        array("q", [1000 * (n + 1) for n in range(len(classes))]),
        array("q", [24_000 * (n + 1) + n for n in range(len(classes))]),
        array("q", [1] * len(classes)),
    )
    who = JvmId("web1", "shop", 7, AT - 1000)
    store.insert([Batch("agent", 1, [Snapshot(who, AT, ALL, found)])])
    labels = {"host": "web1", "jvm": "shop", "_sourceCategory": "heapwatch/histogram"}
    text = histogram.render(found)
    store.insert_logs([LogBlock(labels, array("q", [AT]), [text])])

    search = f"_sourceCategory=heapwatch/histogram jvm=shop Type7 | {LINES}"
    answer = run_logs(
        store, f"{search} | sum(bytes) as bytes, sum(instances) as instances by class", AT, AT + 1
    )
    columns = answer["columns"]
    parsed = {
        name: (instances, size)
        for name, instances, size in zip(
            columns["class"], columns["instances"], columns["bytes"], strict=True
        )
    }
    again = histogram.parse(text)
    assert parsed == {
        name: (instances, size)
        for name, instances, size in zip(_raw(text), again.instances, again.bytes, strict=True)
    }

    sampled = store.totals(from_=AT - 1000, to=AT + 1000, host=["web1"], jvm=["shop"])["series"][0]
    total = run_logs(store, f"{search} | sum(bytes) as bytes, sum(instances) as instances, count", AT, AT + 1)
    assert total["columns"]["bytes"] == [value for value in sampled["bytes"] if value is not None]
    assert total["columns"]["instances"] == [value for value in sampled["instances"] if value is not None]
    assert total["columns"]["_count"] == [len(classes)]

    tops = store.classes(at=AT, host=["web1"], jvm=["shop"], limit=3)
    top = run_logs(store, f"{search} | top 3 class by sum(bytes)", AT, AT + 1)
    assert top["columns"]["_sum"] == list(tops["columns"]["bytes"])


def _raw(text: str) -> list[str]:
    """The class names as the histogram's text has them."""
    return [line.split()[3] for line in text.splitlines() if line.strip()[:1].isdigit()]
