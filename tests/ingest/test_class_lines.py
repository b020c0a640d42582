"""Graphite lines that fit the template become histograms; all others stay metrics."""

from __future__ import annotations

import pytest

from heapwatch.ingest.class_lines import ClassLines
from heapwatch.model import Batch, JvmId
from heapwatch.wire.graphite import parse_lines
from heapwatch.wire.paths import Template

T = 1_795_341_600


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lines(clock: Clock) -> ClassLines:
    return ClassLines(Template(), settle=2, clock=clock)


def feed(lines: ClassLines, text: str) -> list[str]:
    return lines.sift(parse_lines(text.encode(), 0))[0]


def table(batch: Batch) -> dict[str, tuple[int, int]]:
    histogram = batch.snapshots[0].histogram
    return {
        name: (count, size)
        for name, count, size in zip(histogram.classes, histogram.instances, histogram.bytes, strict=True)
    }


def test_counts_and_sizes_that_come_one_after_the_other_are_one_histogram(
    lines: ClassLines, clock: Clock
) -> None:
    feed(lines, f"memleak1.count.java.lang.String 7 {T}\nmemleak1.count.byte[] 3 {T}\n")
    clock.now = 1.5
    feed(lines, f"memleak1.size.byte[] 96 {T}\nmemleak1.size.java.lang.String 168 {T}\n")
    clock.now = 3.0
    assert list(lines.ready()) == []
    clock.now = 3.5
    (batch,) = lines.ready()
    assert batch.snapshots[0].jvm == JvmId("memleak1", "unnamed", 0, 0)
    assert batch.snapshots[0].time == T * 1000
    assert table(batch) == {"java.lang.String": (7, 168), "byte[]": (3, 96)}
    assert len(lines) == 0


def test_every_host_and_time_is_a_histogram_of_its_own(lines: ClassLines) -> None:
    feed(lines, "".join(f"h{host}.count.a.B 1 {T + second}\n" for host in range(2) for second in range(3)))
    assert len(list(lines.ready(everything=True))) == 6


def test_what_does_not_fit_stays_a_metric(lines: ClassLines) -> None:
    others = [
        "servers.web1.cpu.load",
        "memleak1.count",
        "memleak1.size.java.lang.String;env=prod",
    ]
    assert feed(lines, "".join(f"{name} 1 {T}\n" for name in others)) == others
    assert feed(lines, f"memleak1.count.a.B -4 {T}\n") == ["memleak1.count.a.B"]


def test_the_same_lines_again_are_the_same_batch(lines: ClassLines) -> None:
    feed(lines, f"h.count.a.B 1 {T}\nh.size.a.B 16 {T}\n")
    (first,) = lines.ready(everything=True)
    feed(lines, f"h.size.a.B 16 {T}\nh.count.a.B 1 {T}\n")
    (again,) = lines.ready(everything=True)
    assert first == again


def test_names_of_any_class_survive_the_path(lines: ClassLines) -> None:
    template = Template()
    names = ["byte[]", "a.B$$Lambda/0x00007f", "Größe", "a b;c=d", "x%y"]
    paths = [template.prefix("h.example.org", "", "count") + name for name in map(_escaped, names)]
    feed(lines, "".join(f"{path} 1 {T}\n" for path in paths))
    (batch,) = lines.ready(everything=True)
    assert batch.snapshots[0].jvm.host == "h.example.org"
    assert set(table(batch)) == set(names)


def test_too_many_open_lines_push_out_the_oldest_histogram(clock: Clock) -> None:
    lines = ClassLines(Template(), rows_at_most=5, clock=clock)
    for number in range(3):
        clock.now = number / 100
        feed(lines, "".join(f"h{number}.count.a.B{row} 1 {T}\n" for row in range(3)))
    assert lines.full
    assert [batch.snapshots[0].jvm.host for batch in lines.ready()] == ["h0", "h1"]


def _escaped(name: str) -> str:
    from heapwatch.wire.paths import escape

    return escape(name)
