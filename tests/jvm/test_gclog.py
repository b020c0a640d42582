"""Pauses out of GC logs: as JDK 8 wrote them, and as the JVMs of the matrix write them now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heapwatch.jvm.gclog import Pause, looks_like_one, pause
from heapwatch.wire.messages import split
from jvms.fixtures import Program

RECORDED = Path(__file__).parents[1] / "jvms" / "recorded" / "gclogs"
K, M = 1 << 10, 1 << 20
STAMP = "[2026-11-22T10:00:00.123+0000][1.234s][info][gc] "


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (
            STAMP + "GC(7) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.456ms",
            ("young", 3.456, 4 * M),
        ),
        (STAMP + "GC(8) Pause Full (System.gc()) 10M->2M(30M) 12,345ms", ("old", 12.345, 2 * M)),
        (STAMP + "GC(9) Pause Remark 5M->5M(20M) 0.300ms", ("concurrent", 0.3, 5 * M)),
        (STAMP + "GC(9) Pause Mark Start 0.013ms", ("concurrent", 0.013, None)),
        (STAMP + "GC(9) Pause Init Mark (unload classes) 0.072ms", ("concurrent", 0.072, None)),
        (STAMP + "GC(7) Pause Young (Normal) (G1 Evacuation Pause)", None),
        (STAMP + "GC(7) Eden regions: 23->0(150)", None),
        (STAMP + "Using G1", None),
        (
            "1.2: [GC (Allocation Failure) [PSYoungGen: 65536K->1000K(76288K)] "
            "65536K->1008K(251392K), 0.0012 secs]",
            ("young", 1.2, 1008 * K),
        ),
        ("1.2: [GC remark, 0.0012 secs]", ("concurrent", 1.2, None)),
        (
            "1.2: [GC (CMS Initial Mark) [1 CMS-initial-mark: 0K(16384K)] 2173K(23808K), 0.0012 secs]",
            ("concurrent", 1.2, None),
        ),
        ("1.2: [GC pause (G1 Evacuation Pause) (young) 24M->4M(256M), 0.0012 secs]", ("young", 1.2, 4 * M)),
        ("", None),
        ("[GC", None),
    ],
)
def test_a_line_with_a_pause_says_how_long_and_what_it_left(
    message: str, found: tuple[str, float, float | None] | None
) -> None:
    told = pause(message)
    if found is None or told is None:
        assert told is found
        return
    assert (told.gc, told.after) == (found[0], found[2])
    assert told.ms == pytest.approx(found[1])


@pytest.mark.parametrize("path", sorted(RECORDED.glob("8u252-*.log")), ids=lambda path: path.stem)
def test_the_logs_of_jdk_8_have_their_full_collections_with_what_they_left(path: Path) -> None:
    text = path.read_text()
    assert looks_like_one(text)
    found = [told for message in split(text) if (told := pause(message))]
    full = [told for told in found if told.gc == "old"]
    assert len(full) == text.count("[Full GC") >= 2
    assert all(told.after and 400 * K < told.after < 24 * M and 0 < told.ms < 1000 for told in full)
    assert len(found) == text.count("[Full GC") + text.count("[GC (") + text.count("[GC pause")


@pytest.mark.jvm
@pytest.mark.parametrize("collector", ["Serial", "Parallel", "G1"])
def test_the_logs_of_todays_jvms_have_every_collection_that_was_asked_for(
    java: Callable[..., Program], jvm_home: Path, tmp_path: Path, collector: str
) -> None:
    log = tmp_path / "gc.log"
    program = java(jvm_home, "Lab", f"-XX:+Use{collector}GC", f"-Xlog:gc*:file={log}:time,uptime,level,tags")
    for _ in range(5):
        program.tell("gc")
    program.stop()
    text = log.read_text()
    assert looks_like_one(text)
    found = [told for message in split(text) if (told := pause(message))]
    full = [told for told in found if told.gc == "old"]
    assert len(full) >= 5
    assert all(told.after is not None and told.ms > 0 for told in full)


def test_an_applications_log_is_not_taken_for_one() -> None:
    assert not looks_like_one("2026-11-22 10:00:00 INFO [gc-watcher] Pause of 3 ms\n[main] GC is fine\n")


@given(st.text(max_size=200), st.sampled_from(["", "[GC (", "[Full GC ", "Pause ", "Pause Young 1M->"]))
def test_any_text_has_a_pause_or_none(text: str, start: str) -> None:
    assert pause(start + text) is None or isinstance(pause(start + text), Pause)
