"""The section of one leak: what is known, its curves, hosts, family, proof, evidence, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from heapwatch import human
from heapwatch.report import advice, figures, moments
from heapwatch.report.markup import Child, tag
from heapwatch.report.moments import SECOND
from heapwatch.report.subject import Case, Object
from heapwatch.report.tables import listed, table
from heapwatch.report.wording import amount, between, endings, name_of, rate, share, until

FAMILY = 25
"""Classes of a family that are listed."""
MOMENTS = ("earliest", "latest")
MILLISECONDS = 1e11
"""Moments above it are counted in milliseconds."""
TONES = {"confirmed": "bad", "suspect": "warn", "fixed": "good"}
VERDICTS = {"fixed": "good", "not enough data": "warn"}


def section(case: Case, key: str) -> Element:
    leak = case.leak
    return tag(
        "section",
        tag("h2", tag("code", name_of(leak)), id=key),
        tag("p", _states(case), class_="states"),
        _facts(leak),
        figures.objects_of(case, f"{key}-before"),
        _proof(case, key),
        _hosts(leak),
        _family(leak),
        _evidence(leak),
        _history(leak),
        _next(case),
        aria_labelledby=key,
    )


def _states(case: Case) -> list[Child]:
    leak, proof = case.leak, case.leak.get("proof")
    told = [
        (str(leak["state"]), TONES.get(str(leak["state"]), "")),
        (f"{leak.get('kind', 'heap')} leak", ""),
        (str(leak.get("scope", "")), ""),
        (
            f"the change: {proof['verdict']}" if proof else "",
            VERDICTS.get(str(proof["verdict"]), "bad") if proof else "",
        ),
        ("new with the change" if case.fresh else "", "bad"),
        ("acknowledged" if leak.get("acknowledged") else "", ""),
    ]
    return [tag("span", text, class_=f"state {tone}".strip()) for text, tone in told if text]


def _facts(leak: Object) -> Element:
    hosts = list(leak.get("hosts", ()))
    known = [*hosts, *(leak.get("clean") or ()), *(leak.get("undecided") or ())]
    rest = [
        human.plural(len(leak[name]), f"{name} host") for name in ("clean", "undecided") if leak.get(name)
    ]
    ends = endings(leak)
    bounds = between(leak.get("rate_between"))
    return tag(
        "dl",
        _fact(
            "Hosts",
            f"{len(hosts)} of {len(known)}",
            _listed([*map(str, hosts[:6]), *_more(hosts[6:]), *rest]),
        ),
        _fact("Since", moments.told(leak["since"]), _interval(leak))
        if leak.get("since") is not None
        else None,
        _fact("Rate", f"{rate(leak['rate_per_s'])} objects/s", bounds),
        _fact(
            "Shallow bytes each",
            human.size(leak.get("bytes_per_leak")),
            _companions(leak),
        ),
        _fact("Balance, deaths by births", share(leak.get("balance")), _births(leak)),
        _fact(f"{str(ends[0]['resource']).capitalize()} of {ends[0]['host']} full in", *_until(ends[0]))
        if ends
        else None,
        class_="facts",
    )


def _companions(leak: Object) -> str:
    count = len(leak.get("family") or ()) - 1
    return f"with {count:,} companion class{'es' if count > 1 else ''}" if count > 0 else ""


def _fact(name: str, value: str, more: str = "") -> Element:
    return tag("div", tag("dt", name), tag("dd", tag("strong", value), more))


def _until(end: Object) -> tuple[str, str]:
    likely, _, span = until(end).partition(" (")
    return likely, span.rstrip(")")


def _interval(leak: Object) -> str:
    low, high = leak.get("since_between") or (None, None)
    return "" if low is None or high is None else f"between {moments.exact(low)} and {moments.exact(high)}"


def _births(leak: Object) -> str:
    born, died = leak.get("births_per_s"), leak.get("deaths_per_s")
    return "" if born is None else f"{rate(born)} are born and {rate(died)} die a second"


def _more(rest: Sequence[Any]) -> list[str]:
    return [f"{len(rest)} more"] if rest else []


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _hosts(leak: Object) -> list[Child]:
    jvms = leak.get("jvms") or ()
    if not jvms:
        return []
    rows: list[Sequence[Child]] = [
        (
            tag("bdi", _jvm(each)),
            str(each.get("state", "")),
            moments.exact(each["since"]) if each.get("since") is not None else human.NONE,
            rate(each.get("rate_per_s")),
            between(each.get("rate_between")) or human.NONE,
            human.size(each.get("bytes_per_leak")),
            share(each.get("balance")),
            _listed(f"{end['resource']}: {until(end)}" for end in endings(each)) or human.NONE,
        )
        for each in jvms
    ]
    rows += [
        (tag("bdi", str(host)), name, *[human.NONE] * 6)
        for name in ("clean", "undecided")
        for host in leak.get(name) or ()
    ]
    heads = (
        "Host",
        "State",
        "Since",
        "Objects/s",
        "95 % interval",
        "Shallow bytes each",
        "Balance",
        "Full in",
    )
    return [tag("h3", "Hosts"), listed("Hosts of this leak", heads, rows)]


def _jvm(each: Object) -> str:
    parts = [str(each["host"]), str(each.get("jvm") or ""), f"pid {each['pid']}" if each.get("pid") else ""]
    return " ".join(part for part in parts if part)


def _family(leak: Object) -> list[Child]:
    family = dict(leak.get("family") or {})
    if len(family) < 2:
        return []
    equals = set(leak.get("equals") or ())
    rows = [
        (
            tag("code", str(name)),
            f"{ratio:.3g}" if ratio is not None else human.NONE,
            "one to one" if name in equals else "",
        )
        for name, ratio in list(family.items())[:FAMILY]
    ]
    rest = len(family) - len(rows)
    return [
        tag("h3", "What grows with it"),
        table(
            "Classes that grow with it",
            ("Class", f"For each {name_of(leak).rsplit('.', 1)[-1]}", "Alike"),
            rows,
        ),
        tag("p", f"{rest} more are not listed.", class_="muted") if rest else None,
    ]


def _proof(case: Case, key: str) -> list[Child]:
    proof = case.leak.get("proof")
    if not proof:
        return []
    sides = [("before", proof.get("before")), ("after", proof.get("after"))]
    rows = [
        (
            name,
            rate(side["slope_per_s"]),
            between(side.get("between")) or human.NONE,
            rate(side.get("births_per_s")),
            rate(side.get("deaths_per_s")),
            share(side.get("balance")),
            f"{side['samples']:,}",
        )
        for name, side in sides
        if side
    ]
    told = [
        f"Exposure {share(proof['exposure'])}: births after by births before."
        if proof.get("exposure") is not None
        else "",
        f"{human.share(max(proof['residual'], 0.0))} of the leak is left."
        if proof.get("residual") is not None
        else "",
        f"Hosts compared: {_listed(map(str, proof['hosts']))}." if proof.get("hosts") else "",
    ]
    heads = ("Version", "Objects/s", "95 % interval", "Births/s", "Deaths/s", "Balance", "Histograms")
    return [
        tag("h3", f"The change: {proof['verdict']}"),
        tag("p", str(proof["sentence"])),
        figures.objects_of(case, f"{key}-after", after=True),
        table("Before the change and after", heads, rows) if rows else None,
        tag("p", " ".join(text for text in told if text), class_="muted"),
    ]


def _evidence(leak: Object) -> list[Child]:
    claims = leak.get("evidence") or ()
    return (
        [tag("h3", "Evidence"), tag("ol", [_claim(each) for each in claims], class_="claims")]
        if claims
        else []
    )


def _history(leak: Object) -> list[Child]:
    """What became of it on a server, and who has seen it."""
    told = [f"{moments.told(each['time'])}: {each['text']}" for each in leak.get("history") or ()]
    seen = leak.get("acknowledged")
    if seen:
        note = f": {seen['note']}" if seen.get("note") else ""
        told.append(f"{moments.told(seen['at'])}: acknowledged by {seen['by']}{note}")
    return [tag("h3", "What became of it"), tag("ul", [tag("li", each) for each in told])] if told else []


def _claim(claim: Object) -> Element:
    """What is claimed, the numbers, and the query that shows them on a server."""
    told = claim.get("numbers")
    numbers = (
        told
        if told is not None
        else {name: value for name, value in claim.items() if name not in ("text", "query")}
    )
    shown = [
        tag("div", tag("dt", str(name).replace("_", " ")), tag("dd", _value(str(name), value)))
        for name, value in numbers.items()
        if value not in (None, "", [], {})
    ]
    query = claim.get("query")
    return tag(
        "li",
        str(claim["text"]),
        tag("dl", shown, class_="numbers") if shown else None,
        tag("code", str(query), class_="query") if query else None,
    )


def _value(name: str, value: Any) -> str:
    if name in MOMENTS and isinstance(value, (int, float)):
        return moments.exact(value if value > MILLISECONDS else value * SECOND)
    if name in ("level", "limit") and isinstance(value, (int, float)):
        return amount("bytes", value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, dict):
        return "; ".join(f"{each}: {_value('', own)}" for each, own in value.items())
    if isinstance(value, (list, tuple)):
        return _listed(_value(name, each) for each in value)
    return human.NONE if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _next(case: Case) -> list[Child]:
    told = [
        tag("li", step.text, tag("code", step.command, class_="query") if step.command else None)
        for step in advice.steps(case)
    ]
    return [tag("h3", "What to do next"), tag("ol", told, class_="claims")]
