"""The scores as a page: benchmarks/results/leaks.md, and the targets that are kept or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from leaks.score import LEAK, NONE, OWN

Scores = dict[str, Any]


def page(found: Scores) -> str:
    """The whole page."""
    lines = ["# Leak detectors, side by side", ""]
    for part in (_intro, _table, _targets, _forecasts, _patches, _groups, _hours, _kinds, _misses):
        lines += [*part(found), ""]
    return "\n".join(
        [*lines, "Command: `./run bench leaks`; benchmarks/leaks/README.md says what all is.", ""]
    )


def _intro(found: Scores) -> list[str]:
    truths = [each["truth"] for each in found["runs"]]
    count = Counter(truth["label"] for truth in truths)
    collectors = Counter(truth["gc"] for truth in truths).most_common()
    live = sum(truth["mode"] == "live" for truth in truths)
    return [
        f"{len(truths)} recordings of real JVMs of about two minutes: {count[LEAK]} leak, {count[NONE]} do "
        f"not, {count['either']} may be said to. Collectors: "
        + ", ".join(f"{name} {number}" for name, number in collectors)
        + f"; {live} recordings are of live histograms only. A run counts as positive when a leak "
        "is named at its end; only the first two rows may use the one live histogram taken there.",
    ]


HEAD = [
    "detector", "precision", "recall", "root named first", "delay, s", "samples", "found", "false alarms",
    "other findings", "ever raised of clean",
]  # fmt: skip


def _table(found: Scores) -> list[str]:
    lines = _head(*HEAD)
    for name, each in found["scores"].items():
        shown = f"**{name}**" if name == OWN else name
        rates = [_number(each[key]) for key in ("precision", "recall", "root")]
        delays = [_number(each[key], 0) for key in ("delay_s", "delay_samples")]
        counts = [f"{each['found']} of {each['leaks']}", f"{each['false_alarms']} of {each['clean']}"]
        lines.append(_row(shown, *rates, *delays, *counts, each["others"], _percent(each["ever_of_clean"])))
    return [
        *lines,
        "",
        "Delay: median from the onset to the first of the verdicts, one every ten seconds, that has an "
        "accepted class. Sampling is one histogram a second, where production has one in 10 to 60 s: samples "
        "say more than seconds. No probe is used there. Other findings: on runs that "
        "leak, findings without any accepted class. The last column is of every ten seconds too.",
    ]


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def targets(found: Scores) -> list[tuple[str, str, bool | None]]:
    """What was aimed at, what is, and whether it is kept; None when there is nothing to tell by."""
    own, wrong = found["scores"].get(OWN, {}), found["verdicts"]["wrong_share"]
    held = found["coverage"][OWN]["all"]["held"]
    raised = Counter(one["state"] for each in found["hours"] for one in each["raised"])
    minutes = sum(each["minutes"] for each in found["hours"])
    return [
        ("precision at least 0.95", _number(own.get("precision")), _least(own.get("precision"), 0.95)),
        ("recall at least 0.95", _number(own.get("recall")), _least(own.get("recall"), 0.95)),
        ("the right root first in at least 0.90", _number(own.get("root")), _least(own.get("root"), 0.9)),
        (
            "80 % forecasts that hold in 75 to 85 %",
            _percent(held),
            None if held is None else 0.75 <= held <= 0.85,
        ),
        ("wrong verdicts on fixes at most 2 %", _percent(wrong), None if wrong is None else wrong <= 0.02),
        (
            "an hour without a leak raises nothing",
            f"{raised['confirmed']} confirmed, {raised['suspect']} suspects in {minutes} verdicts",
            not raised if found["hours"] else None,
        ),
    ]


def _targets(found: Scores) -> list[str]:
    words = {True: "kept", False: "**NOT kept**", None: "not recorded"}
    lines = ["## Targets", "", *_head("target", "is", "")]
    return lines + [_row(aim, value, words[kept]) for aim, value, kept in targets(found)]


def _forecasts(found: Scores) -> list[str]:
    lines = [
        "## Forecasts",
        "",
        f"{len({each['run'] for each in found['forecasts']})} runs into an OutOfMemoryError, asked at 40, 60 "
        "and 80 % of their true life. Error: median of |forecast - truth| by truth.",
        "",
        *_head(
            "whose", "cut", "asked", "given", "interval held", "end came later", "end came earlier", "error"
        ),
    ]
    for name, cuts in found["coverage"].items():
        for cut, each in cuts.items():
            rates = [_percent(each[key]) for key in ("held", "too_early", "too_late", "error")]
            lines.append(_row(name, cut, each["asked"], each["given"], *rates))
    return lines


def _patches(found: Scores) -> list[str]:
    told = found["verdicts"]
    table = Counter((each["expected"], each["verdict"]) for each in found["patches"])
    lines = [
        "## Verdicts on fixes",
        "",
        f"{told['all']} pairs: {told['right']} right, {told['undecided']} not enough data where more could "
        f"be said, {told['wrong']} wrong.",
        "",
        *_head("truth", "said", "pairs"),
    ]
    return lines + [_row(wanted, said, number) for (wanted, said), number in sorted(table.items())]


def _groups(found: Scores) -> list[str]:
    lines = ["## Fleets and restarts", "", *_head("group", "truth", "said", "")]
    return lines + [
        _row(each["group"], each["expected"], each["said"], "right" if each["right"] else "**wrong**")
        for each in found["groups"]
    ]


def _hours(found: Scores) -> list[str]:
    lines = ["## An hour without a leak", ""]
    for each in found["hours"]:
        told = "; ".join(_raised(each)) or "nothing raised"
        cleared = (
            "" if each["at_the_end"] or not each["raised"] else "; the live histogram at its end clears all"
        )
        lines.append(f"- {each['run']}, {each['minutes']} verdicts: {told}{cleared}.")
        alarms = [f"{name} {minutes}" for name, minutes in each["baselines"].items()]
        lines.append(f"  Minutes in which the baselines said leak: {', '.join(alarms)}.")
    return lines


def _raised(hour: Scores) -> list[str]:
    """Per class and state in how many minutes, and which."""
    minutes: dict[tuple[str, str], list[int]] = {}
    for one in hour["raised"]:
        minutes.setdefault((one["class"], one["state"]), []).append(one["minute"])
    return [
        f"{name} {state} in {len(seen)} minutes ({seen[0]} to {seen[-1]})"
        for (name, state), seen in minutes.items()
    ]


def _kinds(found: Scores) -> list[str]:
    """By kind of program: how often leak was said, by heapwatch and the baselines."""
    names = [name for name in found["scores"] if name == OWN or not name.startswith(OWN)]
    lines = ["## By kind", "", "Runs said to leak, of all of the kind.", "", *_head("kind", "runs", *names)]
    kinds: dict[tuple[str, str], list[Scores]] = {}
    for each in found["runs"]:
        kinds.setdefault((each["truth"]["label"], each["truth"]["kind"]), []).append(each)
    for (label, kind), runs in sorted(kinds.items()):
        said = [sum(each["verdicts"][name]["positive"] for each in runs) for name in names]
        lines.append(_row(f"{label}: {kind}", len(runs), *said))
    return lines


def misses(found: Scores) -> Iterable[str]:
    """Every run that heapwatch got wrong."""
    for each in found["runs"]:
        truth, own = each["truth"], each["verdicts"][OWN]
        how = f"{each['run']} ({truth['kind']}, {truth['gc']}, JDK {truth['jdk']}, {truth['mode']})"
        if truth["label"] == LEAK and not own["positive"]:
            yield f"{how}: not found{': ' + each['undecided'] if each['undecided'] else ''}"
        elif truth["label"] == LEAK and not own["right"]:
            yield f"{how}: {own['first']} is named first"
        elif truth["label"] == NONE and own["positive"]:
            yield f"{how}: {own['first']} is said to leak, but nothing does"
    for each in found["patches"]:
        if each["kind"] == "wrong":
            pair = f"{each['group']}, {each['before']} against {each['after']}"
            yield f"{pair}: {each['verdict']} is said, the truth is {each['expected']}"


def _misses(found: Scores) -> list[str]:
    told: Sequence[str] = list(misses(found))
    return ["## What it got wrong", "", *(f"- {each}." for each in told)] if told else []


def _least(value: float | None, least: float) -> bool | None:
    return None if value is None else value >= least


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"
