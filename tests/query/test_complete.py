"""Completion offers what the grammar allows at a place and what the store holds, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import scripts

from heapwatch.query import format as formatting
from heapwatch.query.complete import complete
from heapwatch.query.vocabulary import best


class Words:
    """A small store's vocabulary."""

    known = {
        "host": ["memleak1", "memleak2", "web 1"],
        "jvm": ["shop"],
        "class": ["akka.actor.Child", "byte[]", "java.util.HashMap$Node"],
        "metric": ["heap.bytes", "jvm.heap.used"],
        "env": ["prod", "test"],
    }

    def labels(self, begin: str, limit: int) -> list[str]:
        return best(self.known, begin, limit)

    def values(self, label: str, begin: str, limit: int) -> list[str]:
        return best(self.known.get(label, []), begin, limit)

    def words(self, begin: str, limit: int) -> list[tuple[str, str]]:
        return [
            (word, label)
            for label in ("host", "metric", "class")
            for word in self.values(label, begin, limit)
        ]


def offered(text: str) -> list[str]:
    """What completion offers at the | of the text written as ^."""
    position = text.index("^")
    return [item["text"] for item in complete(text.replace("^", ""), position, Words())["items"]]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a | ^", ["sum", "avg", "min", "max", "count", "stddev", "pct("]),
        ("a | to^", ["topk("]),
        ("a | sum ^", ["by"]),
        ("a | sum by ^", ["env", "jvm", "host"]),
        ("a | sum by host, e^", ["env"]),
        ("a | topk(10, st^", ["stddev"]),
        ("a | eval 2*_v^", ["_value"]),
        ("a | eval 2*ab^", ["abs"]),
        ("a | rate c^", ["counter"]),
        ("a | quantize to ^", ["1m", "5m", "1h", "1d"]),
        ("a | quantize to 15^", ["15s", "15m", "15h", "15d"]),
        ("a | quantize 5m using m^", ["max", "min"]),
        ("a | quantize 5m dr^", ["drop last"]),
        ("a | where _value > 5 all la^", ["last"]),
        ("a | fillmissing using int^", ["interpolation"]),
        ("a | diff between ^", ["now", "-1h", "-1d"]),
        ("a | parse ^", ["*.size.**", "*.count.**"]),
        ("a | predict mo^", ["model"]),
        ("h^", ["host="]),
        ("^", ["env=", "jvm=", "host="]),
        ("a ^", ["env=", "jvm=", "host="]),
        ("a an^", ["and"]),
        ("host=^", ["web 1", "memleak1", "memleak2"]),
        ("host=me^ jvm=x", ["memleak1", "memleak2"]),
        ("host!=(memleak1, m^", ["memleak1", "memleak2"]),
        ("class=*^", ["byte[]"]),
        ("a host=x metric=he^ | sum", ["heap.bytes", "jvm.heap.used"]),
        ("#A a\n#B b\n#A + ^", ["#A", "#B"]),
        ("memleak1.^", ["memleak1.size.", "memleak1.count."]),
        ("memleak1.size.ak^", ["memleak1.size.akka.actor.Child"]),
        ("a | parse *.x.** as server, kind | sum by se^", ["server"]),
    ],
)
def test_what_is_offered_first(text, first):
    found = [word.strip('"') for word in offered(text)]
    assert found[: len(first)] == first


@pytest.mark.parametrize("text", ["// wh^", "a /* su^ */", "a | smu | s^", "a | sum by host ho^", "a ) ^"])
def test_nothing_is_offered_in_comments_and_after_what_is_no_query(text):
    assert offered(text) == []


def test_the_word_under_the_cursor_is_replaced():
    found = complete("host=memle | sum", 8, Words())
    assert (found["from"], found["to"]) == (5, 10)
    found = complete('host="web | sum', 8, Words())
    assert found["items"] == [{"text": '"web 1"', "kind": "value", "detail": ""}]
    assert (found["from"], found["to"]) == (5, 8)


def test_operators_say_what_they_do():
    (item,) = complete("a | time", 8, Words())["items"]
    assert item == {"text": "timeshift", "kind": "operator", "detail": "as it was before"}


@given(scripts, st.floats(0, 1))
def test_any_place_of_any_query_has_an_answer(script, share):
    text = formatting.format(script)
    position = round(share * len(text))
    found = complete(text, position, Words())
    assert found["from"] <= position <= found["to"]


@given(st.text(max_size=60), st.integers(-5, 70))
def test_no_text_is_too_strange(text, position):
    assert isinstance(complete(text, position, Words())["items"], list)
