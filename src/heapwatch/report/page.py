"""A report as one file of HTML: no script, nothing from elsewhere, right in light, dark and print."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from xml.etree.ElementTree import Element

from heapwatch import human
from heapwatch.report import figures, leak, moments
from heapwatch.report.markup import Child, document, tag
from heapwatch.report.subject import Case, Judged, Report, Resource
from heapwatch.report.tables import listed
from heapwatch.report.wording import amount, endings, goes_on, key_of, name_of, once, until

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
DRAWN = 6
"""Hosts whose memory is drawn: those that end first."""

WORDS = (
    ("shallow", "the bytes of objects themselves, without what they refer to."),
    ("suspect", "it grows, but no collection of the old generation ran meanwhile: it may still be garbage."),
    ("confirmed", "it grew through a collection of the old generation, or live objects were counted."),
    ("balance", "deaths by births: 0 means that all that is allocated stays, 1 that as much ends as begins."),
    (
        "rate, since",
        "with the interval that holds the true value in 95 of 100 cases; forecasts with 80 of 100.",
    ),
    ("query", "what shows the same numbers on a heapwatch server, in Explore or by heapwatch query."),
)


def page(report: Report) -> str:
    """The whole file."""
    title = headline(report)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=f"heapwatch {report.version}"),
        tag("title", title),
        tag("style", resources.files("heapwatch.report").joinpath("style.css").read_text(encoding="utf-8")),
    )
    main = tag(
        "main",
        tag("h1", title),
        _lead(report),
        [leak.section(case, f"leak-{number}") for number, case in enumerate(report.cases, 1)],
        _until(report),
        _how(report),
    )
    return document(tag("html", head, tag("body", main, _foot(report)), lang="en"))


def headline(report: Report) -> str:
    """`2 memory leaks in shop`"""
    services = sorted({str(case.leak.get("service") or "") for case in report.cases} - {""})
    several = f"{len(services)} services" if len(services) > 3 else ", ".join(services)
    where = f" in {several}" if services else ""
    if not report.cases:
        return "No memory leak found"
    if len(report.cases) == 1:
        return f"Memory leak{where}: {name_of(report.cases[0].leak)}{_proved(report)}"
    return f"{len(report.cases)} memory leaks{where}{_proved(report)}"


def _proved(report: Report) -> str:
    """What the change did to them."""
    verdicts = Counter(str(case.leak["proof"]["verdict"]) for case in report.cases if case.leak.get("proof"))
    told = [f"{count} {verdict}" for verdict, count in verdicts.items()]
    fresh = sum(case.fresh for case in report.cases)
    told += [f"{fresh} new"] if fresh else []
    if len(report.cases) == 1 and told:
        return f", {told[0].split(' ', 1)[1]}"
    return f", {', '.join(told)}" if told else ""


def _lead(report: Report) -> list[Child]:
    """The whole of it in a sentence a leak."""
    if not report.cases:
        nothing = f"Nothing leaks in {human.plural(len(report.judged), 'JVM')}."
        return [tag("p", nothing, class_="lead"), _undecided(report)]
    if len(report.cases) == 1:
        return [tag("p", _said(report.cases[0]), class_="lead"), _undecided(report)]
    links = [
        tag(
            "li",
            _said(case),
            " ",
            tag("a", "More", href=f"#leak-{number}", aria_label=f"More of leak {number}"),
        )
        for number, case in enumerate(report.cases, 1)
    ]
    return [tag("ol", links, class_="lead"), _undecided(report)]


def _said(case: Case) -> str:
    proof = case.leak.get("proof")
    change = (
        f" With the change: {proof['verdict']}."
        if proof
        else " It came with the change."
        if case.fresh
        else ""
    )
    return f"{case.leak['sentence']}{change}"


def _undecided(report: Report) -> Element | None:
    count = sum(each.verdict == "undecided" for each in report.judged)
    said = f"{count} of {human.plural(len(report.judged), 'JVM')} cannot be judged yet."
    return tag("p", said, class_="muted") if count else None


def _until(report: Report) -> Element | None:
    """Everything that ends, whatever it is."""
    told = _placed(report)
    ends = once([each.end for each in told])
    order = {key_of(end): place for place, end in enumerate(ends)}
    last = len(order)
    charted = sorted(
        (each for each in told if each.times),
        key=lambda each: order.get((each.host, each.resource), last),
    )
    charts = [figures.ending(each, f"resource-{number}") for number, each in enumerate(charted[:DRAWN], 1)]
    if not ends and not any(chart is not None for chart in charts):
        return None
    heads = ("Host", "What", "Holds", "Limit", "Grows a minute", "Full in", "80 % interval")
    rows = []
    for end in ends:
        what = str(end["resource"])
        slope = end.get("slope_per_s")
        likely, _, span = until(end).partition(" (")
        cells = (
            str(end["host"]),
            what,
            amount(what, end.get("level")),
            amount(what, end.get("limit")),
            amount(what, None if slope is None else slope * 60),
            likely,
            span.rstrip(")"),
        )
        rows.append(cells)
    left = max(len(charted) - DRAWN, 0)
    return tag(
        "section",
        tag("h2", "Until when", id="until"),
        listed("What ends, and when", heads, rows) if rows else tag("p", "Nothing ends at the rate of now."),
        charts,
        tag("p", f"{human.plural(left, 'more chart')} left out.", class_="muted") if left else None,
        aria_labelledby="until",
    )


def _placed(report: Report) -> list[Resource]:
    """What ends and where: of JVMs of several services on a host, whose."""
    told = [*report.resources]
    for case in report.cases:
        for end in endings(case.leak) if goes_on(case.leak) else []:
            service = str(case.leak.get("service") or "")
            told.append(Resource(str(end["resource"]), str(end["host"]), [], [], end=end, service=service))
    if len({each.service for each in told} - {""}) < 2:
        return told
    return [_of_service(each) for each in told]


def _of_service(each: Resource) -> Resource:
    where = f"{each.service} on {each.host}" if each.service else each.host
    return replace(each, host=where, end=each.end and {**each.end, "host": where})


def _how(report: Report) -> Element:
    children: list[Child] = [tag("h2", "How it was judged", id="how")]
    if report.judged:
        children += [_jvms(report.judged)]
    if report.after:
        children += [tag("h3", "After the change"), _jvms(report.after)]
    if report.settings:
        changed = [
            tag("li", tag("code", f"{name} = {json.dumps(value)}")) for name, value in report.settings.items()
        ]
        children += [tag("h3", "Thresholds that are not the default"), tag("ul", changed)]
    else:
        children.append(tag("p", "With the default thresholds."))
    words = [tag("li", tag("strong", name), f": {text}") for name, text in WORDS]
    return tag("section", *children, tag("h3", "Words"), tag("ul", words), aria_labelledby="how")


def _jvms(judged: Sequence[Judged]) -> list[Element]:
    heads = (
        "Host",
        "Service",
        "Version",
        "Verdict",
        "Histograms",
        "From",
        "To",
        "Young / old collections",
        "Heap limit",
    )
    return listed("JVMs that were judged", heads, [_row(each) for each in judged])


def _row(each: Judged) -> tuple[str, ...]:
    mode = " of live objects" if each.mode == "live" else ""
    return (
        each.host,
        each.service,
        each.version or human.NONE,
        f"{each.verdict}: {each.reason}" if each.reason else each.verdict,
        f"{each.histograms:,}{mode}",
        human.NONE if each.first is None else moments.exact(each.first),
        human.NONE if each.last is None else moments.exact(each.last),
        f"{human.count(each.young)} / {human.count(each.old)}",
        human.size(each.heap_max),
    )


def _foot(report: Report) -> Element:
    made = moments.told(report.made)
    times = "Times are UTC; without a date they count from the start of a recording."
    if any(case.leak.get("opened") for case in report.cases):
        times += " In sentences they are the server's local time."
    source = f" Histograms: {report.source}." if report.source else ""
    return tag("footer", tag("p", f"Made by heapwatch {report.version} at {made}. {times}{source}"))
