"""Charts that can be looked at, listened to and printed."""

from __future__ import annotations

from reading import Seen, read
from subjects import curve, end, heap, leak, report, times

from heapwatch.report.page import page
from heapwatch.report.subject import Case, Resource


def figures(*cases: Case, resources: list[Resource] | None = None) -> list[Seen]:
    return read(page(report(*cases, resources=resources or []))).all("figure")


def drawn(figure: Seen, style: str) -> list[Seen]:
    """The lines and outlines of the drawing that have this class."""
    paths = figure.one("div", class_="plot").all("path")
    return [each for each in paths if style in each.attributes["class"].split()]


def points(line: Seen) -> list[tuple[float, float]]:
    numbers = [float(word) for word in line.attributes["d"].split() if word not in ("M", "L", "Z")]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def path(figure: Seen, style: str) -> list[tuple[float, float]]:
    (found,) = drawn(figure, style)
    return points(found)


def test_every_level_is_a_point_of_its_hosts_line() -> None:
    (chart,) = figures(Case(leak(), [curve("h1", 2000.0), curve("h2", 0.0)]))
    rising, flat = path(chart, "s0"), path(chart, "s1")
    assert len(rising) == len(flat) == 24
    assert [x for x, _ in rising] == [x for x, _ in flat] == sorted({x for x, _ in rising})
    ys = [y for _, y in rising]
    assert ys == sorted(ys, reverse=True)
    steps = [a - b for a, b in zip(ys, ys[1:], strict=False)]
    assert max(steps) - min(steps) < 0.3
    assert len({y for _, y in flat}) == 1


def test_a_gap_stays_one() -> None:
    counts = [None if place in (9, 10) else 100.0 * place for place in range(24)]
    (chart,) = figures(Case(leak(), [curve(counts=counts)]))
    lines = drawn(chart, "s0")
    assert [each.attributes["d"].count("L") + 1 for each in lines] == [9, 13]


def test_the_lives_of_a_host_are_one_line_with_a_gap() -> None:
    second = [at + 24 * 60_000 for at in times()]
    case = Case(leak(), [curve("h1", times=second), curve("h2")], [curve("h1")])
    (chart,) = figures(case)
    assert [each.text for each in chart.one("ul", class_="legend").inside][:2] == ["h1", "h2"]
    first, later = drawn(chart, "s0")
    assert points(first)[-1][0] < points(later)[0][0]
    assert points(first)[-1][1] < points(later)[0][1]
    assert len(points(first)) == len(points(later)) == 24


def test_a_chart_has_a_name_a_description_a_legend_and_its_data() -> None:
    (chart,) = figures(Case(leak(), [curve("h1"), curve("h2", 1.0)]))
    drawing = chart.one("svg", role="img")
    assert drawing.one("title").text == "Objects of com.shop.Order by time"
    assert drawing.one("desc").text == "h1: from 0 to 46.0 k objects; h2: from 0 to 23 objects"
    assert [each.text for each in chart.one("ul", class_="legend").inside] == [
        "h1",
        "h2",
        "began",
        "interval of the beginning",
    ]
    dashes = {each.attributes.get("stroke-dasharray", "") for each in chart.one("ul").all("path")}
    assert len(dashes) == 3
    rows = chart.one("details").all("tr")
    assert len(rows) == 1 + 2 * 24
    assert [cell.text for cell in rows[-24 - 1].inside] == ["h1", "2026-09-21 14:36:20", "46,000"]


def test_the_onset_stands_where_the_curve_has_that_time() -> None:
    (chart,) = figures(Case(leak(), [curve()]))
    band, began = drawn(chart, "onset")
    line = path(chart, "s0")
    assert {x for x, _ in points(began)} == {line[5][0]}
    assert sorted({x for x, _ in points(band)}) == [line[4][0], line[6][0]]


def test_before_and_after_a_change_have_one_scale() -> None:
    proof = {"verdict": "fixed", "sentence": "fixed", "before": None, "after": None}
    case = Case(leak(proof=proof), [curve()], [curve(slope=10.0)])
    before, after = figures(case)
    ticks = [[each.text for each in chart.one("g", class_="left").all("text")] for chart in (before, after)]
    assert ticks[0] == ticks[1]
    assert path(after, "s0")[-1][1] > path(before, "s0")[-1][1]


def test_of_many_hosts_those_that_leak_are_drawn_and_the_rest_counted() -> None:
    hosts = [f"h{place}" for place in range(1, 41)]
    curves = [curve(host, slope=float(number)) for number, host in enumerate(hosts)]
    (chart,) = figures(Case(leak(hosts=["h1"]), curves))
    legend = [each.text for each in chart.one("ul", class_="legend").inside]
    assert legend[:3] == ["h1", "h40", "h39"]
    assert "30 more hosts are not drawn." in chart.one("figcaption").text


def test_a_forecast_is_a_cone_below_the_limit() -> None:
    (chart,) = figures(resources=[heap(end=end(in_s=1800.0, between_s=[1200.0, 2400.0], level=315e6))])
    cone, line, forecast = drawn(chart, "s0")
    assert "band" in cone.attributes["class"].split()
    assert line.attributes["d"].count("L") == 23
    assert forecast.attributes["stroke-dasharray"] == "4 4"
    limit = path(chart, "limit")[0][1]
    heights = [y for _, y in points(cone)]
    assert min(heights) >= limit
    assert "ends in 30m (20m to 40m)" in chart.one("figcaption").text


def test_a_forecast_that_may_never_come_true_is_drawn_as_far_as_it_is_likely() -> None:
    (chart,) = figures(resources=[heap(end=end(between_s=[1000.0, None]))])
    assert "17m or later" in chart.one("figcaption").text
    (chart,) = figures(resources=[heap(end=end(in_s=0.0, between_s=[0.0, 0.0], level=512e6))])
    assert chart.all("svg", role="img")


def test_threads_are_counted_and_metaspace_is_bytes() -> None:
    threads = heap(resource="threads", values=[100.0 + n for n in range(24)], limit=4096.0, end=None)
    metaspace = heap(resource="metaspace", end=None, limit=None)
    first, second = figures(resources=[threads, metaspace])
    assert "5,000" in [each.text for each in first.one("g", class_="left").all("text")]
    assert "no end in sight" in first.one("figcaption").text
    assert any("MiB" in each.text for each in second.one("g", class_="left").all("text"))


def test_nothing_to_draw_is_no_chart() -> None:
    empty = curve(counts=[None] * 24)
    none = Resource("heap", "h1", times(), [None] * 24)
    assert figures(Case(leak(), [empty]), resources=[none]) == []
    assert figures(Case(leak())) == []


def test_one_moment_is_drawn_too() -> None:
    (chart,) = figures(Case(leak(), [curve(times=[1e12], counts=[7.0])]))
    assert chart.all("svg", role="img")
