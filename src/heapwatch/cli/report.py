"""`heapwatch report [PATH]`: what leaks, on the server or in files, as one page to attach to a ticket."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from heapwatch import human
from heapwatch.cli.client import Client
from heapwatch.cli.histories import read
from heapwatch.cli.options import SERVER, ServerOptions
from heapwatch.detect.fleet import Finding, findings
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.pairs import fresh, proofs
from heapwatch.detect.settings import Settings
from heapwatch.detect.verify import FIXED
from heapwatch.errors import UsageError
from heapwatch.report import gather
from heapwatch.report.page import page
from heapwatch.report.subject import Case, Report

DEFAULT = Path("heapwatch-report.html")


def report(
    path: Path | None = None,
    *,
    leak: Annotated[str | None, Parameter(metavar="ID")] = None,
    service: str | None = None,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], allow_leading_hyphen=True, metavar="FILE")
    ] = DEFAULT,
    class_: Annotated[str, Parameter(name="--class", metavar="NAME")] = "",
    after: Path | None = None,
    settings: Path | None = None,
    force: bool = False,
    server: ServerOptions = SERVER,
) -> int:
    """Write a page about leaks, for a ticket: of the server, or of histograms on file.

    One file of HTML with charts, that needs no server and no network: what leaks,
    where, since when, how fast and until when; every claim with its numbers and
    the query that shows them; what to do next; how it was judged.

    For example:

        heapwatch report --service shop
        heapwatch report --leak 9f3c2a71d04be511 -o order-leak.html
        heapwatch report histos/
        heapwatch report histos/ --class 'com.shop.*' -o order-leak.html
        heapwatch report histos-1.0/ --after histos-1.1/ -o fix.html
        heapwatch report histos/ -o - | mail-it

    Exit code 1: something leaks; with --after, something still leaks, leaks anew, or
    cannot be said yet.

    Parameters
    ----------
    path
        Where the histograms are; without it the server is asked.
    leak
        On the server: this leak.
    service
        On the server: all leaks of this service.
    output
        The page; - is standard output.
    class_
        Only leaks of this class or with it in their family; * stands for anything.
    after
        Histograms of the version with a fix: the page says whether it works.
    settings
        A TOML file whose [detect] changes thresholds.
    force
        Overwrite the file.
    """
    _free(output, force)
    if path is None:
        if (leak is None) == (service is None) or class_ or after or settings:
            raise UsageError("give a path, or --leak ID or --service NAME, which ask the server")
        return _served(server, output, {"leak": leak} if leak else {"service": service})
    if leak or service:
        raise UsageError("--leak and --service ask the server: give no path")
    given = Settings.of_file(settings) if settings else Settings()
    judgements = [judge(history, given) for history in read(path)]
    found = findings(judgements, given)
    later = [judge(history, given) for history in read(after)] if after else []
    cases = [
        *_cases(_of_class(found, class_), judgements, later if after else None, given),
        *_fresh(found, later, class_, given),
    ]
    text = page(
        Report(
            made=time.time() * 1000,
            cases=cases,
            resources=gather.resources(_of_hosts(later or judgements, cases, class_), given),
            judged=gather.judged(judgements),
            after=gather.judged(later),
            settings=gather.changed(given),
            source=f"{path}, and {after} after the change" if after else str(path),
        )
    )
    _write(output, text, cases)
    return 1 if any(not _ended(case) for case in cases) else 0


def _served(server: ServerOptions, output: Path, which: dict[str, str | None]) -> int:
    """The server's page; 1 when what it is about is open."""
    with Client(server) as client:
        text = client.text("/api/v1/report", which)
        known = client.get("/api/v1/leaks")["leaks"]
    field = "id" if which.get("leak") else "service"
    found = [one for one in known if one[field] in which.values()]
    _write(output, text, [Case(one) for one in found])
    return 1 if any(one["state"] in ("suspect", "confirmed") for one in found) else 0


def _cases(
    found: Sequence[Finding],
    judgements: Sequence[Judgement],
    later: Sequence[Judgement] | None,
    settings: Settings,
) -> list[Case]:
    """Every leak; after a change with what proves it."""
    before = [each.history for each in judgements]
    after = [each.history for each in later or ()]
    return [
        gather.case(
            one, judgements, settings, None if later is None else proofs(one, before, after, settings)
        )
        for one in found
    ]


def _fresh(
    known: Sequence[Finding], later: Sequence[Judgement], wanted: str, settings: Settings
) -> list[Case]:
    """What leaks only after the change."""
    new = _of_class(fresh(known, findings(later, settings)), wanted)
    return [gather.case(one, later, settings, fresh=True) for one in new]


def _of_class(found: Sequence[Finding], wanted: str) -> list[Finding]:
    if not wanted:
        return list(found)
    return [
        one
        for one in found
        if any(fnmatchcase(name, wanted) for leak in one.leaks.values() for name in leak.family)
    ]


def _of_hosts(judgements: Sequence[Judgement], cases: Sequence[Case], wanted: str) -> list[Judgement]:
    """Where a class is asked for, only the hosts that it leaks on."""
    hosts = {(case.leak["service"], host) for case in cases for host in case.leak["hosts"]}
    return [each for each in judgements if not wanted or (each.history.service, each.history.host) in hosts]


def _ended(case: Case) -> bool:
    proof = case.leak.get("proof")
    return proof is not None and proof["verdict"] == FIXED


def _free(target: Path, force: bool) -> None:
    """Said before the work, not after it."""
    if str(target) != "-" and target.exists() and not force:
        raise UsageError(f"{target} exists already; --force overwrites it")


def _write(target: Path, text: str, cases: Sequence[Case]) -> None:
    """The page, complete or not at all, and where it is."""
    if str(target) == "-":
        sys.stdout.write(text)
        return
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, target)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    for case in cases:
        proof = case.leak.get("proof")
        print(proof["sentence"] if proof else case.leak["sentence"])
    print(f"{target}: {human.plural(len(cases), 'leak')}, {human.size(target.stat().st_size)}")
