"""`heapwatch check DIR`: leaks as the result of a test, for continuous integration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from heapwatch import __version__
from heapwatch.cli.histories import read
from heapwatch.cli.leaks import described
from heapwatch.detect.fleet import findings
from heapwatch.detect.judge import Judgement, judge
from heapwatch.detect.settings import Settings
from heapwatch.errors import UsageError

RULE = "heapwatch/leak"


def check(
    path: Path,
    *,
    junit: Path | None = None,
    sarif: Path | None = None,
    confirmed: bool = False,
    settings: Path | None = None,
) -> int:
    """Fail when something leaks in histograms of a test run.

    For example:

        heapwatch check histos/ --junit leaks.xml --sarif leaks.sarif

    Exit code 1: something leaks. What cannot be judged yet is a skipped test.

    Parameters
    ----------
    path
        Where the histograms are.
    junit
        Write the result as JUnit XML.
    sarif
        Write the leaks as SARIF 2.1.0.
    confirmed
        Fail for confirmed leaks only, not for suspects.
    settings
        A TOML file whose [detect] changes thresholds.
    """
    given = Settings.of_file(settings) if settings else Settings()
    judgements = [judge(history, given) for history in read(path)]
    found = [described(one) for one in findings(judgements, given)]
    if confirmed:
        found = [one for one in found if one["state"] == "confirmed"]
    if junit:
        _write(
            junit, ElementTree.tostring(_suite(judgements, found), encoding="unicode", xml_declaration=True)
        )
    if sarif:
        _write(sarif, json.dumps(_run(found), indent=2))
    for one in found:
        print(one["sentence"])
    undecided = sum(bool(each.undecided) for each in judgements)
    print(f"{len(judgements)} JVMs, {len(found)} leaks, {undecided} not judged")
    return 1 if found else 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _suite(judgements: list[Judgement], found: list[dict[str, Any]]) -> ElementTree.Element:
    """A test case a JVM."""
    suite = ElementTree.Element("testsuite", name="heapwatch")
    failures = skipped = 0
    for each in judgements:
        history = each.history
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"heapwatch.{history.service}", name=history.host
        )
        mine = [one for one in found if one["service"] == history.service and history.host in one["hosts"]]
        for one in mine:
            failure = ElementTree.SubElement(case, "failure", type=RULE, message=one["sentence"])
            failure.text = "\n".join(proof["text"] for proof in one["evidence"])
        failures += bool(mine)
        if each.undecided:
            skipped += 1
            ElementTree.SubElement(case, "skipped", message=each.undecided)
    for name, count in (("tests", len(judgements)), ("failures", failures), ("skipped", skipped)):
        suite.set(name, str(count))
    return suite


def _run(found: list[dict[str, Any]]) -> dict[str, Any]:
    rule = {"id": RULE, "shortDescription": {"text": "A class whose objects are never given back"}}
    results = [
        {
            "ruleId": RULE,
            "level": "error" if one["state"] == "confirmed" else "warning",
            "message": {"text": one["sentence"]},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": one["class"], "kind": "type"}]}],
            "properties": {"evidence": one["evidence"], "hosts": one["hosts"]},
        }
        for one in found
    ]
    driver = {"name": "heapwatch", "version": __version__, "rules": [rule]}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
