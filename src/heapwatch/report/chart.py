"""Line charts as static SVG, drawn by leather; what it lacks is here: bands, and names for those who listen.

Colours are classes (`s0` to `s9`, `limit`, `onset`), so that one drawing is right in light, dark and print. A
chart is a figure: the drawing with a title and a description, a legend, and its data as a table, folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from leather import Chart
from leather.scales import Scale
from leather.series import Series
from leather.shapes import Line
from leather.shapes.base import Shape

from heapwatch.report import moments
from heapwatch.report.markup import tag
from heapwatch.report.ticks import of_times, of_values

WIDTH, HEIGHT = 860, 330
CROP = (36, 50, 6, 34)
"""Left, top, right, bottom of the drawing's own margin that nothing stands in."""
COLOURS = 10
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 4", "12 4")

Point = tuple[float, "float | None"]
Show = Callable[["float | None"], str]


@dataclass(frozen=True)
class Stroke:
    """A line; `style` is a class of the page's style."""

    name: str
    points: Sequence[Point]
    style: str
    dash: str = "none"
    width: float = 2


@dataclass(frozen=True)
class Band:
    """A filled outline."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str


def series(number: int, name: str, points: Sequence[Point]) -> Stroke:
    """A line of data: colour and dash by its number."""
    return Stroke(name, points, f"s{number % COLOURS}", DASHES[number % len(DASHES)])


@dataclass(frozen=True)
class Drawing:
    """What is in a chart. Bands lie below lines; the value axis begins at zero."""

    key: str  # unique on its page
    title: str
    description: str
    strokes: Sequence[Stroke]
    bands: Sequence[Band]
    between: tuple[float, float]  # ms
    top: float
    show: Show
    binary: bool = False  # round values are of bytes


def figure(drawing: Drawing, caption: Sequence[str | Element], table: Element) -> Element:
    """The chart with its legend, what it shows, and its data."""
    return tag(
        "figure",
        # What can be scrolled must be reached by keyboard.
        tag("div", _svg(drawing), class_="plot", tabindex=0, role="group", aria_label=drawing.title),
        tag("ul", [_entry(each) for each in (*drawing.strokes, *drawing.bands)], class_="legend"),
        tag("figcaption", *caption),
        tag("details", tag("summary", "The data of this chart"), table),
    )


def _svg(drawing: Drawing) -> Element:
    low, high = drawing.between
    values = of_values(drawing.top, binary=drawing.binary)
    times = of_times(low, high)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    chart = Chart()
    chart.set_x_scale(_Straight(low, high))
    chart.set_y_scale(_Straight(0.0, values[-1]))
    chart.add_x_axis(times, lambda value, _index, _count: moments.short(value, step))
    chart.add_y_axis(values, lambda value, _index, _count: drawing.show(value))
    for band in drawing.bands:
        chart.add_series(Series(band.points), _Outline(band))
    for stroke in drawing.strokes:
        chart.add_series(Series(stroke.points), _Stroke(stroke))
    left, top, right, bottom = CROP
    title, description = f"{drawing.key}-title", f"{drawing.key}-description"
    return tag(
        "svg",
        tag("title", drawing.title, id=title),
        tag("desc", drawing.description, id=description),
        chart.to_svg_group(WIDTH, HEIGHT),
        viewBox=f"{left} {top} {WIDTH - left - right} {HEIGHT - top - bottom}",
        role="img",
        aria_labelledby=title,
        aria_describedby=description,
    )


def _entry(each: Stroke | Band) -> Element:
    if isinstance(each, Band):
        sample = tag("rect", x=1, y=1, width=26, height=8, class_=f"band {each.style}")
    else:
        dash = None if each.dash == "none" else each.dash
        sample = tag(
            "path",
            d="M 0 5 L 28 5",
            class_=f"line {each.style}",
            stroke_dasharray=dash,
            stroke_width=each.width,
            fill="none",
            stroke="currentColor",
        )
    return tag("li", tag("svg", sample, viewBox="0 0 28 10", aria_hidden="true"), tag("bdi", each.name))


class _Straight(Scale):  # type: ignore[misc]
    """From one value to another as they are; positions have one decimal."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._span = low, (high - low) or 1.0

    def contains(self, _value: object) -> bool:
        return True

    def project(self, value: float, first: float, last: float) -> float:
        return round(first + (float(value) - self._low) / self._span * (last - first), 1)

    def ticks(self) -> list[float]:
        return [self._low, self._low + self._span]


class _Stroke(Line):  # type: ignore[misc]
    """A line with a class; the legend is the page's."""

    def __init__(self, stroke: Stroke) -> None:
        super().__init__("currentColor", stroke.width, stroke.dash)
        self._style = stroke.style

    def _new_path(self, stroke_color: str) -> Element:
        path: Element = super()._new_path(stroke_color)
        path.set("class", f"line {self._style}")
        return path

    def legend_to_svg(self, *_: Any) -> list[Any]:
        return []


class _Outline(Shape):  # type: ignore[misc]
    """A closed outline, filled."""

    def __init__(self, band: Band) -> None:
        self._style = band.style

    def validate_series(self, series: Series) -> None:
        """Any numbers will do."""

    def to_svg(
        self, width: float, height: float, x: Scale, y: Scale, series: Series, _palette: Any
    ) -> Element:
        points = [f"{x.project(at.x, 0, width)} {y.project(at.y, height, 0)}" for at in series.data()]
        return tag("path", d=f"M {' L '.join(points)} Z", class_=f"band {self._style}")

    def legend_to_svg(self, *_: Any) -> list[Any]:
        return []
