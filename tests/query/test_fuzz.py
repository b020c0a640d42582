"""Bad input: whatever becomes of a query, it gets an answer, or an error that points at a place in it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from makers import HOUR, MINUTE, NOW, Clock, batch, jvm, metrics, snapshot

from heapwatch.errors import HeapwatchError
from heapwatch.query import check as checks
from heapwatch.query import format as formatting
from heapwatch.query import script
from heapwatch.query.errors import QueryError
from heapwatch.query.limits import Limits
from heapwatch.query.logs import check as log_checks
from heapwatch.query.logs import format as log_formatting
from heapwatch.query.logs.limits import Limits as LogLimits
from heapwatch.query.logs.parse import parse as parse_logs
from heapwatch.query.logs.run import run_logs
from heapwatch.query.parse import parse
from heapwatch.query.run import run
from heapwatch.store import Settings, Store, open_store

HERE = Path(__file__).parent

STORY = (
    "memleak3.size.** | sum",
    "memleak3.count.** | parse *.count.** as host, class | sum by class | topk(10, max)",
    "memleak3.size.** | parse *.size.** as host, class | sum by class | where max < 1e8 | topk(10, max)",
    "*.size.akka.actor.*Child* | parse *.size.** as host, class | sum by host // one class",
    "#A memleak1.size.**Child* | sum\n#B memleak2.size.**Child* | sum\n#C #A / #B along host as both",
    'metric=heap.bytes jvm=memleak* NOT (package=akka.actor* OR class="a \\" b*") | pct(50, 95)',
    "a | where _value > 2 * avg all last 10m | eval max(_value, 0) - 1 | quantize to 5m using max drop last",
    "a | rate counter over 5m | ewma span=3 | timeshift 1h | fillmissing using last",
    "a | outlier window=5m, threshold=2 | bottomk(1, avg)",
    "heap | predict model=theil-sen forecast=1h until=1e9",
    "metric=heap.bytes | diff between -1h and now",
)
LOGS = (
    'error NOT x host=web* | parse "user=* took *ms" as user, ms nodrop | avg(ms) by user | sort by _avg',
    'error | parse regex "(?<n>\\d+) of (?<m>\\d+)" | where n > 3 and m matches "1*" | timeslice 5m | count',
    'cart | json "a.b", "c[0]" as x, y | if(x = 1, "one", concat(y, "!")) as z | fields - x | limit 5',
    "error | timeslice 1m | count by _timeslice, host | transpose row _timeslice column host | total _count",
    "* | logreduce by host",
)

HOSTILE = (
    "'; DROP TABLE class_sample; --", "{x:String}", "{{", "%s", "$1", "\\", "\x00", "\x1b[31m", "’", "٣",
    "\u202e", "#", "/*", "*/", "//", '"', "''", ")", "((", "\n", "\r\n", "\ufeff",
)  # fmt: skip


def goldens(language: str) -> list[str]:
    """The queries of all scripts, and those of the story."""
    found = list(STORY if language == "metrics" else LOGS)
    for path in sorted(HERE.rglob("*.hwq")):
        found += [each.text for each in script.read(path).queries if each.language == language]
    return list(dict.fromkeys(found))


def metric_error(text: str) -> QueryError | None:
    try:
        found = parse(text)
        checks.check(found, text)
    except QueryError as error:
        return error
    assert parse(formatting.format(found)) == found
    return None


def log_error(text: str) -> QueryError | None:
    try:
        found = parse_logs(text)
        log_checks.check(found, text)
    except QueryError as error:
        return error
    assert parse_logs(log_formatting.format(found)) == found
    return None


READERS: dict[str, Callable[[str], QueryError | None]] = {"metrics": metric_error, "logs": log_error}


def judge(text: str, error: QueryError | None) -> None:
    """The error is one line and its place is in the text."""
    if error is not None:
        assert "\n" not in str(error)
        assert 0 <= error.span.start <= error.span.end <= len(text), (text, error.span)
        assert 1 <= error.line <= text.count("\n") + 1
        assert error.shown() or not text


def broken(text: str, chance: random.Random) -> Iterator[str]:
    """Some ways in which a text can go wrong."""
    at, to = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
    yield text[at:]
    yield text[:at] + text[to:]
    yield text[:at] + chance.choice(HOSTILE) + text[at:]
    yield text[:at] + chance.choice("|()=\"'*#,!<>+-/.\\ ab1\n") + text[at + 1 :]
    yield text[:at] + text[at:to] * 2 + text[to:]
    words = text.split(" ")
    chance.shuffle(words)
    yield " ".join(words)


@pytest.mark.parametrize("language", ["metrics", "logs"])
def test_every_query_of_the_scripts_is_one(language: str) -> None:
    for text in STORY if language == "metrics" else LOGS:
        assert READERS[language](text) is None


@pytest.mark.parametrize("language", ["metrics", "logs"])
def test_every_prefix_is_a_query_or_an_error_with_a_place(language: str) -> None:
    queries = goldens(language)
    for number, text in enumerate(queries):
        for end in range(0, len(text), 1 if number < 10 else 7):
            judge(text[:end], READERS[language](text[:end]))


@pytest.mark.parametrize("language", ["metrics", "logs"])
def test_every_mutation_is_a_query_or_an_error_with_a_place(language: str) -> None:
    chance = random.Random(20261122)
    for text in goldens(language):
        for mutant in broken(text, chance):
            judge(mutant, READERS[language](mutant))


@pytest.mark.parametrize("language", ["metrics", "logs"])
@given(text=st.text(st.characters() | st.sampled_from('|()="*#,!<>+-/.\\ \nab1'), max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_query_or_an_error_with_a_place(language: str, text: str) -> None:
    judge(text, READERS[language](text))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three JVMs with some classes, metrics and messages."""
    made = Settings(readers=2, fsync=False, min_free_disk_bytes=0)
    with open_store(tmp_path_factory.mktemp("fuzz"), made, clock=Clock()) as store:
        for number in (1, 2, 3):
            who = jvm(f"memleak{number}", "memleak", pid=number)
            classes = {"akka.actor.Child": (number, 24 * number), "byte[]": (5, 1000)}
            times = [NOW - HOUR + step * MINUTE for step in range(30)]
            heap = metrics(who, times, jvm__heap__used=[float(step) for step in range(30)])
            store.insert([batch(*(snapshot(who, time, classes) for time in times), metrics=[heap])])
        texts = ["user=ann took 12ms", '{"a": {"b": 1}, "c": [2]}', "ERROR 3 of 5", "cart is full"]
        store.insert_logs([_logs(texts)])
        yield store


def _logs(texts: list[str]) -> object:
    from array import array

    from heapwatch.model import LogBlock

    return LogBlock(
        {"host": "web1"}, array("q", [NOW - MINUTE * place for place in range(len(texts))]), texts
    )


@pytest.mark.store
@pytest.mark.parametrize("language", ["metrics", "logs"])
def test_every_mutation_can_be_asked(language: str, filled: Store) -> None:
    chance = random.Random(4711)
    queries = goldens(language)
    for text in chance.sample(queries, min(60, len(queries))):
        for mutant in broken(text, chance):
            if READERS[language](mutant) is not None:
                continue
            with contextlib.suppress(HeapwatchError):
                if language == "metrics":
                    found = run(filled, mutant, NOW - HOUR, NOW, limits=Limits(series=50, seconds=10))
                else:
                    found = run_logs(filled, mutant, NOW - HOUR, NOW, 10, limits=LogLimits(seconds=10))
                assert found["kind"] in ("metrics", "messages", "aggregate")


@pytest.mark.store
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text", ["2 * avg all x last 10m", " ".join("abcdehjmoprst"), "NOT (a b c d e h j m o p r s)"]
)
def test_many_words_do_not_multiply_the_work(text: str, filled: Store) -> None:
    assert run(filled, text, NOW - HOUR, NOW)["kind"] == "metrics"
