"""Scores of heapwatch and of the baselines on the recordings.

A run counts as a positive of heapwatch when it names a leak at its end, as `heapwatch leaks` then does with
exit code 1; its one live histogram is the probe that the method allows. A row of its own counts only what is
`confirmed`. Everything is asked as a user would: `recording`, `judge`, `findings`,
`verify`. What a number means is said where it is made; README.md has it in words.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from heapwatch.cli.recordings import recording
from heapwatch.detect.fleet import findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.verify import verify
from leaks.baselines import BASELINES, regression

LEAK, NONE = "leak", "none"
EVERY_S = 10.0
FIRST_S = 20.0
CUTS = (0.4, 0.6, 0.8)
OUT_OF_MEMORY = 3
WHOLE = 0.8
"""Of the planned histograms: with fewer a run is spoiled, and left out."""
OWN = "heapwatch"
CONFIRMED = "heapwatch, confirmed only"
UNPROBED = "heapwatch without the probe"
UNPROBED_CONFIRMED = "heapwatch without the probe, confirmed only"

Truth = dict[str, Any]


@dataclass
class Verdict:
    """What one detector says of one run."""

    positive: bool
    first: str = ""  # the class named first
    right: bool = False  # it is one of the accepted
    others: int = 0  # findings without an accepted class
    delay_s: float | None = None  # from the onset to when it was first said, with an accepted class
    delay_samples: int | None = None
    ever: bool = False  # whether it was said at any time of the run


@dataclass
class Outcome:
    """One run and what all detectors say of it."""

    run: str
    truth: Truth
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    undecided: str = ""
    histograms: int = 0


@dataclass(frozen=True)
class Forecast:
    run: str
    cut: float
    truth: float  # s from the cut to the end
    own: tuple[float, float, float] | None  # mid, low, high
    regression: tuple[float, float, float] | None


@dataclass(frozen=True)
class Pair:
    group: str
    before: str
    after: str
    expected: str
    verdict: str
    kind: str  # right, undecided, wrong


def accepted(name: str, roots: Sequence[str]) -> bool:
    """Whether a class may be named for a leak."""
    return name in roots


def prefixes(history: History) -> Iterable[History]:
    """The history as it was every ten seconds, without the probe at its end."""
    start, moment = float(history.times[0]), FIRST_S
    while moment < history.times[-1]:
        part = history.between(start, moment)
        if len(part):
            yield replace(part, survivors=None)
        moment += EVERY_S


def judged(history: History, truth: Truth) -> tuple[dict[str, Verdict], str]:
    """The four ways to count heapwatch: with the probe and without, with suspects and without."""
    whole = judge(history)
    bare = judge(replace(history, survivors=None))
    found = {OWN: _verdict(whole, truth, suspects=True)}
    found[CONFIRMED] = _verdict(whole, truth, suspects=False)
    found[UNPROBED] = _verdict(bare, truth, suspects=True)
    found[UNPROBED_CONFIRMED] = _verdict(bare, truth, suspects=False)
    early = [judge(part) for part in prefixes(history)]
    for name in found:
        suspects = name in (OWN, UNPROBED)
        said = [[leak for leak in each.leaks if suspects or leak.state == "confirmed"] for each in early]
        names = [[[leak.root, *leak.family] for leak in leaks] for leaks in said]
        _in_time(found[name], names, history, truth)
    return found, whole.undecided


def _verdict(judgement: Judgement, truth: Truth, *, suspects: bool) -> Verdict:
    found = [one for one in findings([judgement]) if suspects or one.state == "confirmed"]
    roots = truth["roots"]
    wrong = [one for one in found if not any(accepted(name, roots) for name in [one.root, *one.leak.family])]
    if not found:
        return Verdict(positive=False)
    first = found[0].root
    return Verdict(positive=True, first=first, right=accepted(first, roots), others=len(wrong))


def baseline(rule: Callable[[History], Any], history: History, truth: Truth) -> Verdict:
    said = rule(replace(history, survivors=None)).roots
    verdict = Verdict(positive=bool(said))
    if said:
        verdict.first, verdict.right = said[0], accepted(said[0], truth["roots"])
    names = [[[name] for name in rule(part).roots] for part in prefixes(history)]
    _in_time(verdict, names, history, truth)
    return verdict


def _in_time(verdict: Verdict, names: list[list[list[str]]], history: History, truth: Truth) -> None:
    """When it was first said: `names` has per prefix the classes of each finding."""
    verdict.ever = any(names) or verdict.positive
    for part, found in zip(prefixes(history), names, strict=True):
        now = float(part.times[-1])
        if now > truth["onset"] and any(accepted(name, truth["roots"]) for one in found for name in one):
            verdict.delay_s = now - truth["onset"]
            verdict.delay_samples = int((part.times > truth["onset"]).sum())
            return


def outcome(stem: Path, truth: Truth) -> Outcome:
    """Everything about one run."""
    history = recording(stem)
    verdicts, undecided = judged(history, truth)
    for name, rule in BASELINES.items():
        verdicts[name] = baseline(rule, history, truth)
    return Outcome(stem.name, truth, verdicts, undecided, len(history))


def forecasts(stem: Path) -> list[Forecast]:
    """What is said of the end at 40, 60 and 80 % of a life that ended in an OutOfMemoryError."""
    meta = json.loads(stem.with_name(f"{stem.name}.meta.json").read_text())
    if meta["rc"] != OUT_OF_MEMORY:
        return []
    history, found = recording(stem), []
    for cut in CUTS:
        part = replace(history.between(float(history.times[0]), cut * meta["end_s"]), survivors=None)
        end, line = judge(part).heap, regression(part).end
        own = (end.seconds, end.low, end.high) if end else None
        found.append(Forecast(stem.name, cut, meta["end_s"] - float(part.times[-1]), own, line))
    return found


def patches(folder: Path, labels: dict[str, Truth]) -> list[Pair]:
    """Every pair of one program and rate: each before against half, fixed, silent and the other before."""
    groups: dict[str, dict[str, str]] = {}
    for run, truth in labels.items():
        if truth["part"] == "patch":
            groups.setdefault(truth["group"], {})[truth["role"]] = run
    found = []
    for group, runs in sorted(groups.items()):
        histories = {role: recording(folder / run) for role, run in runs.items()}
        for before in ("before", "before2"):
            if before in histories:
                found += [_pair(group, before, after, histories) for after in histories if after != before]
    return found


EXPECTED = {
    "half": "partly fixed",
    "fixed": "fixed",
    "silent": "not enough data",
    "before": "not fixed",
    "before2": "not fixed",
}


def _pair(group: str, before: str, after: str, histories: dict[str, History]) -> Pair:
    known = findings([judge(histories[before])])
    said = "not enough data"
    if known:
        said = verify(histories[before], histories[after], known[0].root).verdict
    expected = EXPECTED[after]
    kind = "right" if said == expected else "undecided" if said == "not enough data" else "wrong"
    return Pair(group, before, after, expected, said, kind)


def together(folder: Path, labels: dict[str, Truth]) -> list[dict[str, Any]]:
    """Fleets and restarts: what is said of their hosts and lives taken together."""
    whole: dict[str, list[str]] = {}
    for run, truth in json.loads(folder.joinpath("labels.json").read_text()).items():
        if truth["part"] in ("fleet", "restart"):
            whole.setdefault(truth["group"], []).append(run)
    groups = {group: runs for group, runs in whole.items() if all(run in labels for run in runs)}
    found = []
    for group, runs in sorted(groups.items()):
        leaks = [labels[run]["label"] == LEAK for run in runs]
        part = labels[runs[0]]["part"]
        wanted = (
            ""
            if not any(leaks)
            else "single"
            if part == "restart"
            else "systemic"
            if all(leaks)
            else "individual"
        )
        said = [
            one
            for one in findings([judge(recording(folder / run)) for run in sorted(runs)])
            if one.state == "confirmed"
        ]
        roots = [root for run in runs for root in labels[run]["roots"]]
        right = [one.scope for one in said if accepted(one.root, roots)] == (
            [wanted] if wanted else []
        ) and len(said) <= 1
        told = ", ".join(f"{one.root} {one.scope}" for one in said)
        found.append(
            {"group": group, "expected": wanted or "nothing", "said": told or "nothing", "right": right}
        )
    return found


def hour(stem: Path) -> dict[str, Any]:
    """What is raised of a JVM that does not leak, judged at the end of every minute of its hour."""
    history = recording(stem)
    raised: list[dict[str, Any]] = []
    alarms = dict.fromkeys(BASELINES, 0)
    minutes = int(history.times[-1] // 60)
    for minute in range(1, minutes + 1):
        part = replace(history.between(float(history.times[0]), minute * 60.0), survivors=None)
        raised += [{"minute": minute, "class": leak.root, "state": leak.state} for leak in judge(part).leaks]
        for name, rule in BASELINES.items():
            alarms[name] += bool(rule(part).roots)
    final = [leak.root for leak in judge(history).leaks]
    return {
        "run": stem.name,
        "minutes": minutes,
        "histograms": len(history),
        "raised": raised,
        "at_the_end": final,
        "baselines": alarms,
    }


def there(folder: Path) -> dict[str, Truth]:
    """The labels of what has been recorded in full."""
    labels = json.loads(folder.joinpath("labels.json").read_text())
    return {run: truth for run, truth in labels.items() if whole(folder / run)}


def whole(stem: Path) -> bool:
    """Whether a run is there and not spoiled: on a machine that is too busy programs are not themselves."""
    path = stem.with_name(f"{stem.name}.meta.json")
    if not path.exists():
        return False
    meta = json.loads(path.read_text())
    taken = pq.read_metadata(stem.with_name(f"{stem.name}.samples.parquet")).num_rows
    planned = min(meta["secs"], meta["end_s"]) / meta["period_s"]
    return meta["rc"] == OUT_OF_MEMORY or taken >= WHOLE * planned


def everything(folder: Path, workers: int = 2) -> dict[str, Any]:
    """All scores of a folder of recordings, as an object of JSON."""
    labels = there(folder)
    with ProcessPoolExecutor(workers) as pool:
        counted = [run for run, truth in labels.items() if truth["part"] not in ("forecast", "hour")]
        outcomes = pool.map(outcome, [folder / run for run in counted], [labels[run] for run in counted])
        ending = pool.map(
            forecasts, [folder / run for run, truth in labels.items() if truth["part"] == "forecast"]
        )
        hours = pool.map(hour, [folder / run for run, truth in labels.items() if truth["part"] == "hour"])
        pairs, groups = pool.submit(patches, folder, labels), pool.submit(together, folder, labels)
        runs = list(outcomes)
        ends = [one for each in ending for one in each]
        return {
            "runs": [asdict(each) for each in runs],
            "scores": {name: scores(runs, name) for name in runs[0].verdicts} if runs else {},
            "forecasts": [asdict(each) for each in ends],
            "coverage": {OWN: coverage(ends, "own"), "regression": coverage(ends, "regression")},
            "patches": [asdict(each) for each in pairs.result()],
            "verdicts": verdicts(pairs.result()),
            "groups": groups.result(),
            "hours": list(hours),
        }


def scores(runs: Sequence[Outcome], name: str) -> dict[str, Any]:
    """Precision, recall, roots and delays of one detector over the runs whose label is leak or none."""
    leaking = [each.verdicts[name] for each in runs if each.truth["label"] == LEAK]
    clean = [each.verdicts[name] for each in runs if each.truth["label"] == NONE]
    hits, alarms = [each for each in leaking if each.positive], sum(each.positive for each in clean)
    delays = [each.delay_s for each in leaking if each.delay_s is not None]
    samples = [each.delay_samples for each in leaking if each.delay_samples is not None]
    return {
        "leaks": len(leaking),
        "clean": len(clean),
        "found": len(hits),
        "false_alarms": alarms,
        "precision": _share(len(hits), len(hits) + alarms),
        "recall": _share(len(hits), len(leaking)),
        "root": _share(sum(each.right for each in hits), len(hits)),
        "others": sum(each.others for each in hits),
        "delay_s": statistics.median(delays) if delays else None,
        "delay_samples": statistics.median(samples) if samples else None,
        "delays_known": len(delays),
        "ever_of_clean": _share(sum(each.ever for each in clean), len(clean)),
    }


def coverage(ends: Sequence[Forecast], whose: str) -> dict[str, Any]:
    """How often the 80 % interval held the true end, in all and by cut; and how far the middle was off."""
    found: dict[str, Any] = {}
    for cut in (None, *CUTS):
        asked = [each for each in ends if cut in (None, each.cut)]
        given = [(getattr(each, whose), each.truth) for each in asked if getattr(each, whose) is not None]
        held = sum(low <= truth <= high for (_, low, high), truth in given)
        found["all" if cut is None else f"{cut:.0%}"] = {
            "asked": len(asked),
            "given": len(given),
            "held": _share(held, len(given)),
            "too_early": _share(sum(truth > high for (_, _, high), truth in given), len(given)),
            "too_late": _share(sum(truth < low for (_, low, _), truth in given), len(given)),
            "error": statistics.median(abs(mid - truth) / truth for (mid, _, _), truth in given)
            if given
            else None,
        }
    return found


def verdicts(pairs: Sequence[Pair]) -> dict[str, Any]:
    """How many verdicts on fixes are right, undecided, wrong."""
    kinds = {kind: sum(each.kind == kind for each in pairs) for kind in ("right", "undecided", "wrong")}
    return {"all": len(pairs), **kinds, "wrong_share": _share(kinds["wrong"], len(pairs))}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
