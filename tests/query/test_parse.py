"""A query's text becomes a tree, whose spans point at it; what is no query says where and what instead."""

from __future__ import annotations

import contextlib

import pytest

from heapwatch.query import tree
from heapwatch.query.errors import QueryError
from heapwatch.query.parse import MOST_CHARACTERS, parse
from heapwatch.query.tree import (
    Aggregate,
    And,
    Binary,
    Join,
    Match,
    Name,
    Not,
    Number,
    Or,
    Pattern,
    Pipeline,
    Reducer,
    RowRef,
    TopK,
    Word,
)


def only(text: str) -> Pipeline:
    """The one pipeline of a query."""
    (row,) = parse(text).rows
    assert isinstance(row.body, Pipeline)
    return row.body


def source(text: str) -> tree.Selector:
    found = only(text).source
    assert not isinstance(found, RowRef)
    return found


def word(text: str) -> Word:
    return Word(Pattern(text))


def match(key: str, *values: str, negated: bool = False) -> Match:
    return Match(Name(key), tuple(Pattern(value) for value in values), negated)


def error(text: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse(text)
    return caught.value


def test_a_query_of_the_story_reads_as_it_stands():
    body = only("memleak3.count.** | parse *.count.** as host, class | sum by class | topk(10, max) // top")
    assert body.source == word("memleak3.count.**")
    assert body.operators == (
        tree.Parse(Pattern("*.count.**"), (Name("host"), Name("class"))),
        Aggregate("sum", (), (Name("class"),)),
        TopK(10, Reducer("max")),
    )


@pytest.mark.parametrize(
    "name",
    [
        "java.util.HashMap$Node",
        "byte[]",
        "[B",
        "[Ljava.lang.String;",
        "a/b",
        "http://x:1",
        "x+y",
        "50%",
        "*",
        "**",
    ],
)
def test_names_of_classes_and_paths_need_no_quotes(name):
    assert source(name) == word(name)
    assert source(f"class={name}") == match("class", name)
    assert source(f"a {name}|sum") is not None


@pytest.mark.parametrize(
    "keyword", ["sum", "by", "where", "topk", "parse", "to", "along", "as", "field", "last"]
)
def test_keywords_of_operators_are_words_of_a_selector(keyword):
    assert source(keyword) == word(keyword)
    assert source(f"{keyword}=x") == match(keyword, "x")
    assert source(f"x={keyword}") == match("x", keyword)
    assert source(f'"x" {keyword}') == And((Word(Pattern("x", quoted=True)), word(keyword)))


@pytest.mark.parametrize("keyword", ["and", "OR", "Not"])
def test_and_or_not_are_words_only_where_nothing_else_can_be_meant(keyword):
    assert source(f"{keyword}=x") == match(keyword, "x")
    assert source(f"x={keyword}") == match("x", keyword)
    assert source(f"{keyword}.x y") == And((word(f"{keyword}.x"), word("y")))


def test_not_binds_tighter_than_and_which_binds_tighter_than_or():
    assert source("a b OR NOT c and d=e") == Or(
        (And((word("a"), word("b"))), And((Not(word("c")), match("d", "e"))))
    )
    assert source("(a OR b) c") == And((Or((word("a"), word("b"))), word("c")))
    assert source("! a !b") == And((Not(word("a")), Not(word("b"))))


def test_lists_and_negated_matches():
    assert source('host=(web1, "web 2") jvm!=shop') == And(
        (
            Match(Name("host"), (Pattern("web1"), Pattern("web 2", quoted=True))),
            match("jvm", "shop", negated=True),
        )
    )
    assert source("host != (a,b)") == match("host", "a", "b", negated=True)


def test_keywords_have_no_case():
    assert only("X | SUM BY Host | TopK(3, Max) | Rate COUNTER Over 5M") == only(
        "X | sum by Host | topk(3, max) | rate counter over 5m"
    )


def test_quoted_texts_know_escapes():
    assert source(r'"a \"b\" \\ \* | // no comment"') == Word(
        Pattern(r'a "b" \\ \* | // no comment', quoted=True)
    )
    assert source(r"a\*b") == word(r"a\*b")


def test_comments_are_no_part_of_a_query():
    assert only("a /* b | c */ | // d\n sum /**/ by // e\n host") == only("a | sum by host")
    assert source("http://x/*y") == word("http://x/*y")


def test_a_line_that_begins_with_a_bar_goes_on_where_the_last_one_ended():
    assert only("a\n\n  // why\n  | sum\n  | topk(1,\n     max)\n\n") == only("a | sum | topk(1, max)")


def test_rows_without_a_letter_get_the_next_free_one():
    rows = parse("a\n#A b\n#c: c\nd").rows
    assert [(row.letter, row.body) for row in rows] == [
        ("B", Pipeline(word("a"))),
        ("A", Pipeline(word("b"))),
        ("C", Pipeline(word("c"))),
        ("D", Pipeline(word("d"))),
    ]


def test_rows_can_be_calculated_with_and_be_the_source_of_others():
    rows = parse("#A a\n#B b\n#C #A + 0 * #B along host, jvm as both | sum\n#D #C | avg by x").rows
    total = Binary("+", RowRef("A"), Binary("*", Number(0), RowRef("B")))
    assert rows[2].body == Join(total, (Name("host"), Name("jvm")), "both", (Aggregate("sum"),))
    assert rows[3].body == Pipeline(RowRef("C"), (Aggregate("avg", (), (Name("x"),)),))
    assert parse("#A + 0*#B as both along host,jvm|sum").rows[0].body == rows[2].body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100 * #A / #B", Binary("/", Binary("*", Number(100), RowRef("A")), RowRef("B"))),
        ("(#A - 5)/2", Binary("/", Binary("-", RowRef("A"), Number(5)), Number(2))),
        ("-#A *2", Binary("*", tree.Negative(RowRef("A")), Number(2))),
        ("#A -#B", Binary("-", RowRef("A"), RowRef("B"))),
    ],
)
def test_arithmetic_is_told_from_words(text, expected):
    assert parse(text).rows[0].body == Join(expected)
    assert parse(f"#Z {text}").rows[0].body == Join(expected) or text.startswith("-")
    assert parse(f"#Z: {text}").rows[0].body == Join(expected)


@pytest.mark.parametrize("text", ["*.size.**", "-x", "500", "/var", "**", "* host=a", "+1h"])
def test_words_that_look_like_arithmetic_are_words(text):
    assert parse(f"#A {text} | sum").rows[0].body == only(f"{text} | sum")


def test_spans_point_at_the_text():
    text = 'a\n  /*x*/ | sum by host\n#C b="x" | where avg > 95'
    first, second = parse(text).rows
    assert isinstance(first.body, Pipeline)
    assert isinstance(second.body, Pipeline)
    (total,) = first.body.operators
    assert text[slice(*total.span)] == "sum by host"
    assert isinstance(total, Aggregate)
    assert text[slice(*total.by[0].span)] == "host"
    (kept,) = second.body.operators
    assert isinstance(kept, tree.Where)
    assert text[slice(*kept.condition.span)] == "avg > 95"
    assert text[slice(*second.body.source.span)] == 'b="x"'


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the query is empty"),
        ("// only this", 1, 1, "the query is empty"),
        ("a |", 1, 4, "the query ends too early; expected an operator such as sum, topk or where"),
        ("a\n | smu by x", 2, 4, "unknown operator 'smu'; did you mean sum?"),
        ("a | p95", 1, 5, "unknown operator 'p95'; did you mean pct(95)?"),
        ("a | topk(3, maxx)", 1, 13, "unknown function 'maxx'; did you mean max?"),
        ("a | sum bi host", 1, 9, "unexpected word 'bi'"),
        ("a | where _value > 5 all last", 1, 30, "expected a duration such as 5m"),
        ('host="a', 1, 6, "no closing quote"),
        ("host='a'", 1, 6, "double quotes"),
        ("{host=a}", 1, 1, "no braces"),
        ("host==a", 1, 5, "no such sign"),
        ("#AB c", 1, 1, "a row is # and one letter"),
        ("#A a\n#A b", 2, 1, "there are two rows #A"),
        ("a | topk(2.5, avg)", 1, 10, "2.5 is not a whole number"),
        ("a | eval 1e999", 1, 10, "too large"),
        ("a | where max > 100M", 1, 17, "'100M' is no number; numbers have no unit: write 100000000"),
        ("a | where max > 1.5GiB", 1, 17, "write 1610612736"),
        ("a | timeshift 1h30m", 1, 15, "'1h30m' is no duration; a duration is a whole number and"),
        ("a | timeshift 90", 1, 15, "'90' is no duration"),
        ("host=web1,web2", 1, 10, "lists are written key=(a, b)"),
        ("a | timeshift 0s", 1, 15, "not a duration"),
        ("a | timeshift 99999999999999999999d", 1, 15, "not a duration"),
        ("a | outlier window=3 window=5m", 1, 22, "window is given twice"),
        (r'"a\q"', 1, 3, "unknown escape"),
        ("a /* b", 1, 3, "this comment has no end"),
        ("\n".join("a" * 27), 27, 1, "at most 26 rows"),
    ],
)
def test_what_is_no_query_is_told_with_its_place(text, line, column, message):
    told = error(text)
    assert (told.line, told.column) == (line, column)
    assert message in str(told)
    assert "\n" not in str(told)


def test_what_could_have_stood_there_is_told():
    assert {"sum", "topk", "diff"} <= set(error("a | x").expected)
    assert "a duration such as 5m" in error("a | timeshift").expected


@pytest.mark.parametrize(
    "text",
    ["(" * 9000, "a" + " NOT" * 4000 + " b", "a | eval " + "-" * 9000 + "1", "a | eval " + "1+" * 4000 + "1",
     "a | where " + "(" * 500 + "1<2" + ")" * 500, "!" * 9000, "#A" + "+#A" * 3000],
)  # fmt: skip
def test_depth_and_length_are_errors_and_not_crashes(text):
    with contextlib.suppress(QueryError):
        assert parse(text).rows


def test_too_deep_and_too_long_are_said():
    assert "nested" in str(error("a | eval " + "-" * 200 + "1"))
    assert str(MOST_CHARACTERS) in str(error("a" * (MOST_CHARACTERS + 1)))
