"""Tables for people, JSON and CSV for programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from heapwatch import human
from heapwatch.cli.output import Column, clean, cut, number, table, write

COLUMNS = [
    Column("class", "CLASS", elastic=True),
    number("instances", "INSTANCES", human.count),
    number("bytes", "BYTES", human.size),
    Column("module", "MODULE", rank=1),
]
ROWS = [
    {"class": "scala.collection.immutable.NewRedBlackTree$Tree", "instances": 1_234_567, "bytes": 59_000_000},
    {"class": "byte[]", "instances": 9_999, "bytes": 512, "module": "java.base"},
]


def test_a_table_is_aligned_and_numbers_stand_on_the_right() -> None:
    assert table(COLUMNS, ROWS, None, False) == [
        "CLASS                                            INSTANCES     BYTES  MODULE",
        "scala.collection.immutable.NewRedBlackTree$Tree     1.23 M  56.3 MiB  –",
        "byte[]                                               9,999     512 B  java.base",
    ]


def test_on_a_narrow_terminal_the_least_column_goes_and_the_class_is_cut_in_its_middle() -> None:
    assert table(COLUMNS, ROWS, 48, False) == [
        "CLASS                        INSTANCES     BYTES",
        "scala.…NewRedBlackTree$Tree     1.23 M  56.3 MiB",
        "byte[]                           9,999     512 B",
    ]


def test_json_is_exact_and_csv_too(capsys: pytest.CaptureFixture[str]) -> None:
    write(COLUMNS[:3], ROWS[1:], "json")
    write(COLUMNS[:3], ROWS[1:], "csv")
    assert capsys.readouterr().out == (
        '[{"class": "byte[]", "instances": 9999, "bytes": 512}]\nclass,instances,bytes\nbyte[],9999,512\n'
    )


def test_a_class_name_cannot_drive_the_terminal() -> None:
    assert clean("evil\x1b[2J\n") == "evil\\x1b[2J\\x0a"
    assert table(COLUMNS[:1], [{"class": "a\nb"}], None, False)[1] == "a\\x0ab"


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = table([number("d", "D", human.size_change, paint=lambda value: "33")], [{"d": 5}], None, True)
    assert painted == ["\x1b[1mD\x1b[0m".rjust(12), "\x1b[33m+5 B\x1b[0m"]


@given(st.text(min_size=1), st.integers(min_value=5, max_value=40))
def test_what_is_cut_fits(text: str, width: int) -> None:
    assert cell_len(cut(clean(text), width)) <= width


@pytest.mark.parametrize(
    ("name", "width", "short"),
    [
        ("akka.actor.ActorCell", 30, "akka.actor.ActorCell"),
        ("org.apache.flink.streaming.api.Task", 20, "org.apache.fli…Task"),
        ("a.VeryLongSimpleNameThatFitsNowhereAtAll", 20, "a.Very…itsNowhereAtAll"[:6] + "…itsNowhereAtAll"),
    ],
)
def test_of_a_class_the_simple_name_stays(name: str, width: int, short: str) -> None:
    assert cell_len(cut(name, width)) <= width
    assert cut(name, width).endswith(short[-4:])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (1024 * 1024 - 1, "1.00 MiB"),
        (12_950_000, "12.4 MiB"),
        (-340_000, "-332 KiB"),
        (None, "–"),
        (5 * 1024**4, "5.00 TiB"),
    ],
)
def test_sizes_have_three_digits_and_a_binary_unit(value: float, shown: str) -> None:
    assert human.size(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(9_999, "9,999"), (10_000, "10.0 k"), (999_999, "1.00 M"), (1_234_567, "1.23 M")]
)
def test_counts_are_exact_while_they_are_short(value: float, shown: str) -> None:
    assert human.count(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0.4 s"), (59, "59 s"), (150, "2m"), (7_200, "2h00m"), (202_000, "2d8h"), (1e8, "1157d")],
)
def test_durations_have_two_units_at_most(seconds: float, shown: str) -> None:
    assert human.duration(seconds) == shown


def test_a_change_shows_its_sign() -> None:
    assert [human.size_change(v) for v in (2048, -2048, 0, None)] == ["+2.00 KiB", "-2.00 KiB", "0", "–"]
