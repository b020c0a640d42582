"""The TOML of old Pythons reads what tomllib reads, or refuses it with a line."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.agent import toml
from heapwatch.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    pytest.skip("compares with tomllib, which is in Python 3.11", allow_module_level=True)

EXAMPLE = """
# the agent of a shop
host = "web1"
interval = 10
share = 5e-3   # of the time
only = [
  "shop",  # by name
  'C:\\pay',
]
[labels]
env = "prod \\u00e9 \\"x\\""
"odd key" = ''
[budget.limits]
max = -1_000
on = true
[[sink]]
kind = "heapwatch"
[sink.more]
a = [[1, 2], []]
[[sink]]
kind = "file"
"""


def test_an_example_reads_as_tomllib_reads_it() -> None:
    assert toml.loads(EXAMPLE) == tomllib.loads(EXAMPLE)


keys = st.sampled_from(["a", "b-c", "D_1", '"q k"', "'l'"])
values = st.sampled_from(
    ["1", "-17", "+3", "0", "1_000", "1.5", "-0.25e3", "1e5", "true", "false", '""', '"a\\tb\\\\"', "'x\\y'",
     "[]", "[1,2 , 3]", "[ 'a',\n # c\n\"b\", ]", "[[true], [1.5]]"]
)  # fmt: skip
lines = st.one_of(
    st.builds("{} = {}".format, keys, values),
    st.builds(" [{}]".format, keys),
    st.builds("[{}.{}] # x".format, keys, keys),
    st.builds("[[{}]]".format, keys),
    st.builds("[[ {} . {} ]]".format, keys, keys),
    st.sampled_from(["", "# comment", "\t"]),
)
odd = st.sampled_from(
    ["a.b = 1", "a = 0x10", "a = 01", "a = 1__0", "a = .5", "a = inf", "a = {b = 1}", "a = 1979-05-27",
     'a = "x', 'a = """x"""', "a", "a =", "= 1", "[a", "[a]]", "[[a]", "[]", "a = 1 b = 2", "a = [1 2]",
     "a = [1,,2]", 'a = "\\x"', 'a = "\\uD800"', "a = \x01", "# \x00", "a = tru",
     "a = 1 # \x7f", "a = b", "\ufeffa = 1"]
)  # fmt: skip


@given(st.lists(lines | odd, max_size=9).map("\n".join) | st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_is_accepted_means_what_tomllib_says_it_means(text: str) -> None:
    try:
        read = toml.loads(text)
    except UsageError:
        return
    assert read == tomllib.loads(text)


@given(st.lists(lines, max_size=9).map("\n".join))
@settings(max_examples=60, deadline=None)
def test_what_tomllib_accepts_of_our_part_is_accepted(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert toml.loads(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = 1\nb.c = 2", "line 2: = is missing .dotted keys"),
        ("\n\na = {}", "line 3: a value is missing"),
        ("a = 1\na = 2", "line 2: 'a' is given twice"),
        ("[a]\n[a]", "line 2: table a is given twice"),
        ("a = 10s", "line 1: '10s' is no value .* .text needs quotes"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        toml.loads(text)
