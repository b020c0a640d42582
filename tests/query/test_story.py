"""The story's queries of the design, unchanged: natively sent, as Graphite lines and from imported files the
same data gives the same answers."""

from __future__ import annotations

import gzip
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import Reader, Rules
from heapwatch.cli.naming import Naming, Pattern
from heapwatch.ingest.class_lines import ClassLines
from heapwatch.jvm.histogram import render
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store
from heapwatch.wire.graphite import encode_snapshot, parse_lines
from heapwatch.wire.paths import Template

BEGIN = 1_767_225_600_000
STEP = 10_000
TICKS = 12
NOW = BEGIN + 3_600_000

QUERIES = {
    "total memory of one host": "memleak3.size.** | sum",
    "top consumers by count": (
        "memleak3.count.** | parse *.count.** as host, class | sum by class | topk(10, max)"
    ),
    "giants filtered out": (
        "memleak3.size.**  | parse *.size.**  as host, class | sum by class | where max < 100000000"
        " | topk(10, max)"
    ),
    "a subsystem over the fleet": "*.size.akka.actor.** | parse *.size.** as host, class | sum by host",
    "one class on three hosts": "*.size.akka.actor.*Child* | parse *.size.** as host, class | sum by host",
    "three rows": (
        "#A memleak1.size.**Child* | sum\n#B memleak2.size.**Child* | sum\n#C memleak3.size.**Child* | sum"
    ),
    "by labels": "metric=heap.bytes jvm=memleak* package=akka.actor* | sum by host",
}  # fmt: skip

pytestmark = pytest.mark.store


def snapshots() -> Iterator[Snapshot]:
    for number in (1, 2, 3):
        who = JvmId(f"memleak{number}", "memleak", 0, 0)
        for tick in range(TICKS):
            children = 100 * number * (tick + 1)
            classes = {
                "akka.actor.LocalActorRef": (children, 40 * children),
                "akka.actor.typed.internal.ChildActor": (children, 24 * children),
                "com.memleak.Child$$anonfun$1": (children // 2, 8 * children),
                "scala.collection.immutable.RedBlackTree$BlackTree": (2 * children, 64 * children),
                "byte[]": (50 + tick % 3, 150_000_000 + 1_000 * tick),
                "java.lang.String[]": (7, 168),
                "java.util.concurrent.ConcurrentHashMap$Node": (9_000, 288_000),
            }
            if tick % 4 == 1:
                classes["short.Lived"] = (3, 48)
            yield Snapshot(who, BEGIN + STEP * tick, "all", histogram(classes))


def histogram(classes: dict[str, tuple[int, int]]) -> Histogram:
    return Histogram(
        list(classes),
        array("q", [instances for instances, _ in classes.values()]),
        array("q", [size for _, size in classes.values()]),
        array("q", [1] * len(classes)),
    )


def natively(store: Store, _directory: Path) -> None:
    store.insert([Batch("agent", 1, list(snapshots()))])


def as_graphite_lines(store: Store, _directory: Path) -> None:
    """By the path that has a place for the application, so that it has its name."""
    template = Template("<host>.<jvm>.<count|size>.<class>")
    door = ClassLines(template)
    for each in snapshots():
        assert door.sift(parse_lines(encode_snapshot(each, template), NOW)) == ([], [], [])
    store.insert(list(door.ready(everything=True)))


def as_graphite_lines_of_the_article(store: Store, _directory: Path) -> None:
    door = ClassLines(Template())
    for each in snapshots():
        door.sift(parse_lines(encode_snapshot(each, Template()), NOW))
    store.insert(list(door.ready(everything=True)))


def from_files(store: Store, directory: Path) -> None:
    for each in snapshots():
        path = directory / each.jvm.host / f"memleak-{each.time // 1000}.txt.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(render(each.histogram).encode()))
    pattern = Pattern("{host}/{jvm}-{time}.txt.gz", True)
    reader = Reader(Rules(Naming(None, None, 0, None, None, None, {}), pattern, True, None))
    store.insert(list(reader.batches(Inputs([str(directory)]))))


Put = Callable[[Store, Path], None]


def answers(directory: Path, put: Put) -> dict[str, Any]:
    """Every query's rows, over a store of its own."""
    files = directory / "files"
    files.mkdir()
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(directory / "store", settings, clock=lambda: NOW) as store:
        put(store, files)
        found = {}
        for name, text in QUERIES.items():
            answer = run(store, text, BEGIN, BEGIN + STEP * TICKS, interval=10)
            found[name] = [(row["letter"], row["times"], row["series"]) for row in answer["rows"]]
        return found


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return answers(tmp_path_factory.mktemp("native"), natively)


def test_the_total_of_one_host_is_the_sum_of_its_histograms(native: dict[str, Any]) -> None:
    totals = [each.histogram.total_bytes for each in snapshots() if each.jvm.host == "memleak3"]
    [(_, times, [series])] = native["total memory of one host"]
    assert times == [BEGIN + STEP * tick for tick in range(TICKS)]
    assert series == {"labels": {}, "values": totals}


def test_the_top_consumers_are_ranked_by_their_greatest_count(native: dict[str, Any]) -> None:
    most: dict[str, int] = {}
    for each in snapshots():
        if each.jvm.host == "memleak3":
            for name, count in zip(each.histogram.classes, each.histogram.instances, strict=True):
                most[name] = max(count, most.get(name, 0))
    [(_, _, series)] = native["top consumers by count"]
    ranked = sorted(most, key=lambda name: (-most[name], name))
    assert [each["labels"] for each in series] == [{"class": name} for name in ranked[:10]]


def test_the_giants_are_filtered_out_and_nothing_else(native: dict[str, Any]) -> None:
    [(_, _, series)] = native["giants filtered out"]
    kept = {each["labels"]["class"] for each in series}
    assert kept == {name for each in snapshots() for name in each.histogram.classes} - {"byte[]"}


def test_the_actors_grow_on_every_host(native: dict[str, Any]) -> None:
    [(_, _, series)] = native["a subsystem over the fleet"]
    assert [each["labels"] for each in series] == [{"host": f"memleak{number}"} for number in (1, 2, 3)]
    assert all(each["values"] == sorted(set(each["values"])) for each in series)
    assert native["by labels"] == native["a subsystem over the fleet"]


@pytest.mark.parametrize("put", [as_graphite_lines, from_files])
def test_graphite_lines_and_imported_files_answer_as_native_data_does(
    native: dict[str, Any], tmp_path: Path, put: Put
) -> None:
    assert answers(tmp_path, put) == native


def test_the_articles_own_lines_answer_every_query_by_path_the_same(
    native: dict[str, Any], tmp_path: Path
) -> None:
    found = answers(tmp_path, as_graphite_lines_of_the_article)
    assert found.pop("by labels") == [("A", native["by labels"][0][1], [])]  # no place for jvm in the path
    assert found == {name: rows for name, rows in native.items() if name != "by labels"}
