"""Names as bytes against plain lists: the same texts, and the same ids as a dictionary gives."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from makers import MINUTE, NOW

from heapwatch.store import texts
from heapwatch.store.store import Store
from heapwatch.store.texts import Texts, Trail

words = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=4), max_size=12)


def column(some: list[str], before: str = "x", behind: str = "y") -> Texts:
    """As a reader gives them: a part of what lies there."""
    parts = [each.encode() for each in some]
    starts = len(before.encode()) + np.cumsum([0, *map(len, parts)])
    data = b"".join([before.encode(), *parts, behind.encode()])
    return Texts(np.frombuffer(data, np.uint8), starts.astype(np.int32))


@given(words)
def test_they_are_what_they_were(some: list[str]) -> None:
    found = column(some)
    assert list(found) == some == [found[n] for n in range(len(some))] == found[:]
    assert len(found) == len(some)


letters = st.text("abc.", min_size=1, max_size=5)


@given(
    st.lists(letters, max_size=12), st.lists(st.text("abc.", min_size=2, max_size=6), min_size=1, max_size=3)
)
def test_a_word_is_found_where_it_is_and_nowhere_else(some: list[str], sought: list[str]) -> None:
    together = "".join(some)
    expected = any(word in together for word in sought)
    assert column(some, "ab.", "cab").mention(*(word.encode() for word in sought)) == expected


@given(st.lists(words, max_size=4))
def test_joined_they_are_behind_each_other(parts: list[list[str]]) -> None:
    assert list(Texts.joined(list(map(column, parts)))) == list(chain.from_iterable(parts))


rounds = st.lists(st.sampled_from([f"part{n}.é" * (1 + n % 3) for n in range(9)]), max_size=30)


@given(st.lists(rounds, max_size=6))
def test_a_trail_gives_the_ids_of_a_dictionary_or_none(inserts: list[list[str]]) -> None:
    known: dict[str, int] = {}
    trail = Trail(np.uint32)
    for some in inserts:
        found = trail.ids(column(some), known)
        for each in some:
            known.setdefault(each, len(known) + 1)
        ids = np.array([known[each] for each in some], np.uint32)
        if found is None:
            trail.learn(column(some), ids, len(known))
        else:
            assert found.tolist() == ids.tolist()
        assert trail.ids(column(some), known) is not None or len(some) > texts.AWRY


NAMES = [f"servers.web{n % 50}.part{n}" for n in range(3000)]
KNOWN = {name: n + 1 for n, name in enumerate(NAMES)}


@pytest.fixture
def trail() -> Trail:
    trail = Trail(np.uint32)
    trail.learn(column(NAMES), np.arange(1, 3001, dtype=np.uint32), 3000)
    return trail


@pytest.mark.parametrize(
    "sent",
    [
        NAMES,
        NAMES * 3,
        NAMES[1700:] + NAMES[:1700],
        NAMES[2990:] + NAMES[:900],
        NAMES[:1000] + NAMES[1001:],
        NAMES[5:2000] + NAMES[300:301] + NAMES[2000:],
    ],
    ids=["a round", "rounds", "turned", "cut", "one missing", "one between"],
)
def test_names_in_their_order_are_recognised(trail: Trail, sent: list[str]) -> None:
    found = trail.ids(column(sent), KNOWN)
    assert found is not None
    assert found.tolist() == [KNOWN[name] for name in sent]


@pytest.mark.parametrize(
    "sent",
    [["new", *NAMES], [*NAMES, "new"], [*NAMES[:1500], "new", *NAMES[1500:]], NAMES[::-1]],
    ids=["at first", "at last", "between", "another order"],
)
def test_a_new_name_or_another_order_is_looked_up(trail: Trail, sent: list[str]) -> None:
    assert trail.ids(column(sent), KNOWN) is None


def test_names_that_change_their_order_all_the_time_do_not_fill_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(texts, "SOME", 0)
    trail = Trail(np.uint32)
    held = set()
    for turn in range(9):
        some = NAMES[turn:] + NAMES[:turn]
        trail.learn(column(some), np.array([KNOWN[name] for name in some], np.uint32), 3000)
        held.add(len(trail))
    assert max(held) == 6000
    monkeypatch.setattr(texts, "MOST_BYTES", 1000)
    trail.learn(column(NAMES), np.arange(1, 3001, dtype=np.uint32), 3000)
    assert len(trail) == 0


def test_points_by_columns_of_names_are_stored_as_those_by_lists(store: Store) -> None:
    names = [*NAMES[:100], "", *NAMES[100:200]]
    moments = [NOW - 3 * MINUTE + n * MINUTE for n in range(3)]
    for sent in (column(names), names, Texts.joined([column(names), column(names)])):
        times, values = [moments.pop(0)] * len(sent), [float(n) for n in range(len(sent))]
        assert store.insert_samples(sent, times, values, "graphite-tcp 10.0.0.5") == {
            "too-many-series": len(sent) // len(names)
        }
    assert store.makers()[0]["series"] == 200
    found = store.insert_samples(column(names[:3]), [NOW, 10**15, NOW], [1.0, 2.0, float("nan")], "one")
    assert found == {"not-finite": 1, "time-in-future": 1}
    again = Texts.joined([column(NAMES[:2])])
    assert store.insert_samples(again, [NOW, NOW], [1.0, 2.0], "one", once=True) == {}
