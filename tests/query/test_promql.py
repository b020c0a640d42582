"""Class samples and metrics of JVMs in Prometheus' language. That its functions do what Prometheus' do is
tested beside the real one (tests/web/test_prometheus_api.py)."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.model import Batch, Event, Histogram, JvmId, Snapshot
from heapwatch.query.errors import QueryError
from heapwatch.query.limits import LimitExceeded, Limits
from heapwatch.query.promql import catalog
from heapwatch.query.promql.parse import parse
from heapwatch.query.promql.run import LOOKBACK_MS, Steps, instant, over_time
from heapwatch.query.promql.vector import ExecutionError
from heapwatch.store import Settings, Store, open_store

BEGIN = 1_767_225_600_000
MINUTE = 60_000
NOW = BEGIN + 60 * MINUTE

SHOP = JvmId("h1", "shop", 10, BEGIN)
AGAIN = JvmId("h1", "shop", 11, BEGIN + 8 * MINUTE)
OF_SHOP = {"host": "h1", "jvm": "shop", "pid": "10", "started": str(BEGIN)}
TWINS = JvmId("h2", "twin", 20, BEGIN), JvmId("h2", "twin", 21, BEGIN)
CLASSES = {"byte[]": (10, 1000), "a.b.Leak": (5, 500), "a.Other": (1, 16)}


def histogram(classes: Mapping[str, tuple[int, int]]) -> Histogram:
    return Histogram(
        list(classes),
        array("q", [instances for instances, _ in classes.values()]),
        array("q", [size for _, size in classes.values()]),
        array("q", [1] * len(classes)),
    )


def snapshots() -> Iterator[Snapshot]:
    for minute in range(8):
        classes = dict(CLASSES)
        classes["a.b.Leak"] = (5 + minute, 500 + 100 * minute)
        if minute >= 4:
            del classes["a.Other"]
        yield Snapshot(SHOP, BEGIN + minute * MINUTE, "all", histogram(classes), labels={"env": "prod"})
        live = histogram({"byte[]": (1, 100)})
        yield Snapshot(SHOP, BEGIN + minute * MINUTE + 1000, "live", live, labels={"env": "prod"})
    for minute in range(9, 14):
        yield Snapshot(AGAIN, BEGIN + minute * MINUTE, "all", histogram(CLASSES), labels={"env": "prod"})
    for minute in range(5):
        for twin in TWINS:
            yield Snapshot(twin, BEGIN + minute * MINUTE, "all", histogram({"byte[]": (2, 20)}))


pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    settings = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    folder = tmp_path_factory.mktemp("promql")
    with open_store(folder / "store", settings, clock=lambda: NOW) as opened:
        opened.insert([Batch("agent", 1, list(snapshots()))])
        opened.insert([Batch("agent", 2, events=[Event(BEGIN + 7 * MINUTE + 30_000, "exit", OF_SHOP)])])
        names = [
            "jvm.heap.used;host=h1;jvm=shop;pid=10;started=1767225600000;pool=eden-1",
            "servers.web1.cpu-0.load",
            "a.b;x=1",
            "a_b;x=1",
            "odd name;1st.label=v",
        ]
        for minute in range(8):
            at = [BEGIN + minute * MINUTE] * len(names)
            opened.insert_samples(names, at, [float(minute)] * len(names), "test")
        yield opened


def ask(store: Store, query: str, minute: float, **limits: Any) -> dict[str, float]:
    """Values by their labels, written as a selector."""
    at = BEGIN + round(minute * MINUTE)
    data = instant(store, query, at, LOOKBACK_MS, Limits(**limits))
    if data["resultType"] == "scalar":
        return {"": float(data["result"][1])}
    return {written(row["metric"]): float(row["value"][1]) for row in data["result"]}


def written(labels: Mapping[str, str]) -> str:
    rest = ",".join(f"{name}={value}" for name, value in sorted(labels.items()) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{rest}}}"


def test_a_class_has_the_labels_of_its_jvm_and_its_own(store: Store) -> None:
    found = ask(store, 'heap_bytes{class="a.b.Leak"}', 3.5)
    labels = "{class=a.b.Leak,env=prod,host=h1,jvm=shop,mode=all,package=a.b}"
    assert found == {f"heap_bytes{labels}": 800.0}
    assert ask(store, 'heap_instances{class="a.b.Leak"}', 3.5) == {f"heap_instances{labels}": 8.0}


@pytest.mark.parametrize("selector", ['{"heap.bytes", jvm="shop"}', '{__name__="heap.bytes",jvm="shop"}'])
def test_a_name_is_reached_as_it_is_and_then_shown_as_it_is(store: Store, selector: str) -> None:
    assert len(ask(store, selector, 2)) == 3
    assert all(name.startswith("heap.bytes{") for name in ask(store, selector, 2))
    assert ask(store, f"sum({selector})", 2) == ask(store, 'sum(heap_bytes{jvm="shop"})', 2)


def test_histograms_of_live_objects_are_counted_only_when_asked_for(store: Store) -> None:
    assert ask(store, 'sum(heap_bytes{jvm="shop"})', 2.5) == {"{}": 1716.0}
    assert ask(store, 'sum(heap_bytes{jvm="shop",mode="live"})', 2.5) == {"{}": 100.0}
    assert ask(store, 'sum by (mode) (heap_bytes{jvm="shop",mode=~".+"})', 2.5) == {
        "{mode=all}": 1716.0,
        "{mode=live}": 100.0,
    }


def test_a_class_that_a_histogram_lacks_has_ended_there(store: Store) -> None:
    assert len(ask(store, 'heap_bytes{class="a.Other",jvm="shop"}', 3.9)) == 1
    assert ask(store, 'heap_bytes{class="a.Other",jvm="shop"}', 4) == {}
    assert ask(store, 'count(heap_bytes{jvm="shop"})', 4) == {"{}": 2.0}


def test_what_belongs_to_a_jvm_ends_with_it(store: Store) -> None:
    assert ask(store, 'sum(heap_bytes{jvm="shop"})', 7.4) == {"{}": 2200.0}
    assert ask(store, 'sum(heap_bytes{jvm="shop"})', 8) == {}
    assert ask(store, "jvm_heap_used", 8) == {}
    assert ask(store, "servers_web1_cpu_0_load", 8) == {"servers_web1_cpu_0_load{}": 7.0}


def test_a_restarted_jvm_goes_on_under_its_name(store: Store) -> None:
    found = over_time(
        store,
        'heap_bytes{class="a.b.Leak"}',
        Steps(BEGIN, BEGIN + 13 * MINUTE, MINUTE),
        LOOKBACK_MS,
        Limits(),
    )
    [row] = found["result"]
    values = {round((at * 1000 - BEGIN) / MINUTE): float(value) for at, value in row["values"]}
    assert values == {**{m: 500.0 + 100 * m for m in range(8)}, **dict.fromkeys(range(9, 14), 500.0)}


def test_jvms_of_one_name_side_by_side_are_told_apart_by_their_pid(store: Store) -> None:
    found = ask(store, 'heap_bytes{jvm="twin"}', 2)
    assert sorted(found) == [
        f"heap_bytes{{class=byte[],host=h2,jvm=twin,mode=all,pid={pid}}}" for pid in (20, 21)
    ]
    assert ask(store, 'sum by (jvm) (heap_bytes{jvm="twin"})', 2) == {"{jvm=twin}": 40.0}
    assert len(ask(store, 'heap_bytes{jvm="twin",pid="21"}', 2)) == 1
    assert len(ask(store, 'heap_bytes{jvm="shop",pid="10"}', 2)) == 3  # asked for though not shown


@pytest.mark.parametrize("by", ["", "by (jvm)", "by (package)", "by (host, package)", "without (class)"])
@pytest.mark.parametrize("function", ["sum", "count", "min", "max"])
@pytest.mark.parametrize(
    "selector", ["heap_bytes", 'heap_bytes{class=~"a.*"}', 'heap_instances{package="a.b"}']
)
def test_classes_added_up_by_the_engine_come_to_what_they_come_to_one_by_one(
    store: Store, selector: str, function: str, by: str
) -> None:
    steps = Steps(BEGIN - MINUTE, BEGIN + 20 * MINUTE, 30_000)
    by_engine = over_time(store, f"{function} {by} ({selector})", steps, LOOKBACK_MS, Limits())
    one_by_one = over_time(store, f"{function} {by} ({selector} > -1)", steps, LOOKBACK_MS, Limits())
    rows = {written(row["metric"]): row["values"] for row in one_by_one["result"]}
    kept = {written({**row["metric"]}): row["values"] for row in by_engine["result"]}
    assert kept == rows
    assert rows


def test_ranges_of_classes_have_their_histograms_samples(store: Store) -> None:
    assert ask(store, 'count_over_time(heap_bytes{class="a.Other",jvm="shop"}[10m])', 7) == {
        "{class=a.Other,env=prod,host=h1,jvm=shop,mode=all,package=a}": 4.0
    }
    growth = ask(store, 'deriv(heap_bytes{class="a.b.Leak"}[7m]) * 60', 7)
    assert list(growth.values()) == pytest.approx([100.0])


def test_metrics_of_a_jvm_have_its_labels_and_names_that_are_not_prometheus_are_made_so(store: Store) -> None:
    assert ask(store, "jvm_heap_used", 3) == {"jvm_heap_used{env=prod,host=h1,jvm=shop,pool=eden-1}": 3.0}
    assert ask(store, 'odd_name{_1st_label="v"}', 3) == {"odd_name{_1st_label=v}": 3.0}
    assert ask(store, '{"servers.web1.cpu-0.load"}', 3) == {"servers.web1.cpu-0.load{}": 3.0}


def test_two_metrics_that_would_have_one_name_are_not_mixed(store: Store) -> None:
    with pytest.raises(ExecutionError, match=r'select one by its own name: \{"a'):
        ask(store, "a_b", 3)
    assert ask(store, '{"a.b"}', 3) == {"a.b{x=1}": 3.0}


def test_labels_and_series_are_listed(store: Store) -> None:
    range_ = catalog.Range(BEGIN, BEGIN + 60 * MINUTE)
    names = catalog.label_values(store, "__name__", [], range_, Limits())
    assert {"heap_bytes", "heap_instances", "jvm_heap_used", "a_b"} <= set(names)
    given = {"host", "jvm", "env", "class", "package", "mode", "pool"}
    assert given <= set(catalog.label_names(store, [], range_, Limits()))
    classes = catalog.label_values(store, "class", ['heap_bytes{jvm="twin"}'], range_, Limits())
    assert classes == ["byte[]"]
    assert catalog.label_values(store, "class", [], range_, Limits()) == sorted(CLASSES)
    found = catalog.series(store, ['heap_bytes{jvm="shop",class=~"a.*"}'], range_, Limits())
    assert [labels["class"] for labels in found] == ["a.Other", "a.b.Leak"]
    later = catalog.Range(BEGIN + 30 * MINUTE, BEGIN + 60 * MINUTE)
    assert catalog.series(store, ["heap_bytes", "jvm_heap_used"], later, Limits()) == []


def test_a_query_over_a_limit_is_refused_with_its_name(store: Store) -> None:
    with pytest.raises(LimitExceeded, match="more than 2"):
        ask(store, "heap_bytes", 3, series=2)
    with pytest.raises(LimitExceeded, match="reads up to"):
        ask(store, "heap_bytes", 3, points=2)
    everything = Limits(cells=3, points=200_000)
    with pytest.raises(LimitExceeded, match="more than 3 "):
        over_time(
            store, "rate(heap_bytes[1h])", Steps(BEGIN, BEGIN + MINUTE, MINUTE), LOOKBACK_MS, everything
        )
    with pytest.raises(LimitExceeded, match="more than 3 values"):
        ask(store, "heap_bytes", 3, cells=3)


@pytest.mark.parametrize(
    ("query", "place", "message"),
    [
        ("holt_winters(up[5m], 0.5, 0.5)", 1, "holt_winters of PromQL is not supported here"),
        ("sum(rte(up[5m]))", 5, "did you mean rate"),
        ("rate(up)", 6, "expected type range vector"),
        ("up{job='a', }}", 14, "unexpected"),
        ("sum by (x) up", 12, "unexpected 'up'"),
    ],
)
def test_what_is_not_supported_is_named_with_its_place(query: str, place: int, message: str) -> None:
    with pytest.raises(QueryError, match=message) as caught:
        parse(query)
    assert caught.value.column == place


WORDS = (
    "sum rate up heap_bytes ( ) { } [ ] 5m 1h , by on ignoring group_left offset @ start() - + * / ^ == "
    "bool and or unless \"x\" 'y' = != =~ !~ 1 0x1f NaN job # without (a) 1e3 .5 topk(2, label_replace( \\"
)
PIECES = st.sampled_from(WORDS.split())


@given(st.lists(PIECES, max_size=20).map(" ".join) | st.text(max_size=80))
def test_any_text_is_a_tree_or_an_error_with_its_place(text: str) -> None:
    found: tuple[int, int] = 0, 0
    try:
        parse(text)
    except QueryError as error:
        found = error.span
    assert 0 <= found[0] <= len(text)


@given(query=st.lists(PIECES, max_size=12).map(" ".join))
def test_any_query_has_an_answer_or_one_of_our_errors(store: Store, query: str) -> None:
    try:
        instant(store, query, BEGIN + 3 * MINUTE, LOOKBACK_MS, Limits())
        over_time(store, query, Steps(BEGIN, BEGIN + 5 * MINUTE, MINUTE), LOOKBACK_MS, Limits())
    except (HeapwatchError, UsageError):
        pass
