"""No query reaches more than it may: not other SQL, not more than its share of the engine."""

from __future__ import annotations

import random
import re
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heapwatch.errors import HeapwatchError
from heapwatch.model import LogBlock
from heapwatch.query import hwq
from heapwatch.query.errors import QueryError
from heapwatch.query.logs.format import quoted
from heapwatch.query.logs.limits import Limits, TooMuch
from heapwatch.query.logs.parse import parse
from heapwatch.query.logs.run import run_logs
from heapwatch.store import Store
from heapwatch.store.errors import Cancelled, StoreError

pytestmark = pytest.mark.store

AT = 1_783_000_000_000 // 3_600_000 * 3_600_000
HOUR = 3_600_000

ATTEMPTS = [
    "'; DROP TABLE log; --",
    "' OR '1'='1",
    "') UNION ALL SELECT 1 --",
    '" OR 1=1 --',
    "\\'; SELECT 1; --",
    "\\",
    "{p0:String}",
    "{p0:Array(UInt32)}",
    "%(p0)s %s %d",
    "`; system('id')`",
    "/* */ -- #",
    "\x00\x01\x1f",
    "')) SETTINGS max_execution_time=0 --",
    "é😀‮",
    "${jndi:ldap://x}",
    "a\nb\tc",
    "c1",
    "text) OR (1",
]


@pytest.fixture(scope="module")
def messages(store: Store, say: Callable[[Any], None]) -> list[str]:
    """Each attempt is a message too, so that the queries find it and nothing else."""
    texts = [f"<{attempt}>" for attempt in ATTEMPTS]
    say(
        [
            (AT + place, {"host": f"web{place}", "tag": ATTEMPTS[place]}, text)
            for place, text in enumerate(texts)
        ]
    )
    return texts


def columns(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return list(zip(*(answer["columns"][name] for name in answer["order"]), strict=True))


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_text_in_a_query_is_only_a_text(store: Store, messages: list[str], attempt: str) -> None:
    literal = quoted(attempt)
    name = "%" + literal
    wild = quoted(attempt).replace("*", "\\*")
    stored = f"<{attempt}>"
    whole = quoted(stored).replace("*", "\\*")
    for query, wanted in (
        (f"* | where _text = {quoted(stored)} | fields _text", [stored]),
        (f"* | where _text contains {literal} | where _text = {quoted(stored)} | fields _text", [stored]),
        (
            f"* | where _text matches {whole} | fields _text",
            [stored],
        ),
        (f"* | where tag = {literal} | fields tag", [attempt]),
        (f"tag={wild} | fields tag", [attempt]),
        (f"* | where _text in ({quoted(stored)}, {literal}) | fields _text", [stored]),
        (f'* | parse "<{wild[1:-1]}*" as rest | where rest = ">" | fields _text', [stored]),
    ):
        answer = run_logs(store, query, AT, AT + HOUR)
        assert [row[-1] for row in columns(answer)] == wanted, query
    for query, cell in (
        (f"host=web0 | {literal} as x | fields x", attempt),
        (f"host=web0 | concat({literal}, {literal}) as x | fields x", attempt * 2),
        (f"host=web0 | 7 as {name} | fields {name}", 7),
        (f"host=web0 | count as {name}", 1),
        (f"host=web0 | count as n by host | n as {name} | total {name} as t | fields t", 1),
        (f"host=web0 | if(tag = {literal}, {literal}, {literal}) as x | fields x", attempt),
    ):
        answer = run_logs(store, query, AT, AT + HOUR)
        assert [row[-1] for row in columns(answer)] == [cell], query
    assert run_logs(store, "* | count", AT, AT + HOUR)["columns"]["_count"] == [len(ATTEMPTS)]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_text_as_field_path_or_expression_is_an_error_or_finds_nothing(
    store: Store, messages: list[str], attempt: str
) -> None:
    literal, regex = quoted(attempt), attempt.replace('"', '\\"').replace("\n", "\\n")
    for query in (
        f"* | json {literal} as x nodrop | count",
        f'* | parse regex "(?<x>{regex})" nodrop | count',
        f"* | where _text matches /{attempt.replace('/', chr(92) + '/').replace(chr(10), '')}/ | count",
        f"* | where %{literal} = 1",
        f"* | count by %{literal}",
        f"* | sort by %{literal}",
        f"* | fields - %{literal}",
        f"* | logreduce by %{literal}",
        f"* | count as %{literal} | transpose row %{literal} column %{literal}",
        f"{literal} | count",
        attempt,
    ):
        try:
            answer = run_logs(store, query, AT, AT + HOUR)
        except QueryError:
            continue
        assert answer["kind"] in ("messages", "aggregate")
    assert run_logs(store, "* | count", AT, AT + HOUR)["columns"]["_count"] == [len(ATTEMPTS)]


HOSTILE = [
    "(a+)+$",
    "(a|aa)+$",
    "(.*a){20}",
    "((a?){30})a{30}",
    "(?:a*)*b",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(a|b|ab)*c",
]


@pytest.mark.parametrize("regex", HOSTILE)
def test_an_expression_that_hangs_others_takes_its_time_and_no_more(store: Store, regex: str) -> None:
    store.insert_logs([LogBlock({"host": "victim"}, array("q", [AT - 5]), ["a" * 30_000 + "!"])])
    query = f'host=victim | where _text matches /{regex}/ | parse regex "(?<x>{regex})" nodrop | count'
    answer = run_logs(store, query, AT - HOUR, AT)
    assert len(answer["columns"]["_count"]) == 1


def test_golden_queries_cut_or_changed_give_an_answer_or_an_error_of_ours(
    store: Store, messages: list[str]
) -> None:
    golden = [
        command.text
        for path in sorted(Path(__file__).parent.glob("*.hwq"))
        for _, command in hwq.read(path.read_text(encoding="utf-8"), path.name)
        if isinstance(command, hwq.Query)
    ]
    chance = random.Random(5)
    for _ in range(250):
        text = chance.choice(golden)
        other = chance.choice(golden)
        parts = [*text.split("|")[: chance.randint(1, 3)], *other.split("|")[chance.randint(1, 2) :]]
        mixed = "|".join(parts)
        try:
            run_logs(store, mixed, AT, AT + HOUR, limit=5)
        except (QueryError, TooMuch):
            continue
        except StoreError as error:
            pytest.fail(f"{mixed}: {error}")


# ---- limits


@pytest.fixture(scope="module")
def many(store: Store) -> int:
    times = array("q", range(AT + 2 * HOUR, AT + 2 * HOUR + 3000))
    store.insert_logs([LogBlock({"host": "many"}, times, [f"n={n} of many" for n in range(3000)])])
    return AT + 2 * HOUR


def test_too_many_messages_name_the_limit_and_a_range_that_would_fit(store: Store, many: int) -> None:
    with pytest.raises(TooMuch, match="more than 500 messages to look at") as error:
        run_logs(store, "host=many | count", many, many + HOUR, limits=Limits(messages=500))
    # how long depends on how many rows the engine thinks there are, in larger or smaller parts
    minutes = re.match(r"host=many \| count // over (\d+)m at most", error.value.suggestion)
    assert minutes
    assert 1 <= int(minutes[1]) <= 10
    assert parse(error.value.suggestion) == parse("host=many | count")


def test_too_many_rows_name_the_limit_and_a_query_that_would_fit(store: Store, many: int) -> None:
    query = 'host=many | parse "n=* of" as n | count by n'
    with pytest.raises(TooMuch, match="more than 100 rows") as error:
        run_logs(store, query, many, many + HOUR, limits=Limits(rows=100))
    answer = run_logs(store, error.value.suggestion, many, many + HOUR, limits=Limits(rows=100))
    assert answer["total"] == 100


def test_too_many_columns_are_refused(store: Store, many: int) -> None:
    query = 'host=many | parse "n=* of" as n | count by n, host | transpose row host column n'
    with pytest.raises(TooMuch, match="3000 columns, more than 300"):
        run_logs(store, query, many, many + HOUR)


def test_too_little_memory_or_time_is_told_by_name(store: Store, many: int) -> None:
    with pytest.raises(TooMuch, match="MiB of memory"):
        run_logs(store, "* | values(_text)", AT, many + HOUR, limits=Limits(memory_bytes=200_000))


def test_a_page_has_at_most_what_was_asked_for_and_says_how_many_there_are(store: Store, many: int) -> None:
    answer = run_logs(store, "host=many", many, many + HOUR, limit=7)
    assert (answer["total"], len(answer["columns"]["_text"])) == (3000, 7)
    assert answer["columns"]["_text"][0] == "n=2999 of many"
    assert sum(answer["counts"]["values"]) == 3000
    assert answer["counts"]["times"][0] <= many
    assert run_logs(store, "host=many", many, many + HOUR, limit=0)["columns"]["_text"] == []
    with pytest.raises(HeapwatchError, match="from 0 to 10000"):
        run_logs(store, "host=many", many, many + HOUR, limit=10_001)


def test_ranges_are_half_open(store: Store, many: int) -> None:
    for begin, end, count in ((many, many + 3000, 3000), (many, many + 2999, 2999), (many + 1, many + 2, 1)):
        assert run_logs(store, "host=many | count", begin, end)["columns"]["_count"] == [count]
    with pytest.raises(HeapwatchError, match="ends"):
        run_logs(store, "*", many, many)


def test_a_query_has_a_name_to_cancel_it_by(store: Store, many: int) -> None:
    answer = run_logs(store, "host=many | count", many, many + HOUR, query_id="mine")
    assert answer["columns"]["_count"] == [3000]
    assert store.cancel("mine") is False
    assert issubclass(Cancelled, HeapwatchError)


def test_every_answer_is_json_with_the_promised_parts(store: Store, many: int) -> None:
    import json

    for query in ("host=many", "host=many | count", "host=many | logreduce", "nosuchword"):
        answer = run_logs(store, query, many, many + HOUR, limit=2)
        assert {
            "kind",
            "from",
            "to",
            "total",
            "columns",
            "order",
            "counts",
            "read",
            "took_ms",
            "warnings",
        } <= set(answer)
        assert set(answer["order"]) <= set(answer["columns"])
        assert len({len(column) for column in answer["columns"].values()}) == 1
        json.dumps(answer, allow_nan=False)
    assert parse("host=many").operators == ()
