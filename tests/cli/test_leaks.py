"""`heapwatch leaks` on directories: recordings as Parquet, and plain histograms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recorded import write
from simulated import Program, filling, leaking

from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import Reader, Rules
from heapwatch.cli.main import run
from heapwatch.cli.recordings import recording
from heapwatch.detect.assemble import histories
from heapwatch.detect.judge import judge


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    for number, host in enumerate(("shop1", "shop2", "shop3"), 1):
        program = Program(seed=number, host=host, populations={"com.shop.Order": leaking(900)})
        write(tmp_path, host, program.run())
    return tmp_path


def test_a_leak_is_one_object_with_all_that_is_known(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["leaks", str(fleet), "-o", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["class"] == "com.shop.Order"
    assert found["hosts"] == ["shop1", "shop2", "shop3"]
    assert (found["kind"], found["state"], found["scope"]) == ("heap", "confirmed", "systemic")
    assert found["family"] == {"com.shop.Order": 1.0}
    assert found["rate_per_s"] == pytest.approx(900, rel=0.1)
    assert found["bytes_per_leak"] == pytest.approx(48)
    assert found["since_between"][0] <= found["since"] <= found["since_between"][1]
    assert found["exhaustion"]["resource"] == "heap"
    assert found["exhaustion"]["in_s"] > 0
    assert all(proof["text"] for proof in found["evidence"])


def test_for_people_it_is_a_table_and_a_sentence(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["leaks", str(fleet)]) == 1
    said = capsys.readouterr().out
    assert "3 (systemic)" in said
    assert "com.shop.Order leaks on 3 of 3 hosts since 00:00:" in said


def test_where_nothing_leaks_the_list_is_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "calm", Program(populations={"com.shop.Order": filling(900, 8)}).run())
    assert run(["leaks", str(tmp_path), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["leaks", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == "Nothing leaks in 1 JVM."


def test_what_cannot_be_judged_yet_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "short", Program(seconds=12).run())
    assert run(["leaks", str(tmp_path)]) == 0
    assert "1 cannot be judged yet: shop on host1 has" in capsys.readouterr().out


def test_a_full_collection_at_the_end_decides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = Program(populations={"com.shop.Order": leaking(9)}, old_every=0).run()
    write(tmp_path, "shop", history)
    assert run(["leaks", str(tmp_path), "-o", "json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["state"] == "suspect"
    probe = {"cls": ["com.shop.Order"], "inst_live": [205]}
    pq.write_table(pa.table(probe), tmp_path / "shop.probe.parquet")
    assert run(["leaks", str(tmp_path), "-o", "json"]) == 0


def test_plain_histograms_are_read_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = np.random.default_rng(1)
    held = np.cumsum(chance.poisson(50, 60))
    for minute, count in enumerate(held.tolist()):
        text = f" num  #instances  #bytes  class name\n-----\n   1:  {count}  {count * 48}  com.shop.Order\n"
        text += "   2:  7  168  com.shop.Fixed\n"
        text += f"Total  {count + 7}  {count * 48 + 168}\n"
        (tmp_path / f"shop-4711-20261122T10{minute:02}00Z.live.txt").write_text(text)
    assert run(["leaks", str(tmp_path), "-o", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["class"], found["state"]) == ("com.shop.Order", "confirmed")
    assert found["rate_per_s"] == pytest.approx(50 / 60, rel=0.15)
    assert found["since"].startswith("2026-11-22T10:")


def test_a_recording_is_imported_with_its_counters_and_judged_the_same(tmp_path: Path) -> None:
    history = Program(populations={"com.shop.Order": leaking(20)}).run()
    write(tmp_path, "shop", history)
    reader = Reader(Rules())
    taken = [one for batch in reader.batches(Inputs([str(tmp_path)])) for one in batch.snapshots]
    assert (len(taken), reader.counts.bad, reader.counts.messages) == (len(history), [], 0)
    (again,) = histories(taken)
    assert again.counter("eden") == pytest.approx(np.floor(history.counter("eden")))
    told, read_back = judge(history).leaks[0], judge(again).leaks[0]
    assert (read_back.root, read_back.state) == (told.root, told.state)
    assert read_back.rate == pytest.approx(told.rate, rel=0.02)
    names = [batch.agent for batch in Reader(Rules()).batches(Inputs([str(tmp_path)]))]
    assert names == [batch.agent for batch in Reader(Rules()).batches(Inputs([str(tmp_path)]))]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no parquet", "cannot be read as Parquet"), (None, "does not exist")],
)
def test_what_is_no_recording_is_one_line(
    tmp_path: Path, content: bytes | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rec"
    if content is not None:
        folder.mkdir()
        (folder / "a.hist.parquet").write_bytes(content)
    assert run(["leaks", str(folder)]) == 2
    assert said in capsys.readouterr().err


def test_a_setting_nobody_knows_is_named(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = fleet / "detect.toml"
    settings.write_text("[detect]\ngrowht = 9\n")
    assert run(["leaks", str(fleet), "--settings", str(settings)]) == 2
    assert "unknown setting detect.growht" in capsys.readouterr().err
    settings.write_text("[detect]\ngrowth = 1e9\n")
    assert run(["leaks", str(fleet), "--settings", str(settings)]) == 0


def test_rows_of_one_class_by_several_loaders_are_one(tmp_path: Path) -> None:
    table = {
        "t_ms": [1, 1, 2, 2],
        "cls": ["a.B$$Lambda$1/0x00007f0000000001", "a.B$$Lambda$2/0x00007f0000000002", "[B", "a.B"],
        "inst": [1, 2, 3, 4],
        "bytes": [16, 32, 48, 64],
    }
    pq.write_table(pa.table(table), tmp_path / "x.hist.parquet")
    found = recording(tmp_path / "x")
    assert found.classes == ["a.B$$Lambda", "byte[]", "a.B"]
    assert found.instances.tolist() == [[3, 0, 0], [0, 3, 4]]
    assert found.rows[0, 0] == 2
