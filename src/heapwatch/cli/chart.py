"""Drawings of a series in characters: a line of blocks, and a chart of braille dots with axes."""

from __future__ import annotations

from typing import Callable, Sequence

from heapwatch import human

BLOCKS = "▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # [row of four][column of two]
_BRAILLE = 0x2800

Values = Sequence["float | None"]


def sparkline(values: Values, width: int, low: float | None = None) -> str:
    """The values as blocks, a space where there is none; of values that share a block the largest shows."""
    if not values or width < 1:
        return ""
    bins = _binned(values, width)
    there = [value for value in bins if value is not None]
    if not there:
        return " " * len(bins)
    bottom = min(there) if low is None else low
    span = max(there) - bottom
    scale = 7 / span if span > 0 else 0.0
    return "".join(
        " " if value is None else BLOCKS[min(7, max(0, round((value - bottom) * scale)))] for value in bins
    )


def line_chart(
    times: Sequence[int],
    series: Sequence[Values],
    width: int,
    height: int,
    show: Callable[[float | None], str] = human.size,
) -> list[str]:
    """Lines of a chart: every series as dots, the values on the left, the times below; zero is the bottom."""
    there = [value for values in series for value in values if value is not None]
    if not there or not times:
        return ["no samples in this range"]
    top = max(there) or 1.0
    labels = [show(top * (height - 1 - row) / (height - 1)) for row in range(height)]
    margin = max(map(len, labels)) + 1
    columns = max(2, width - margin - 1)
    grid = [[0] * columns for _ in range(height)]
    first, last = times[0], max(times[-1], times[0] + 1)
    for values in series:
        before: tuple[int, int] | None = None
        for time, value in zip(times, values):
            if value is None:
                before = None  # a gap stays one
                continue
            x = round((time - first) / (last - first) * (columns * 2 - 1))
            y = height * 4 - 1 - round(max(0.0, value) / top * (height * 4 - 1))
            _stroke(grid, before or (x, y), (x, y))
            before = x, y
    lines = [
        f"{label if _labelled(row, height) else '':>{margin}}┤{_characters(cells)}".rstrip()
        for row, (label, cells) in enumerate(zip(labels, grid))
    ]
    return [*lines, " " * margin + "└" + "─" * columns, _time_axis(first, last, margin + 1, columns)]


def _characters(cells: Sequence[int]) -> str:
    return "".join(chr(_BRAILLE + cell) if cell else " " for cell in cells)


def _labelled(row: int, height: int) -> bool:
    return row in (0, height - 1) or (height >= 9 and row == height // 2)


def _stroke(grid: list[list[int]], begin: tuple[int, int], end: tuple[int, int]) -> None:
    steps = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
    for step in range(steps + 1):
        x = begin[0] + round((end[0] - begin[0]) * step / steps)
        y = begin[1] + round((end[1] - begin[1]) * step / steps)
        grid[y // 4][x // 2] |= _DOTS[y % 4][x % 2]


def _time_axis(first: int, last: int, margin: int, columns: int) -> str:
    show = human.clock if last - first < 86_400_000 else human.moment
    left, right = show(first), show(last)
    return " " * margin + left + " " * max(1, columns - len(left) - len(right)) + right


def _binned(values: Values, width: int) -> list[float | None]:
    if len(values) <= width:
        return list(values)
    bins: list[float | None] = []
    for i in range(width):
        part = [v for v in values[i * len(values) // width : (i + 1) * len(values) // width] if v is not None]
        bins.append(max(part) if part else None)
    return bins
