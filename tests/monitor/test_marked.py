"""Files that people write: each fault with its line and column."""

from __future__ import annotations

import contextlib
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from heapwatch.errors import UsageError
from heapwatch.monitor import marked


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    above: float


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rules: list[Rule]


GOOD = """\
rules:
  - name: a
    above: 3
  - name: b
    above: 1.5
"""


def test_a_good_file_is_its_model() -> None:
    assert marked.parse(GOOD, "r.yml").validated(File) == File(
        rules=[Rule(name="a", above=3), Rule(name="b", above=1.5)]
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("above: 1.5", "above: high"), r"^r.yml:5:5: rules\[1\].above: Input should be a valid"),
        (GOOD.replace("above: 1.5", "abvoe: 1"), r"^r.yml:4:5: rules\[1\].above: Field required"),
        (GOOD + "    unit: MB\n", r"^r.yml:6:5: rules\[1\].unit: this key is not known here"),
        (GOOD + "    name: c\n", r"^r.yml:6:5: 'name' stands twice; the first is at line 4"),
        ("rules: [\n", r"^r.yml:2:1: "),
        ("rules: 5\n", r"^r.yml:1:1: rules: Input should be a valid list"),
        ("", r"^r.yml:1:1: Input should be a valid"),
        ("? [a, b]\n: 1\n", r"^r.yml:1:3: a key is a word"),
        ("rules: !!python/object:os.system {}\n", r"^r.yml:1:8: "),
        ("a: &a [*a]\n", r"^r.yml:"),
        ("[" * 60 + "]" * 60, r"^r.yml:1:\d+: nested more than 40 deep"),
        ("a: 2026-99-99\n", r"^r.yml is not YAML: "),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        marked.parse(text, "r.yml").validated(File)


def test_a_small_file_cannot_become_a_large_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(UsageError, match="more values than a file of rules has"):
        marked.parse("\n".join(lines), "bomb.yml")


def test_on_is_a_word() -> None:
    assert marked.parse("on: {every: 60s}\n", "w.yml").value == {"on": {"every": "60s"}}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*gone.yml: No such file"):
        marked.read(tmp_path / "gone.yml")
    (tmp_path / "latin.yml").write_bytes(b"a: \xff\n")
    with pytest.raises(UsageError, match=r"latin.yml is not UTF-8: byte 3"):
        marked.read(tmp_path / "latin.yml")


@given(st.text(alphabet=string.printable, max_size=80))
def test_any_text_is_a_value_or_our_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        marked.parse(text, "any.yml")
