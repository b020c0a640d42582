"""What belongs together stays together: stack traces, java.util.logging's pairs, whatever a pattern says."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from heapwatch.wire.messages import Joiner, split

TRACE = """2026-11-22 10:00:00,123 ERROR [main] c.s.Shop - cannot sell
java.lang.IllegalStateException: sold out
\tat com.shop.Shop.sell(Shop.java:42)
\tat com.shop.Main.main(Main.java:7)
\tSuppressed: java.io.IOException: close
Caused by: java.io.IOException: no shelf
\tat com.shop.Shelf.take(Shelf.java:1)
\t... 3 more"""


def test_a_stack_trace_is_one_message_with_the_line_it_belongs_to() -> None:
    after = "2026-11-22 10:00:01,000 INFO  [main] c.s.Shop - next"
    assert split(f"{TRACE}\n{after}\n{TRACE}\n") == [TRACE, after, TRACE]


def test_traces_without_tabs_stay_together_too() -> None:
    text = "Exception in thread main java.lang.Error: no\nat com.shop.A.b(A.java:1)\nCaused by: x\n... 2 more"
    assert split(text) == [text]


def test_a_trace_on_its_own_is_not_glued_to_what_has_no_time() -> None:
    assert split("started\njava.lang.Error: no\n\tat A.b(A.java:1)") == [
        "started",
        "java.lang.Error: no\n\tat A.b(A.java:1)",
    ]


def test_pythons_traceback_keeps_its_last_line() -> None:
    text = 'Traceback (most recent call last):\n  File "a.py", line 1\n    f()\nValueError: no'
    assert split(text + "\nnext") == [text, "next"]


def test_the_two_lines_of_java_util_logging_are_one_message() -> None:
    first = "Nov 22, 2026 10:00:00 AM com.shop.Main main\nINFO: started"
    second = (
        "Nov 22, 2026 10:00:01 AM com.shop.Main main\nSEVERE: no\njava.io.IOException: x\n\tat A.b(A.java)"
    )
    assert split(f"{first}\n{second}") == [first, second]


def test_plain_lines_are_a_message_each_and_empty_ones_none() -> None:
    assert split("a\n\n\r\nb\r\nc") == ["a", "b", "c"]


def test_an_empty_line_within_an_indented_text_does_not_part_it() -> None:
    assert split("dump:\n  one\n\n  two\nnext") == ["dump:\n  one\n\n  two", "next"]


def test_a_pattern_says_what_begins_a_message() -> None:
    text = "# 1\nfree\n  text\n# 2\nmore"
    assert split(text, re.compile("^#")) == ["# 1\nfree\n  text", "# 2\nmore"]


def test_a_message_that_never_ends_is_cut() -> None:
    joiner = Joiner(None, most_characters=100, most_lines=5)
    done = [joiner.feed(f" {number}") for number in range(12)]
    assert [len(each.split("\n")) for each in done if each] == [5, 5]
    assert joiner.feed(" " + "x" * 200) is not None


def test_what_has_begun_is_pending_until_it_is_flushed() -> None:
    joiner = Joiner()
    assert not joiner.pending
    assert joiner.feed("a") is None
    assert joiner.pending
    assert joiner.flush() == "a"
    assert joiner.flush() is None


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=30), max_size=30))
def test_no_line_is_lost_and_none_is_moved(lines: list[str]) -> None:
    kept = [line.rstrip() for line in "\n".join(split("\n".join(lines))).split("\n")]
    assert [line for line in kept if line] == [line.rstrip() for line in lines if line.rstrip()]
