"""The same kind of message has the same signature, whenever and in whatever order its messages come."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from heapwatch.query.logs import logreduce
from heapwatch.query.logs.operators import logreduce as operator
from heapwatch.query.logs.run import run_logs
from heapwatch.store import Store

BEGIN = 1_781_000_000_000 // 86_400_000 * 86_400_000
DAY = 86_400_000

NAMES = [f"{a}{b}" for a in ("an", "be", "ce", "do", "el") for b in ("na", "ty", "sa", "ra")]


def day(number: int, chance: random.Random, count: int = 600) -> list[str]:
    """What an application says on one day: five kinds of messages, with other values each day."""
    kinds: list[Callable[[], str]] = [
        lambda: f"user {chance.choice(NAMES)} logged in from 10.{number}.0.{chance.randrange(256)}",
        lambda: (
            f"2026-0{number + 1}-01T10:00:{chance.randrange(60):02} GC({chance.randrange(999)}) Pause Young"
        ),
        lambda: f"cannot connect to db-{chance.randrange(9)}: timed out after {chance.randrange(9999)} ms",
        lambda: f"cannot connect to db-{chance.randrange(9)}: refused after {chance.randrange(9999)} ms",
        lambda: (
            f'{{"msg": "order paid", "id": "{chance.getrandbits(64):016x}", '
            f'"cents": {chance.randrange(99999)}}}'
        ),
    ]
    return [chance.choice(kinds)() for _ in range(count)]


EXPECTED = {
    "user * logged in from *",
    "* GC(*) Pause Young",
    "cannot connect to db-*: timed out after * ms",
    "cannot connect to db-*: refused after * ms",
    '{"msg": "order paid", "id": *, "cents": *}',
}


def reduced(messages: list[str]) -> dict[str, int]:
    masked = [logreduce.masked(text) for text in messages]
    kinds = logreduce.signatures(masked)
    counts: dict[str, int] = {}
    for template in masked:
        counts[kinds[template]] = counts.get(kinds[template], 0) + 1
    return counts


def test_the_same_kinds_have_the_same_signatures_day_after_day() -> None:
    for number in range(5):
        assert set(reduced(day(number, random.Random(number)))) == EXPECTED


@given(st.randoms(use_true_random=False))
def test_the_order_of_messages_does_not_matter(chance: random.Random) -> None:
    messages = day(1, random.Random(7), 200)
    shuffled = list(messages)
    chance.shuffle(shuffled)
    assert reduced(shuffled) == reduced(messages)


def test_how_often_a_message_came_does_not_matter() -> None:
    messages = day(1, random.Random(7), 300)
    assert set(reduced(messages * 3 + messages[:50])) == set(reduced(messages))


def test_words_that_tell_kinds_apart_are_kept_and_those_that_vary_are_not() -> None:
    said = [
        f"job {name} finished with {state}" for name in NAMES for state in ("success", "failure", "warnings")
    ]
    assert reduced(said) == dict.fromkeys(
        ["job * finished with success", "job * finished with failure", "job * finished with warnings"],
        len(NAMES),
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("took 12 ms", "took * ms"),
        ("took 12ms", "took *ms"),
        ("-5 and +7.25e-3 and 1,204,000", "* and * and *"),
        ("at 0xDEADBEEF id 8f14e45f-ceea-467f-a8b1-0f2b8e1f0c5a", "at * id *"),
        ("2026-11-22T10:00:00.123Z up", "* up"),
        ("2026-11-22 10:00:00,123 +0100 up", "* up"),
        ("Nov 22 10:00:00 web1 sshd[42]: x", "* web* sshd[*]: x"),
        ("Sun, 22 Nov 2026", "Sun, * Nov *"),
        ("from 10.0.0.7:8080 to fe80::1:2:3", "from * to *"),
        ("mac aa:bb:cc:dd:ee:ff", "mac *"),
        ("said \"hello there\" and 'good bye'", "said * and *"),
        ("don't and can't stay", "don't and can't stay"),
        ("open /var/lib/x.bin and C:\\temp\\a.txt", "open * and *"),
        ("GET https://shop.example/cart?id=7 done", "GET * done"),
        ("mail to bob@example.com", "mail to *"),
        ("java.lang.Object@1b6d3586 is", "java.lang.Object* is"),
        ("a=1,b=2", "a=*,b=*"),
        ("[1, 2, 3]", "[*]"),
        ("worker-3 of pool-12-thread-7", "worker-* of pool-*-thread-*"),
        ("  spaces \t and\nlines  ", "spaces and lines"),
        ("E: bad\n\tat a.B.c(D.java:1)\n\t... 3 more\nCaused by: worse", "E: bad Caused by: worse"),
        ('{"level": "warn", "user": "bob", "n": -1.5}', '{"level": "warn", "user": *, "n": *}'),
        ('msg="pool is full" user="bob"', 'msg="pool is full" user=*'),
        ("Größe über 5", "Größe über *"),
        ("", ""),
    ],
)
def test_what_varies_in_a_message_becomes_a_star(text: str, masked: str) -> None:
    assert logreduce.masked(text) == masked


_scraps = st.sampled_from(
    [" ", "  ", "a", "word", "12", "-3.5", "0x1f", "/a/b", '"', "'", "{", "}", ":", "=", ",", "*", "\n",
     "\tat x", "é", "10:20", "2026-01-01", "msg", '"msg": ', "@1f2e", "\\", "a@b.cd", "..."]
)  # fmt: skip


@pytest.mark.store
@settings(
    max_examples=10,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(_scraps, max_size=14).map("".join), min_size=30, max_size=40))
def test_the_engine_masks_as_python_does(store: Store, texts: list[str]) -> None:
    from heapwatch.query.logs.plan import Binder

    binder = Binder()
    array = binder.bind(texts, "Array(String)")
    sql = f"SELECT {logreduce.in_sql('body', binder.bind)} AS v FROM (SELECT arrayJoin({array}) AS body)"
    found = store.parts.query(*binder.question(sql))
    assert list(found["v"]) == [logreduce.masked(text) for text in texts]


@given(st.lists(st.lists(_scraps, max_size=8).map("".join), max_size=12))
def test_every_template_has_a_signature_that_is_stable(templates: list[str]) -> None:
    found = logreduce.signatures(templates)
    assert set(found) == set(templates)
    assert logreduce.signatures(reversed(templates)) == found


def columns(answer: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(answer["columns"][name] for name in names), strict=True))


@pytest.fixture(scope="module")
def days(store: Store, say: Callable[[Any], None]) -> list[list[str]]:
    """Three days of messages in the store."""
    found = [day(number, random.Random(number), 400) for number in range(3)]
    for number, messages in enumerate(found):
        begin = BEGIN + number * DAY
        say(
            [(begin + place * 1000, {"host": f"web{place % 2}"}, text) for place, text in enumerate(messages)]
        )
    return found


@pytest.mark.store
def test_logreduce_counts_every_message_once(store: Store, days: list[list[str]]) -> None:
    for number, messages in enumerate(days):
        begin = BEGIN + number * DAY
        answer = run_logs(store, "* | logreduce", begin, begin + DAY)
        assert dict(columns(answer, "_signature", "_count")) == reduced(messages)
        assert answer["warnings"] == []


@pytest.mark.store
def test_a_signature_has_a_query_that_finds_its_messages(store: Store, days: list[list[str]]) -> None:
    answer = run_logs(store, "* | logreduce by host", BEGIN, BEGIN + DAY)
    for query, count, sample in columns(answer, "_query", "_count", "_sample"):
        found = run_logs(store, query, BEGIN, BEGIN + DAY)
        assert found["total"] == count
        assert sample in found["columns"]["_text"]


@pytest.mark.store
def test_signatures_over_time_add_up(store: Store, days: list[list[str]]) -> None:
    answer = run_logs(store, "* | timeslice 1d | logreduce", BEGIN, BEGIN + 3 * DAY)
    found = columns(answer, "_timeslice", "_signature", "_count")
    for number, messages in enumerate(days):
        here = {signature: count for time, signature, count in found if time == BEGIN + number * DAY}
        assert here == reduced(messages)


@pytest.mark.store
def test_a_sample_of_very_many_messages_says_so(
    store: Store, days: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator, "SAMPLED_FROM", 100)
    answer = run_logs(store, "* | logreduce", BEGIN, BEGIN + DAY)
    assert [warning["message"] for warning in answer["warnings"]] == [
        "400 messages are more than 100: one in 4 was looked at, counts are estimates"
    ]
    assert 200 < sum(answer["columns"]["_count"]) < 600


@pytest.mark.store
def test_templates_beyond_the_limit_are_counted(
    store: Store, days: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator, "MOST_TEMPLATES", 3)
    answer = run_logs(store, "* | logreduce", BEGIN, BEGIN + DAY)
    (warning,) = answer["warnings"]
    left_out = 400 - sum(answer["columns"]["_count"])
    assert warning["message"].startswith("there are more than 3 templates")
    assert f"{left_out} messages" in warning["message"]
