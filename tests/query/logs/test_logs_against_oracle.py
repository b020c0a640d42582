"""Every operator gives what plain Python makes of the same messages (oracle.py)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import log_oracle as oracle
import log_trees as trees
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from heapwatch.query.logs import tree
from heapwatch.query.logs.format import format as written
from heapwatch.query.logs.parse import parse
from heapwatch.query.logs.run import run_logs
from heapwatch.store import Store
from heapwatch.wire.levels import level_of

pytestmark = pytest.mark.store

START, HOUR = 1_780_000_000_000 // 3_600_000 * 3_600_000, 3_600_000
_hours = itertools.count()
# An example costs a tenth of a second and queries are large: what fails is printed as it is, not shrunk.
SLOW = settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_requests = st.builds(
    "user={} took {}ms code={}".format,
    st.sampled_from(["alice", "Bob", "", "émile", "al*ce", "10"]),
    st.sampled_from(["9", "10", "100", "-5", "0.5", "1e2", "n/a", "", "+7", " 3 "]),
    st.sampled_from(["200", "404", "500", "2e2", "x"]),
)
_json = st.sampled_from(
    [
        '{"a": {"b": 1}, "c": [1, "two"], "s": "text"}',
        '{"a": {"b": "é\\n"}, "c": [true, null], "s": null}',
        '{"a": 5, "c": {"d": [1,2]}, "s": ""}',
        '{"s": {"x": "y"}}',
        '{"s": "cut',
        "[1, 2]",
    ]
)
_others = st.sampled_from(
    [
        "ERROR cannot connect to db-1",
        "terror in x_y",
        "k1=v1 k2=v2\nk3=v3",
        "a*b error",
        "nothing",
        "ERR",
        "é",
    ]
)
_places = st.sampled_from([{"host": "web1", "env": "prod"}, {"host": "web2", "env": "test"}, {"host": "db1"}])
messages = st.lists(st.tuples(st.integers(0, HOUR - 1), _places, _requests | _json | _others), max_size=14)

Said = list[tuple[int, dict[str, str], str]]


@pytest.fixture(autouse=True)
def every_label_is_known(say: Callable[[Said], None]) -> None:
    """A field that no log has is an error, whichever test comes first."""
    say([(START - HOUR, {"host": "web1", "env": "prod"}, "to begin with")])


@SLOW
@given(messages, trees.sensible())
def test_a_query_answers_what_plain_python_does(
    store: Store, say: Callable[[Said], None], said: Said, query: tree.LogQuery
) -> None:
    compare(store, say, said, query)


@settings(SLOW, max_examples=15)
@given(messages, st.sampled_from([1, 2]), st.sampled_from([None, "avg", "min", "max"]), st.booleans())
def test_a_comparison_has_the_earlier_ranges_beside_it(
    store: Store, say: Callable[[Said], None], said: Said, count: int, function: str | None, sliced: bool
) -> None:
    names = (tree.Name("_timeslice"),) if sliced else ()
    operators: list[tree.Operator] = [tree.Timeslice(300_000)] if sliced else []
    operators.append(tree.Aggregate((tree.Measure("count"),), (*names, tree.Name("host"))))
    operators.append(tree.Compare(600_000, count, function))
    compare(store, say, said, tree.LogQuery(tree.Everything(), tuple(operators)), part=1_800_000)


@settings(SLOW, max_examples=15)
@given(messages, st.booleans(), st.integers(1, 3))
def test_a_prediction_is_the_line_through_the_points(
    store: Store, say: Callable[[Said], None], said: Said, by_host: bool, forecast: int
) -> None:
    by = (tree.Name("host"),) if by_host else ()
    counted = tree.Aggregate((tree.Measure("count"),), (tree.Name("_timeslice"), *by))
    predicted = tree.Predict(tree.Name("_count"), forecast, by)
    query = tree.LogQuery(tree.Everything(), (tree.Timeslice(300_000), counted, predicted))
    compare(store, say, said, query, tolerance=1e-6)


@settings(SLOW, max_examples=15)
@given(messages, st.booleans())
@example([], True)
def test_a_pivot_has_a_column_for_each_value(
    store: Store, say: Callable[[Said], None], said: Said, sliced: bool
) -> None:
    row = tree.Name("_timeslice" if sliced else "_level")
    operators: list[tree.Operator] = [tree.Timeslice(600_000)] if sliced else []
    operators.append(tree.Aggregate((tree.Measure("count"),), (row, tree.Name("env"))))
    operators.append(tree.Transpose((row,), (tree.Name("env"),)))
    compare(store, say, said, tree.LogQuery(tree.Everything(), tuple(operators)))


def compare(
    store: Store,
    say: Callable[[Said], None],
    said: Said,
    query: tree.LogQuery,
    part: int = 0,
    tolerance: float = 1e-9,
) -> None:
    """Ask over an hour that nobody else uses; `part` leaves out its beginning."""
    begin = START + next(_hours) * HOUR
    moved = [(begin + time, labels, text) for time, labels, text in said]
    say(moved)
    rows = [
        {"time": time, "labels": labels, "level": level_of(text), "text": text}
        for time, labels, text in moved
    ]
    text = written(query)
    assert parse(text) == query
    wanted = oracle.answer(query, oracle.Messages(rows), begin + part, begin + HOUR)
    found = run_logs(store, text, begin + part, begin + HOUR, limit=1000)
    names = wanted.columns
    assert [name for name in names if name not in found["columns"]] == []
    got = list(zip(*(found["columns"][name] for name in names), strict=True))
    expected = [tuple(row.get(name) for name in names) for row in wanted.rows]
    if not wanted.messages and not wanted.sorted:
        got.sort(key=lambda row: [oracle.natural(cell) for cell in row])
        expected.sort(key=lambda row: [oracle.natural(cell) for cell in row])
    assert len(got) == len(expected), (text, got, expected)
    for mine, theirs in zip(got, expected, strict=True):
        assert all(same(a, b, tolerance) for a, b in zip(mine, theirs, strict=True)), (text, mine, theirs)


def same(found: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(found, float | int) and isinstance(wanted, float | int):
        return math.isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)
    return bool(found == wanted)
