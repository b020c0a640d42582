"""`heapwatch verify BEFORE AFTER`: whether a fix works, by histograms of both versions or by the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from heapwatch.cli import served_leaks
from heapwatch.cli.histories import read
from heapwatch.cli.options import SERVER, TABLE, ServerOptions, TableOutput
from heapwatch.cli.output import Column, number, write
from heapwatch.detect import objects
from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.history import History
from heapwatch.detect.judge import judge
from heapwatch.detect.pairs import fresh, gravest, missing, proofs
from heapwatch.detect.settings import Settings
from heapwatch.detect.verify import FIXED
from heapwatch.errors import UsageError

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


SIDE = Parameter(allow_leading_hyphen=True)


def verify(
    before: Annotated[str, SIDE],
    after: Annotated[str, SIDE],
    *,
    service: str | None = None,
    class_: Annotated[tuple[str, ...], Parameter(name="--class", negative="")] = (),
    settings: Path | None = None,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Say whether a fix works, by what was before it and after.

    Looks for the leaks of BEFORE in AFTER, at equal traffic: a flat curve of
    code that nobody ran proves nothing. Balance is deaths by births: 1 means
    that as many objects end as begin.

    For example:

        heapwatch verify histos-1.0/ histos-1.1/
        heapwatch verify before/ after/ -o json
        heapwatch verify 1.0.0 1.0.1 --service shop
        heapwatch verify -3h..-1h -30m..now --service shop

    Exit code 1: something still leaks, leaks anew, or cannot be said yet.

    Parameters
    ----------
    before
        Histograms of the version that leaks; with --service its version, or a range.
    after
        The same of the version with the fix.
    service
        Ask the server about this service.
    class_
        With --service: this class (repeatable), whether it was found to leak or not.
    settings
        For histograms on file: a TOML file whose [detect] changes thresholds.
    """
    if service is not None:
        return _served(server, service, before, after, class_, output.kind)
    if class_:
        raise UsageError("--class is for --service; histograms on file are compared by what leaks in them")
    return _of_files(Path(before), Path(after), settings, output)


def _served(
    server: ServerOptions, service: str, before: str, after: str, classes: tuple[str, ...], kind: str
) -> int:
    answer = served_leaks.verified(server, service, before, after, classes)
    found = [served_leaks.flat(proof, service) for proof in answer["proofs"]]
    found += [
        {**dict.fromkeys(found[0] if found else ()), "class": name, "service": service, "verdict": NEW}
        | {"sentence": f"{name}: leaks after, not before: {NEW}."}
        for name in answer["new"]
    ]
    _print(found, kind)
    return 0 if served_leaks.all_fixed(answer) else 1


def _of_files(before: Path, after: Path, settings: Path | None, output: TableOutput) -> int:
    given = Settings.of_file(settings) if settings else Settings()
    old, new = read(before), read(after)
    known = findings((judge(history, given) for history in old), given)
    found = [_described(one, old, new, given) for one in known]
    found += [_new(one) for one in fresh(known, findings((judge(history, given) for history in new), given))]
    _print(found, output.kind)
    return 1 if any(one["verdict"] != FIXED for one in found) else 0


def _print(found: list[dict[str, Any]], kind: str) -> None:
    if found or kind != "table":
        write(COLUMNS, found, kind, found, foot=["", *(one["sentence"] for one in found)])
    else:
        print("Nothing leaks before, and nothing after.")


def _described(found: Finding, old: list[History], new: list[History], settings: Settings) -> dict[str, Any]:
    pairs = proofs(found, old, new, settings)
    if not pairs:
        told = objects.unproved(found.root, missing(found))
        return {**served_leaks.flat(told, found.service), "before_per_s": found.leak.rate}
    one = gravest(pairs).proof
    told = objects.proof(one, [pair.host for pair in pairs])
    by_host = {pair.host: pair.proof.verdict for pair in pairs}
    return {**served_leaks.flat(told, found.service), "by_host": by_host}


def _new(found: Finding) -> dict[str, Any]:
    rate = found.leak.rate
    sentence = (
        f"{found.root}: {rate:.3g} objects/s after, none before: {NEW} on {', '.join(sorted(found.leaks))}."
    )
    told = {**objects.unproved(found.root, ""), "verdict": NEW, "sentence": sentence}
    return {**served_leaks.flat(told, found.service), "after_per_s": rate}
