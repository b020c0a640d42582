"""Where a JVM writes its GC log, by its options; and a real one's, through its rotation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heapwatch.agent.gclogs import gc_log_paths, uptime_ms
from heapwatch.model import Target


def target(vm_args: str) -> Target:
    """This process, as if it were a JVM with these options."""
    return Target(os.getpid(), 7, 1, 1, "shop", 0, 0, "root", "hotspot", vm_args=vm_args)


HERE = str(Path.cwd())


@pytest.mark.parametrize(
    ("vm_args", "paths"),
    [
        ("-Xmx1g -Xlog:gc*:file=/var/log/gc.log:time,uptime:filecount=5,filesize=10m", ["/var/log/gc.log"]),
        ("-Xlog:gc*,safepoint=debug:file=/var/log/gc.log", ["/var/log/gc.log"]),
        ("-Xlog:gc:/var/log/gc-%p.log", ["/var/log/gc-7.log"]),
        ("-Xlog:all=info:file=/var/log/all-%t.log:tags", ["/var/log/all-*.log"]),
        ("-Xlog:gc:file=gc.log", [f"{HERE}/gc.log"]),
        ('-Xlog:gc:file="/var/log/with:colon.log"', ["/var/log/with:colon.log"]),
        ("-Xloggc:logs/gc.log", [f"{HERE}/logs/gc.log"]),
        ("-Xloggc:/var/log/gc.log -XX:+UseGCLogFileRotation", ["/var/log/gc.log.*.current"]),
        ("-Xlog:gc:stdout -Xlog:gc:stderr -Xlog:gc -Xlog", []),
        ("-Xlog:safepoint:file=/var/log/sp.log -Xlog:disable", []),
        ('-Dname="two words -Xlog:gc:no.log" -Xlog:gc:"/var/log/two words.log"', ["/var/log/two words.log"]),
        ("-Dname='unbalanced -Xloggc:/var/log/gc.log", ["/var/log/gc.log"]),
        ("", []),
    ],
)
def test_the_log_is_where_the_options_say(vm_args: str, paths: list[str]) -> None:
    assert gc_log_paths(target(vm_args)) == paths


def test_paths_in_a_container_are_seen_through_its_root(tmp_path: Path) -> None:
    process = tmp_path / str(os.getpid())
    process.mkdir()
    (process / "root").symlink_to("/containers/a")
    (process / "cwd").symlink_to("/containers/a/srv")
    found = gc_log_paths(target("-Xloggc:gc.log -Xlog:gc:file=/log/gc.log"), str(tmp_path))
    assert found == [f"{process}/root/srv/gc.log", f"{process}/root/log/gc.log"]


def test_a_process_that_ended_has_none(tmp_path: Path) -> None:
    assert gc_log_paths(target("-Xloggc:gc.log"), str(tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "uptime"),
    [
        ("[1.234s][info][gc] GC(0) Pause Young", 1234),
        ("12.001: [GC (Allocation Failure)", 12_001),
        ("[2026-11-22T10:00:00.123+0000][1.234s] GC(0)", None),
        ("sold 1.234 of it", None),
        ("", None),
    ],
)
def test_an_uptime_at_the_beginning_of_a_line_dates_it(line: str, uptime: int | None) -> None:
    assert uptime_ms(line) == uptime
