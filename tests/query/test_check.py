"""What reads well and makes no sense is an error that points at its place."""

from __future__ import annotations

import pytest

from heapwatch.query.check import check
from heapwatch.query.errors import QueryError
from heapwatch.query.parse import parse


def checked(text: str) -> None:
    check(parse(text), text)


@pytest.mark.parametrize(
    "text",
    [
        "memleak3.size.** | sum",
        "memleak3.count.** | parse *.count.** as host, class | sum by class | topk(10, max)",
        "memleak3.size.**  | parse *.size.**  as host, class | sum by class | where max < 100000000",
        "#A memleak1.size.**Child* | sum\n#B memleak2.size.**Child* | sum\n#C #A / #B along host as x",
        "metric=heap.bytes jvm=memleak* package=akka.actor* | sum by host",
        "a | where _value > 2 * avg and not _value = 5 atleast 3 any 10m | where avg > 1 or max > 2",
        "a | topk(10, avg + 3*stddev) by host | bottomk(1, pct(95) - abs(slope))",
        "a | quantize to 5m using max | quantize 1h | quantize drop last | pct(50, 95) by host",
        'a | parse field=class **.* as package, name nodrop | parse "a\\**" as x',
        "a | ewma alpha=1 | ewma span=3 | outlier window=3 threshold=2.5 direction=-",
        "a | predict model=theil-sen until=1e9 | predict",
        "metric=heap.bytes mode=live | diff between -1h and now",
        "a | diff between 2026-01-01T00:00:00Z and 2026-01-01T01:00:00Z",
        "#B a\n#A #B | sum\n#C 2 * #A as twice",
        "a | eval max(_value, 0) - min | fillmissing 0 | timeshift 1d | rate counter over 5m",
        "mode=l*",
    ],
)
def test_what_makes_sense_is_let_through(text):
    checked(text)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a | parse *.count.** as host", 25, "the pattern has 2 wildcards and there is 1 name"),
        ("a | parse *.x as a, b", 18, "the pattern has 1 wildcard and there are 2 names"),
        ("a | parse abc as a", 11, "no wildcard"),
        (r"a | parse a\* as a", 11, "no wildcard"),
        ("a | parse *.* as a, a", 21, "a is named twice"),
        ("a | parse * as _value", 16, "_value cannot be a label"),
        ("a | sum by host, host", 18, "host is named twice"),
        ("a | pct(101)", 5, "ranks from 0 to 100"),
        ("a | pct(-1)", 5, "ranks from 0 to 100"),
        ("a | pct(5, 5)", 5, "a rank twice"),
        ("a | topk(0, max)", 5, "topk keeps 1 to"),
        ("a | bottomk(0, max)", 5, "bottomk keeps 1 to"),
        ("a | topk(1, _value)", 13, "topk ranks whole series"),
        ("a | topk(1, 5)", 13, "the same for every series"),
        ("a | topk(1, pct(200))", 13, "ranks from 0 to 100"),
        ("a | where 1 < 2", 11, "compares no series"),
        ("a | where _value > 1 and avg > 2", 26, "either points (_value) or series"),
        ("a | where avg > 2 all last 5m", 19, "are about points"),
        ("a | where _value > 2 atleast 0 any 5m", 22, "atleast 0"),
        ("a | where max(_value) > 2", 11, "max compares two or more"),
        ("a | eval sin(1, 2)", 10, "sin takes one argument"),
        ("a | quantize", 5, "neither interval nor rollup"),
        ("a | ewma alpha=0", 5, "alpha is above 0"),
        ("a | ewma alpha=1.5", 5, "alpha is above 0"),
        ("a | ewma span=0", 5, "at least 1 point"),
        ("a | outlier window=1", 5, "at least 2 points"),
        ("a | outlier threshold=-1", 5, "threshold is above 0"),
        ("a | outlier direction=++", 5, "unknown direction"),
        ("a | predict model=lineer", 5, "unknown model 'lineer'; did you mean linear?"),
        ("a | diff between yesterday and now", 18, "'yesterday' is not a moment"),
        ("a | diff between now and now", 5, "two different times"),
        ("a | diff between -1h and now | sum", 32, "nothing can follow diff"),
        ("ho*st=x", 1, "'ho*st' is no label's name"),
        ("5=x", 1, "'5' is no label's name"),
        ("host=~web.*", 6, "no regular expressions"),
        ("host=(~web.*)", 7, "no regular expressions"),
        ("mode=alive", 6, "unknown mode 'alive'; did you mean live?"),
        ("#A + foo", 4, "'+' is no word to search for"),
        ('""', 1, "an empty keyword"),
        ("a along host", 3, "along is for rows"),
        ("#B | sum", 1, "there is no row #B; there is #A"),
        ("#A + #A", 1, "rows cannot depend on themselves: #A -> #A"),
        ("#C 2 + 3*#C", 10, "rows cannot depend on themselves: #C -> #C"),
    ],
)
def test_what_makes_none_is_told_with_its_place(text, column, message):
    with pytest.raises(QueryError) as caught:
        checked(text)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (1, column)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a | sum\nby host", 2, 1, "a new row cannot begin with by; a line that goes on"),
        ("#A #B\n#B #C\n#C #A", 3, 4, "rows cannot depend on themselves: #A -> #B -> #C -> #A"),
        ("a | diff between -1h and now\n#A | sum", 2, 1, "row #A is a table"),
        ("a\n2 * #A along host", 2, 14, "along needs two rows"),
        ("a\n#A * 2 | diff between -1h and now", 2, 10, "diff needs class data"),
        ("a\n#A | diff between -1h and now", 2, 6, "diff needs class data"),
    ],
)
def test_rows_are_checked_with_each_other(text, line, column, message):
    with pytest.raises(QueryError) as caught:
        checked(text)
    assert message in str(caught.value)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_many_rows_that_need_each_other_are_no_work():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    sums = [" + ".join(f"#{each}" for each in letters[:place]) for place in range(1, 26)]
    rows = [f"#{letter} {total}" for letter, total in zip(letters[1:], sums, strict=True)]
    checked("\n".join(["#A a", *rows]))
