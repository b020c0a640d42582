"""Patterns: against plain search by trying everything, split at any dot, and never slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle_operators import captured
from oracle_selection import path_fits, wild

from heapwatch.query.patterns import PathPattern, captures, folded, value_matcher

SIGNS = st.sampled_from("aab.B*")
PATTERNS = st.lists(st.one_of(SIGNS, st.just("**")), max_size=8).map("".join)
PATHS = st.text("abB.", max_size=10)


@given(pattern=PATTERNS, path=PATHS)
def test_a_path_pattern_fits_what_trying_everything_finds(pattern: str, path: str) -> None:
    expected = path_fits(pattern.lower(), path.lower())
    assert PathPattern(pattern).matcher()(folded(path)) == expected


@given(pattern=PATTERNS, host=st.text("abB", min_size=1, max_size=4), rest=PATHS)
def test_a_path_matched_in_two_parts_fits_as_a_whole(pattern: str, host: str, rest: str) -> None:
    states = PathPattern(pattern).after(f"{host}.b.")
    expected = path_fits(pattern.lower(), f"{host}.b.{rest}".lower())
    assert bool(states and PathPattern(pattern).matcher(states)(folded(rest))) == expected


@given(pattern=PATTERNS, value=PATHS)
def test_a_value_pattern_takes_both_wildcards_for_any_run(pattern: str, value: str) -> None:
    assert value_matcher(pattern)(value) == wild(pattern.lower(), value.lower())


@given(pattern=PATTERNS, value=PATHS)
def test_captures_are_the_shortest_or_longest_runs_that_let_the_whole_fit(pattern: str, value: str) -> None:
    assert captures(pattern, value) == captured(pattern, value)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("memleak1.size.**", "memleak1.size.java.lang.String", True),
        ("memleak1.size.**", "memleak1.size", False),
        ("*.size.akka.actor.**", "m1.size.akka.actor.Child", True),
        ("*.size.akka.actor.*Child*", "m1.size.akka.actor.OtherChildren", True),
        ("*.size.akka.actor.*Child*", "m1.size.akka.actor.dungeon.Child", False),
        ("a.**.b", "a.b", True),
        ("a.**.b", "a.x.y.b", True),
        ("a.**.b", "axb", False),
        ("**.b", "b", True),
        ("**.b", "ab", False),
        (r"a.\*", "a.*", True),
        (r"a.\*", "a.b", False),
        ("A.B", "a.b", True),
        ("straße.*", "STRAßE.x", True),
        ("İ.*", "İ.x", True),
    ],
)
def test_what_path_patterns_mean(pattern: str, path: str, fits: bool) -> None:
    assert PathPattern(pattern).matcher()(folded(path)) is fits


def test_a_pattern_of_many_wildcards_is_decided_at_once() -> None:
    """Tried one after another, the ways to fit these would outlast the test run by far."""
    name = "a" * 2000
    assert not PathPattern("*a" * 400 + "b").matcher()(name)
    assert not PathPattern("**a" * 400 + "b").matcher()(name)
    assert not PathPattern("**a*b**" * 200 + "c").matcher()(name + ".b" * 200)
    assert not value_matcher("*a" * 900 + "b")(name)
    assert captures("*a" * 400 + "b", name) is None
    assert captures("**a" * 400, name) is not None
