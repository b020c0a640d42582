"""Text of a query is never part of a statement: whatever stands in it, it gives an answer or our error."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError
from heapwatch.model import Batch, Histogram, JvmId, Snapshot
from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

BEGIN = 1_767_225_600_000
END = BEGIN + 60_000

ATTACKS = (
    "' OR 1=1 --",
    "'; DROP TABLE class_sample; --",
    "') UNION ALL SELECT name FROM system.tables --",
    "\\' OR 1=1 --",
    "{incarnations:Array(UInt64)}",
    "{x:Identifier}",
    "@value",
    "@products",
    "`class_sample`",
    '" OR 1=1 --',
    "/* */ FORMAT Null",
    "file('/etc/passwd', 'LineAsString')",
    "%27%20OR%201=1",
    "\x00",
    "\n| sum",
    "$$ SELECT 1 $$",
    "\\",
    "';SETTINGS readonly=0;",
)

PLACES = (
    "{0}",
    "host={0}",
    "metric=heap.bytes class={0}",
    "metric=heap.bytes jvm!={0}",
    "metric=heap.bytes package=({0}, java.*)",
    "metric=heap.bytes pid={0}",
    "metric=heap.bytes mode={0}",
    "_rawName={0}",
    "_3={0}",
    "evil={0}",
    "*.size.** | parse {0} as a",
    "*.size.** | parse field=host {0} as a nodrop | sum by a",
    "metric=heap.bytes | parse *{0}* as a, b nodrop | sum by a",
    "metric=heap.bytes | diff between {0} and now",
)

pytestmark = pytest.mark.store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Names in the store are attacks too: they come from outside as well."""
    kept = Settings(readers=1, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("store"), kept, clock=lambda: END) as opened:
        classes = ["java.lang.String", "x'); DROP TABLE class_sample; --", "{class:String}", "a@valueb"]
        column = array("q", [1, 2, 3, 4])
        who = JvmId("web'1", "{jvms0:Array(UInt64)}", 1, 0)
        labels = {"team": "' OR 1=1 --", "evil": "@products"}
        histogram = Histogram(classes, column, column, column)
        opened.insert([Batch("test", 1, [Snapshot(who, BEGIN, "all", histogram, labels=labels)])])
        opened.insert_samples(["servers.'.load"], [BEGIN], [7.0])
        yield opened


def intact(store: Store) -> None:
    answer = run(store, "metric=heap.bytes | sum", BEGIN, END, interval=60)
    assert answer["rows"][0]["series"] == [{"labels": {}, "values": [10.0]}]


@pytest.mark.parametrize("place", PLACES)
def test_an_attack_in_any_string_selects_nothing_or_is_our_error(store: Store, place: str) -> None:
    for attack in ATTACKS:
        quoted = '"' + attack.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        for text in (place.format(quoted), place.format(attack)):
            try:
                answer = run(store, text, BEGIN, END, interval=60)
            except QueryError:
                continue
            for row in answer["rows"]:
                for series in row["series"]:  # what is there, or a label parsed out of it
                    assert series["labels"].get("host", "web'1") == "web'1"
    intact(store)


def test_names_in_the_store_are_values_too(store: Store) -> None:
    grouped = run(store, "metric=heap.bytes | sum by class, team, jvm", BEGIN, END, interval=60)
    labels = [each["labels"] for each in grouped["rows"][0]["series"]]
    assert {each["class"] for each in labels} >= {"x'); DROP TABLE class_sample; --", "{class:String}"}
    assert {each["team"] for each in labels} == {"' OR 1=1 --"}
    found = run(store, 'metric=heap.bytes class="x\'); DROP TABLE *" | max by jvm', BEGIN, END, interval=60)
    assert found["rows"][0]["series"] == [{"labels": {"jvm": "{jvms0:Array(UInt64)}"}, "values": [2.0]}]


def test_what_is_no_name_in_a_tree_built_by_hand_is_no_part_of_a_statement_either(store: Store) -> None:
    evil = "host) FROM system.tables --"
    source = tree.Match(tree.Name("metric"), (tree.Pattern("heap.bytes"),))
    body = tree.Pipeline(source, (tree.Aggregate("sum", (), (tree.Name(evil),)),))
    answer = run(store, tree.Script((tree.Row("A", body),)), BEGIN, END, interval=60)
    assert answer["rows"][0]["series"] == [{"labels": {}, "values": [10.0]}]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.sampled_from("abc*.'\"\\{}()=|#@;-,/ \n\t\x00é☃:0123456789"), max_size=30),
    place=st.sampled_from(PLACES),
)
def test_any_text_is_an_answer_or_an_error_with_a_place(store: Store, text: str, place: str) -> None:
    query = place.format(text)
    where = 0
    try:
        run(store, query, BEGIN, END, interval=60)
    except QueryError as error:
        where = error.span.start
    assert 0 <= where <= len(query) + 1


@pytest.mark.parametrize("mode", ["' OR 1=1", "LIVE", ""])
def test_a_mode_that_there_is_none_of_is_refused(store: Store, mode: str) -> None:
    with pytest.raises(HeapwatchError, match="mode is all or live"):
        run(store, "metric=heap.bytes", BEGIN, END, mode=mode)


@pytest.mark.parametrize("query_id", ["a' OR 1=1", "x" * 65, "a b"])
def test_a_query_id_that_is_none_is_refused(store: Store, query_id: str) -> None:
    with pytest.raises(HeapwatchError, match="query id"):
        run(store, "metric=heap.bytes", BEGIN, END, query_id=query_id)
