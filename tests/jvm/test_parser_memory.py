"""A parser that remembers says the same as one that has seen nothing before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.errors import HeapwatchError
from heapwatch.jvm.histogram import Parser, decode, parse
from jvms import recordings

NAMES = [f"shop.Kind{n}" for n in range(12)] + [
    "[B (java.base@17)",
    "[B",
    "dup.Same",
    "dup.Same",
    "two\n  words",
]


def text(rows: list[tuple[str, int, int]]) -> str:
    lines = [f"{at:4d}: {count:13d}  {size:13d}  {name}" for at, (name, count, size) in enumerate(rows, 1)]
    count, size = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return "\n".join(["", " num ...", "-" * 55, *lines, f"Total {count:13d}  {size:13d}", ""])


rows = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from([1, 2, 7, 10**14]), st.sampled_from([16, 24, 4096])),
    max_size=20,
)


@st.composite
def lives(draw: st.DrawFn) -> list[str]:
    """Histograms of one JVM: from one to the next a few rows change, come, go or change places."""
    held = draw(rows)
    told = []
    for _ in range(draw(st.integers(1, 6))):
        told.append(text(held))
        held = list(held)
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(held)))
            what = draw(st.sampled_from(["add", "drop", "change", "swap"]))
            if what == "add":
                held.insert(at, (draw(st.sampled_from(NAMES)), 3, 48))
            elif at < len(held) and what == "drop":
                del held[at]
            elif at < len(held) and what == "change":
                held[at] = (held[at][0], held[at][1] + 1, held[at][2] + 16)
            elif at + 1 < len(held):
                held[at], held[at + 1] = held[at + 1], held[at]
    return told


@given(lives())
@settings(deadline=None, max_examples=60)
def test_one_histogram_after_the_other_reads_as_each_alone(told: list[str]) -> None:
    parser = Parser()
    for one in told:
        assert parser.parse(one) == parse(one)


@given(lives(), st.data())
@settings(deadline=None, max_examples=40)
def test_a_damaged_histogram_between_sound_ones_is_refused_and_forgotten(
    told: list[str], data: st.DataObject
) -> None:
    parser = Parser()
    for one in told:
        damaged = list(one)
        damaged[data.draw(st.integers(0, len(one) - 1))] = data.draw(st.sampled_from("0179 -x\n:"))
        assert outcome(parser.parse, "".join(damaged)) == outcome(parse, "".join(damaged))
        assert parser.parse(one) == parse(one)


def outcome(read, one: str) -> object:  # type: ignore[no-untyped-def]
    try:
        return read(one)
    except HeapwatchError as error:
        return type(error), str(error)


def test_what_was_read_before_is_not_changed_by_what_is_read_after() -> None:
    parser = Parser()
    first = parser.parse(text([("a.A", 1, 16), *[(f"b.B{n}", 1, 16) for n in range(9)]]))
    second = parser.parse(text([("a.A", 2, 32), *[(f"b.B{n}", 1, 16) for n in range(9)]]))
    assert (first.instances[0], second.instances[0]) == (1, 2)
    assert (first.total_bytes, second.total_bytes) == (160, 176)


@pytest.mark.parametrize("name", recordings.named("histogram"))
def test_a_real_jvm_s_text_after_its_restarted_twin_s(recorded, name: str) -> None:  # type: ignore[no-untyped-def]
    parser = Parser()
    for life in (name, name.replace(".restarted", ""), name):
        told = decode(recorded(f"{life}.histogram"))
        assert parser.parse(told) == parse(told)
