"""Log files and GC logs by `heapwatch import`: told from histograms, stored once, with what they measure."""

from __future__ import annotations

import gzip
import io
import json
from array import array
from pathlib import Path

import pytest

from heapwatch.cli.archives import Inputs
from heapwatch.cli.importing import Reader, Rules
from heapwatch.cli.importing_logs import LogRules
from heapwatch.cli.main import run
from heapwatch.cli.naming import Naming
from heapwatch.model import Batch, LogBlock
from heapwatch.ship.records import Records
from heapwatch.store import Settings, open_store

RECORDED = Path(__file__).parents[1] / "jvms" / "recorded" / "gclogs"
AT = 1_795_341_600_000  # 2026-11-22T10:00:00Z
APP = """2026-11-22T10:00:00Z ERROR [main] c.s.Shop - cannot sell
java.lang.IllegalStateException: sold out
\tat com.shop.Shop.sell(Shop.java:42)
2026-11-22T10:00:01Z INFO [main] c.s.Shop - next
"""
GC = """[2026-11-22T10:00:00.000+0000][0.250s][info][gc] GC(0) Pause Young (Normal) 24M->4M(256M) 3.500ms
[2026-11-22T10:00:10.000+0000][10.250s][info][gc] GC(1) Pause Full (System.gc()) 10M->2M(30M) 12.000ms
"""


def read(*paths: Path, **rules: object) -> tuple[list[Batch], Reader]:
    reader = Reader(Rules(**rules))  # type: ignore[arg-type]
    return list(reader.batches(Inputs([str(path) for path in paths]))), reader


def texts(batches: list[Batch]) -> list[str]:
    return [text for batch in batches for block in batch.logs for text in block.texts]


def test_an_applications_log_is_known_by_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(APP)
    (batch,), reader = read(path, given=Naming("web1", "shop", labels={"env": "prod"}))
    (block,) = batch.logs
    assert block.texts == ["\n".join(APP.splitlines()[:3]), APP.splitlines()[3]]
    assert list(block.times) == [AT, AT + 1000]
    assert block.labels == {
        "host": "web1",
        "jvm": "shop",
        "env": "prod",
        "_sourceCategory": "log",
        "_sourceName": str(path),
    }
    assert (reader.counts.messages, reader.counts.ignored, reader.counts.bad) == (2, 0, [])


def test_a_log_in_an_archive_is_read_as_it_is_outside(tmp_path: Path) -> None:
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(APP.encode()))
    assert len(texts(read(path)[0])) == 2


def test_json_lines_of_an_application_are_no_export_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "app.json"
    path.write_text('{"time": "2026-11-22T10:00:00Z", "level": "WARN", "message": "slow"}\n{"msg": "sold"}\n')
    (batch,), _ = read(path)
    assert (batch.logs[0].texts, batch.logs[0].levels) == (["slow", "sold"], ["warn", ""])
    assert list(batch.logs[0].times) == [AT, AT]


def test_messages_that_we_exported_come_back_as_they_were(tmp_path: Path) -> None:
    block = LogBlock(
        {"host": "a", "_sourceCategory": "app"}, array("q", [AT, AT]), ["one\n two", "three"], ["warn", ""]
    )
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(Records("jsonl").write(Batch("x", 1, logs=[block]))))
    (batch,), reader = read(path)
    assert batch.logs == [block]
    assert reader.counts.messages == 2


def test_the_same_file_again_has_the_same_batches_and_another_has_others(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(APP * 5000)
    first, again = read(path)[0], read(path)[0]
    assert len(first) == 2
    assert [batch.agent for batch in first] == [batch.agent for batch in again]
    path.write_text(APP * 5000 + "2026-11-22T10:00:02Z more\n")
    assert read(path)[0][0].agent == first[0].agent


def test_a_gc_log_has_its_pauses_and_what_they_left_as_metrics(tmp_path: Path) -> None:
    path = tmp_path / "gc.log"
    path.write_text(GC)
    (batch,), _ = read(path, given=Naming("web1", "shop", 4711, AT - 250))
    assert batch.logs[0].labels["_sourceCategory"] == "jvm/gc"
    values = {name: (list(b.times), list(v)) for b in batch.metrics for name, v in b.values.items()}
    assert values == {
        "jvm.gc.pause_ms;gc=young": ([AT], [3.5]),
        "jvm.gc.pause_ms;gc=old": ([AT + 10_000], [12.0]),
        "jvm.heap.after_gc": ([AT, AT + 10_000], [4 << 20, 2 << 20]),
    }
    assert batch.metrics[0].labels == {"host": "web1", "jvm": "shop", "pid": "4711", "started": str(AT - 250)}


def test_a_jvm_whose_counters_are_known_gets_no_metrics_from_its_gc_log(tmp_path: Path) -> None:
    path = tmp_path / "gc.log"
    path.write_text(GC)
    (batch,), _ = read(path, logs=LogRules(seen=lambda _host, jvm: jvm == "gc"), given=Naming(jvm="gc"))
    assert batch.metrics == []
    assert len(batch.logs[0].texts) == 2


@pytest.mark.parametrize("name", ["8u252-G1-details", "8u252-Parallel-details", "8u252-Serial-details"])
def test_recorded_logs_of_jdk_8_are_known_for_what_they_are(name: str) -> None:
    (batch,), reader = read(RECORDED / f"{name}.log")
    assert reader.counts.bad == []
    assert any("jvm.gc.pause_ms;gc=old" in block.values for block in batch.metrics)


def test_a_gc_log_of_uptimes_needs_to_be_told_when_they_began(tmp_path: Path) -> None:
    path = RECORDED / "8u252-Parallel.log"
    batches, reader = read(path)
    assert batches == []
    assert "--time" in reader.counts.bad[0].reason
    (batch,), _ = read(path, given=Naming(time=AT))
    assert min(batch.logs[0].times) == AT
    assert AT + 500 < max(batch.logs[0].times) < AT + 10_000


def test_a_kind_that_was_said_wins_over_the_looks(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("no time at all\nnone here\n")
    assert read(path)[1].counts.ignored == 1
    batches, _ = read(path, kind="logs", given=Naming(time=AT))
    assert texts(batches) == ["no time at all", "none here"]
    path.write_text(APP)
    assert read(path, kind="histograms")[1].counts.ignored == 1


@pytest.mark.store
def test_logs_imported_twice_are_stored_once_and_their_pauses_are_metrics(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, gc = tmp_path / "app.log", tmp_path / "gc.log"
    app.write_text(APP)
    gc.write_text(GC)
    command = [
        "import",
        str(app),
        str(gc),
        "--host",
        "web1",
        "--jvm",
        "shop",
        "--data",
        str(tmp_path / "data"),
    ]
    told = []
    for _ in range(2):
        assert run([*command, "-o", "json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert [(each["messages"], each["stored"], each["stored_before"]) for each in told] == [
        (4, 2, 0),
        (4, 0, 2),
    ]
    assert run(command) == 0
    assert "4 log messages in 2 files: 0 stored, 2 stored before" in capsys.readouterr().out
    with open_store(tmp_path / "data" / "store", Settings(readers=1)) as store:
        assert len(list(store.export_logs(from_=0, to=2 * AT))) == 4
        found = store.metric(metrics=["jvm.gc.pause_ms"], from_=AT - 1000, to=AT + 20_000, host="web1")
        values = [value for each in found["series"] for value in each["values"] if value is not None]
        assert sorted(values) == [3.5, 12.0]


def test_a_log_on_standard_input_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(APP.encode())))
    reader = Reader(Rules())
    assert len(texts(list(reader.batches(Inputs(["-"]))))) == 2
