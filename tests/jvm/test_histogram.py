"""Histograms are read whole or refused; what real JVMs of 8 to 25 print is read right."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heapwatch.errors import Truncated, Unreadable
from heapwatch.jvm import names
from heapwatch.jvm.histogram import Parser, decode, parse, render, split
from heapwatch.model import Histogram
from jvms import recordings

SMALL = """
 num     #instances         #bytes  class name (module)
-------------------------------------------------------
   1:        238313        9532520  com.shop.Cart$Item
   2:        126377        7260816  [B (java.base@21.0.8)
   3:             3             72  dup.Same
   4:             2             48  dup.Same
Total        364695       16793456
"""


def row(histogram, name):
    at = histogram.classes.index(name)
    return histogram.instances[at], histogram.bytes[at], histogram.rows[at]


def test_the_columns_are_what_the_jvm_counted():
    histogram = parse(SMALL)
    assert histogram.classes == ["com.shop.Cart$Item", "byte[]", "dup.Same"]
    assert list(histogram.instances) == [238313, 126377, 5]
    assert list(histogram.bytes) == [9532520, 7260816, 120]
    assert histogram.modules == {"byte[]": "java.base"}


def test_a_class_of_two_loaders_is_summed_and_its_rows_counted():
    assert row(parse(SMALL), "dup.Same") == (5, 120, 2)


@pytest.mark.parametrize("name", recordings.named("histogram"))
def test_what_a_real_jvm_prints_is_read(recorded, name):
    text = decode(recorded(f"{name}.histogram"))
    histogram = parse(text)
    assert len(histogram) > 350
    assert histogram.total_bytes == int(text.rstrip().rsplit(None, 1)[1])
    assert row(histogram, "dup.Same") == (3, 48, 3)
    for odd in (
        "odd.Spaced name",
        "odd. leading",
        "odd.Tab\\there",
        "odd.Minus-Class",
        "odd.Line\\nbreak",
        "odd.Fake\\n   2:        999999       99999999  evil_Row",
        "odd.Fake2\\nTotal             1              1",
        "odd.Umlautä你好",
        "odd.Emoji🚀",
        "odd.Escape\\x1bc",
        "odd.NulHere\\x00",
        "odd.Right\\u202eLeft",
        "odd.Carriage\\rReturn",
    ):
        assert row(histogram, odd) == (1, 16, 1)
    longest = max(histogram.classes, key=len)
    assert longest.startswith("odd.LongLongLong")
    assert 1900 < len(longest) < 2000
    assert row(histogram, "Lab$$Lambda")[0] >= 3
    assert row(histogram, "proxy.$Proxy#")[0] == 3
    assert not [name for name in histogram.classes if "/0x" in name or name[:4] == "evil"]


@pytest.mark.parametrize("name", [name for name in recordings.named("histogram") if "restarted" not in name])
def test_classes_have_the_same_names_after_a_restart(recorded, name):
    lives = [parse(decode(recorded(f"{life}.histogram"))) for life in (name, f"{name}.restarted")]
    assert set(lives[0].classes) == set(lives[1].classes)
    raw = [set(decode(recorded(f"{life}.histogram")).split()) for life in (name, f"{name}.restarted")]
    assert raw[0] != raw[1] or name.startswith("25"), "the recording shows no name that changes"


@pytest.mark.parametrize("name", recordings.named("histogram"))
def test_a_rendered_histogram_reads_back(recorded, name):
    histogram = parse(decode(recorded(f"{name}.histogram")))
    assert parse(render(histogram)) == histogram


@pytest.mark.parametrize("name", ["8u252", "25.0.2"])
def test_a_recording_cut_anywhere_is_refused(recorded, name):
    data = recorded(f"{name}.histogram")
    for end in range(0, len(data.rstrip()), 101):
        with pytest.raises(Unreadable):
            parse(decode(data[:end]))


class_names = st.text(
    st.characters(exclude_characters=".;[/", exclude_categories=["Cs"]), min_size=1, max_size=20
).map(names.normalise)


@st.composite
def histograms(draw):
    distinct = draw(st.lists(class_names | class_names.map("{}[]".format), unique=True, max_size=12))
    modules = {
        name: draw(st.sampled_from(["java.base", "m", "my_app.x"]))
        for name in distinct
        if draw(st.booleans())
    }
    # A name that ends like a module is one, to every reader.
    distinct = [
        name for name in distinct if name in modules or names.split_module(names.jvm_form(name))[1] == ""
    ]
    modules = {name: module for name, module in modules.items() if name in distinct}
    size = st.integers(0, 2**40)
    count = len(distinct)
    columns = [array("q", draw(st.lists(size, min_size=count, max_size=count))) for _ in range(2)]
    rows = array("q", draw(st.lists(st.integers(1, 4), min_size=count, max_size=count)))
    return Histogram(distinct, *columns, rows, modules)


@given(histograms())
def test_any_histogram_survives_being_written_and_read(histogram):
    assert parse(render(histogram)) == histogram


@given(histograms(), st.data())
def test_a_text_cut_anywhere_before_its_end_is_refused(histogram, data):
    text = render(histogram)
    end = data.draw(st.integers(0, len(text.rstrip("\n")) - 1))
    with pytest.raises(Unreadable):
        parse(text[:end])


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_or_a_value(data):
    try:
        histogram = parse(decode(data))
    except Unreadable:
        return
    assert len(histogram.classes) == len(histogram.instances) == len(histogram.bytes) == len(histogram.rows)


lines = st.sampled_from(
    [
        "   1:             1             16  a.A",
        "   2:             1             16  a.A",
        "   2:             2             32  a.B (m)",
        "   3:             0              0  ",
        "Total             1             16",
        "Total             3             48",
        "Total             0              0",
        "",
        "junk",
        " num     #instances         #bytes  class name",
        "4711:",
        "   1:  99999999999999999999999  1  x",
        "Total  9999999999999999999  1",
    ]
)


@given(st.lists(lines, max_size=8).map("\n".join))
@settings(max_examples=100)
def test_the_fast_path_and_the_careful_one_never_differ(text):
    """Whether a parser has seen rows before must not show in what it returns."""
    warm = Parser()
    warm.parse(SMALL)
    results = []
    for parser in (Parser(), warm):
        for read in (parser.parse, parser._careful):
            try:
                results.append(read(text))
            except Unreadable as error:
                results.append(type(error))
    assert all(result == results[0] for result in results)


ODD_ROWS = [
    "   1:            +1             16  a.A",
    "   1:           0_1             16  a.A",
    "   1:             \u0661             16  a.A",
    "   1:            -1             16  a.A",
    "   1:             1             16   a.A",
    "   1:             1             16 a.A",
    "   1: 1 16 a.A",
    "   1:             1 1000000000000000  a.A",
    "   1: 10000000000000             16  a.A",
    "   1:  10000000000000             16  a.A",
    "   1:             1             16  ",
    "   1:                            16  a.A",
]


@pytest.mark.parametrize("row", ODD_ROWS)
@pytest.mark.parametrize(
    "total", ["1 16", "1 1000000000000000", "10000000000000 16", "0 16", "10 16", "-1 16"]
)
def test_a_row_that_no_jdk_prints_is_read_alike_on_both_paths(row, total):
    text = f"{row}\nTotal {total}\n"
    results = []
    for read in (Parser().parse, Parser()._careful):
        try:
            results.append(read(text))
        except Unreadable as error:
            results.append(type(error))
    assert results[0] == results[1]


def test_a_warm_parser_sees_what_changed():
    parser = Parser()
    assert parser.parse(SMALL) == parse(SMALL)
    later = SMALL.replace("238313        9532520", "238314        9532560").replace(
        "364695       16793456", "364696       16793496"
    )
    assert parser.parse(later) == parse(later)
    assert row(parser.parse(later), "com.shop.Cart$Item") == (238314, 9532560, 1)


def test_more_than_9999_classes_are_read():
    rows = "".join(f"{number:4d}: {1:13d}  {16:13d}  many.C{number}\n" for number in range(1, 12_001))
    assert len(parse(rows + f"Total {12_000:13d}  {12_000 * 16:13d}\n")) == 12_000


def test_a_sum_that_differs_from_the_total_is_refused():
    with pytest.raises(Truncated, match="Total line says 364694"):
        parse(SMALL.replace("364695", "364694"))


def test_a_missing_total_is_said_with_the_rows_there_were():
    with pytest.raises(Truncated, match="no Total line after 4 rows"):
        parse(SMALL[: SMALL.index("Total")])


def test_a_text_of_something_else_is_no_histogram():
    with pytest.raises(Unreadable, match="no class histogram in this text"):
        parse("Unable to open socket file: target process not responding or HotSpot VM not loaded\n")


def test_numbers_beyond_63_bits_are_refused():
    with pytest.raises(Unreadable):
        parse("   1:  9999999999999999999  1  x\nTotal 9999999999999999999 1\n")


def test_files_from_windows_are_read():
    assert parse(SMALL.replace("\n", "\r\n")) == parse(SMALL)
    assert parse(decode(SMALL.encode("utf-16"))) == parse(SMALL)
    assert parse(decode(b"\xef\xbb\xbf" + SMALL.encode())) == parse(SMALL)


def test_a_broken_name_does_not_spoil_the_others():
    data = b"   1: 1 16  a.\xff\n   2: 1 16  a.\xed\xa0\xbd\xed\xba\x80\n   3: 1 16  a.\xc0\x80\nTotal 3 48\n"
    assert parse(decode(data)).classes == ["a.\ufffd", "a.\U0001f680", "a.\\x00"]


def test_a_file_of_several_histograms_is_taken_apart():
    jcmd = "4711:\n" + SMALL + "done\n\n4712:\n" + SMALL.replace("com.shop", "org.shop")
    texts = list(split(jcmd))
    assert len(texts) == 2
    assert parse(texts[0]) == parse(SMALL)
    assert parse(texts[1]).classes[0] == "org.shop.Cart$Item"
    assert "4711:" in texts[0]
    assert "4712:" in texts[1]


def test_a_cut_histogram_among_whole_ones_is_refused_alone():
    cut = SMALL[: SMALL.index("   4:")]
    texts = list(split(SMALL + cut + SMALL))
    assert len(texts) == 3
    assert parse(texts[0]) == parse(texts[2]) == parse(SMALL)
    with pytest.raises(Truncated):
        parse(texts[1])


def test_a_file_without_histograms_gives_none():
    assert list(split("some log\nof something\n")) == []


def test_the_rows_have_the_form_of_jmap():
    assert render(parse(SMALL)).splitlines()[:5] == [
        *SMALL.splitlines()[:4],
        "   2:        126377        7260816  [B (java.base)",
    ]
