"""The audit: what was changed stays written, and whoever tampers with it is found out."""

from __future__ import annotations

import json
import multiprocessing
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.errors import Unavailable
from heapwatch.workflow.audit import Audit, Broken


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path, clock=lambda: 1790000100.0)


def fill(audit: Audit, number: int) -> None:
    for each in range(number):
        audit.add("user:ann", "10.0.0.7", "token.create", f"web{each}")


def test_an_entry_says_when_who_from_where_what_and_how_it_ended(audit: Audit) -> None:
    audit.add("user:ann", "10.0.0.7", "token.revoke", "web1", "refused", "403")
    line = json.loads(audit.path.read_text())
    assert line.pop("before") == "0" * 64
    assert line == {
        "n": 1,
        "time": 1790000100000,
        "who": "user:ann",
        "from": "10.0.0.7",
        "what": "token.revoke",
        "target": "web1",
        "outcome": "refused",
        "detail": "403",
    }
    assert stat.S_IMODE(audit.path.stat().st_mode) == 0o600


def test_a_chain_that_nobody_touched_holds(audit: Audit) -> None:
    assert audit.verify() == (None, "")
    fill(audit, 5)
    newest, _ = audit.verify()
    assert newest is not None
    assert newest.n == 5


def test_a_changed_line_is_found(audit: Audit) -> None:
    fill(audit, 5)
    audit.path.write_text(audit.path.read_text().replace("web2", "web9"))
    with pytest.raises(Broken, match=r"line 4: entry 3, before it, is not what was written"):
        audit.verify()


def test_a_line_that_is_taken_out_is_found(audit: Audit) -> None:
    fill(audit, 5)
    lines = audit.path.read_text().splitlines(keepends=True)
    audit.path.write_text("".join(lines[:2] + lines[3:]))
    with pytest.raises(Broken, match="entry 4 follows entry 2; others were taken out"):
        audit.verify()


def test_a_line_in_another_spelling_is_found(audit: Audit) -> None:
    fill(audit, 2)
    first, second = audit.path.read_text().splitlines(keepends=True)
    audit.path.write_text(first.replace(",", ", ", 1) + second)
    with pytest.raises(Broken, match="line 1 is no entry"):
        audit.verify()


def test_a_chain_whose_first_entry_was_forged_is_found(audit: Audit) -> None:
    fill(audit, 1)
    audit.path.write_text(audit.path.read_text().replace("0" * 64, "1" * 64))
    with pytest.raises(Broken, match="the first entry"):
        audit.verify()


def test_a_line_that_a_power_cut_left_half_written_is_replaced_by_the_next(audit: Audit) -> None:
    fill(audit, 3)
    audit.path.write_bytes(audit.path.read_bytes()[:-10])
    with pytest.raises(Broken, match="line 3 is cut off"):
        audit.verify()
    fill(audit, 1)
    assert [entry.n for entry in audit.newest(10)] == [3, 2, 1]
    audit.verify()


def test_full_files_are_set_aside_and_the_chain_goes_on(tmp_path: Path) -> None:
    audit = Audit(tmp_path, file_bytes=1000, files=4)
    fill(audit, 3)
    assert audit.files() == [audit.path]
    fill(audit, 60)
    assert len(audit.files()) == 4
    newest, _ = audit.verify()
    assert newest is not None
    assert newest.n == 63
    numbers = [entry.n for entry in audit.newest(1000)]
    assert numbers == list(range(63, numbers[-1] - 1, -1))
    assert numbers[-1] > 40
    oldest, second, *_ = audit.files()
    second.unlink()
    with pytest.raises(Broken, match="others were taken out"):
        audit.verify()
    assert oldest.exists()


def test_entries_are_read_from_the_newest_and_by_what_is_wanted(tmp_path: Path) -> None:
    audit = Audit(tmp_path, file_bytes=1000)
    fill(audit, 20)
    audit.add("token:ci", "10.0.0.9", "reload")
    assert [entry.n for entry in audit.newest(3)] == [21, 20, 19]
    assert [entry.n for entry in audit.newest(2, before=19)] == [18, 17]
    assert [entry.who for entry in audit.newest(5, wanted=lambda each: each.what == "reload")] == ["token:ci"]


def test_an_entry_is_one_line_whatever_somebody_calls_themselves(audit: Audit) -> None:
    audit.add("user:ann", "x", "login", 'a"}\n{"n":2\u2028\udcff' + "x" * 10_000)
    assert len(audit.path.read_bytes().splitlines()) == 1
    assert audit.verify()[0]
    assert len(audit.newest(1)[0].target) == 500


def test_an_end_that_is_no_entry_is_not_written_over(audit: Audit) -> None:
    fill(audit, 1)
    with audit.path.open("a") as file:
        file.write("hello\n")
    with pytest.raises(Unavailable, match="audit verify"):
        fill(audit, 1)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        fill(Audit(tmp_path), 1)


def _many(folder: Path) -> None:
    fill(Audit(folder, file_bytes=2000), 10)


def test_processes_that_write_at_once_make_one_chain(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_many, args=(tmp_path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    newest, _ = Audit(tmp_path).verify()
    assert newest is not None
    assert newest.n == 30


@given(st.lists(st.text(), min_size=2, max_size=6), st.data())
def test_whatever_is_changed_before_the_last_line_is_found(targets: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(Path(folder), clock=lambda: 1790000100.0)
        for target in targets:
            audit.add("user:ann", "10.0.0.7", "token.create", target)
        whole = audit.path.read_bytes()
        place = data.draw(st.integers(0, whole[:-1].rfind(b"\n")))
        other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
        audit.path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        with pytest.raises(Broken):
            audit.verify()


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode))
def test_a_file_of_anything_else_is_broken_and_shows_nothing(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        audit = Audit(Path(folder))
        audit.path.write_bytes(content)
        if content:
            with pytest.raises(Broken):
                audit.verify()
        assert audit.newest(10) == []


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b"7", b"null", b'{"n":"x"}', b'{"n":1,"time":2}', b'{"n":NaN}', b"\xff"]
)
def test_a_line_of_another_shape_is_broken(audit: Audit, line: bytes) -> None:
    fill(audit, 1)
    with audit.path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(Broken, match="line 2 is no entry"):
        audit.verify()


@pytest.mark.parametrize("wrong", [{"n": "2"}, {"n": 2.0}, {"n": True}, {"time": None}, {"who": 7}])
def test_a_field_of_another_kind_is_broken(audit: Audit, wrong: dict[str, object]) -> None:
    fill(audit, 2)
    first, second = audit.path.read_text().splitlines(keepends=True)
    changed = json.dumps({**json.loads(second), **wrong}, separators=(",", ":"))
    audit.path.write_text(f"{first}{changed}\n{second}")
    with pytest.raises(Broken, match="line 2 is no entry"):
        audit.verify()
