"""`heapwatch verify BEFORE AFTER`: whether a fix works, by histograms of both versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heapwatch.cli.histories import read
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, number, write
from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import judge
from heapwatch.detect.pairs import fresh, gravest, missing, proofs
from heapwatch.detect.settings import Settings
from heapwatch.detect.verify import FIXED, NOT_ENOUGH, Side
from heapwatch.detect.words import proof

NEW = "new leak"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


COLUMNS = [
    Column("verdict", "VERDICT"),
    Column("class", "CLASS", elastic=True),
    Column("service", "SERVICE", rank=2),
    number("before_per_s", "BEFORE/S", _rate),
    number("after_per_s", "AFTER/S", _rate),
    number("balance_before", "BALANCE", _rate, rank=1),
    number("balance_after", "AFTER", _rate, rank=1),
]


def verify(before: Path, after: Path, *, settings: Path | None = None, output: TableOutput = TABLE) -> int:
    """Say whether a fix works, by histograms of before and after.

    Looks for the leaks of BEFORE in AFTER, at equal traffic: a flat curve of
    code that nobody ran proves nothing. Balance is deaths by births: 1 means
    that as many objects end as begin.

    For example:

        heapwatch verify histos-1.0/ histos-1.1/
        heapwatch verify before/ after/ -o json

    Exit code 1: something still leaks, leaks anew, or cannot be said yet.

    Parameters
    ----------
    before
        Histograms of the version that leaks.
    after
        Histograms of the version with the fix.
    settings
        A TOML file whose [detect] changes thresholds.
    """
    given = Settings.of_file(settings) if settings else Settings()
    old, new = read(before), read(after)
    known = findings((judge(history, given) for history in old), given)
    found = [_described(one, old, new, given) for one in known]
    found += [_new(one) for one in fresh(known, findings((judge(history, given) for history in new), given))]
    if found or output.kind != "table":
        write(COLUMNS, found, output.kind, found, foot=["", *(one["sentence"] for one in found)])
    else:
        print("Nothing leaks before, and nothing after.")
    return 1 if any(one["verdict"] != FIXED for one in found) else 0


def _described(found: Finding, old: list[History], new: list[History], settings: Settings) -> dict[str, Any]:
    pairs = proofs(found, old, new, settings)
    if not pairs:
        why = missing(found)
        return {
            **_row(found, NOT_ENOUGH),
            "before_per_s": found.leak.rate,
            "sentence": f"{found.root}: {NOT_ENOUGH}: {why}.",
        }
    one = gravest(pairs).proof
    return {
        **_row(found, one.verdict),
        "before_per_s": one.before.slope,
        "before_between": [one.before.low, one.before.high],
        "after_per_s": one.after and one.after.slope,
        "after_between": one.after and [one.after.low, one.after.high],
        "balance_before": _balance(one.before),
        "balance_after": _balance(one.after),
        "exposure": one.exposure if np.isfinite(one.exposure) else None,
        "residual": one.residual if np.isfinite(one.residual) else None,
        "more_samples": one.more_samples,
        "by_host": {pair.host: pair.proof.verdict for pair in pairs},
        "sentence": proof(one),
    }


def _row(found: Finding, verdict: str) -> dict[str, Any]:
    empty = dict.fromkeys(("before_per_s", "after_per_s", "balance_before", "balance_after"))
    return {"class": found.root, "service": found.service, "verdict": verdict, **empty}


def _new(found: Finding) -> dict[str, Any]:
    rate = found.leak.rate
    sentence = (
        f"{found.root}: {rate:.3g} objects/s after, none before: {NEW} on {', '.join(sorted(found.leaks))}."
    )
    return {**_row(found, NEW), "after_per_s": rate, "sentence": sentence}


def _balance(side: Side | None) -> float | None:
    return None if side is None or not np.isfinite(side.balance.share) else side.balance.share
