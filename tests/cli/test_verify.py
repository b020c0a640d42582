"""`heapwatch verify` and `heapwatch check`: a fix proved, and leaks that fail a build."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from recorded import write
from simulated import Program, filling, leaking, walking

from heapwatch.cli.main import run

ROOT = "com.shop.Order"
CHURN = {ROOT: 6e-3}
LEAK = Program(seed=1, populations={ROOT: leaking(20)}, churn=CHURN)


def verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], after: Program
) -> tuple[int, list[dict[str, object]]]:
    write(tmp_path / "before", "a", LEAK.run())
    write(tmp_path / "after", "a", after.run())
    code = run(["verify", str(tmp_path / "before"), str(tmp_path / "after"), "-o", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_fix_is_proved_with_the_balance_of_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = Program(seed=3, populations={ROOT: walking(300, step=2)}, churn=CHURN)
    code, (found,) = verified(tmp_path, capsys, after)
    assert (code, found["verdict"], found["class"]) == (0, "fixed", ROOT)
    assert found["by_host"] == {"host1": "fixed"}
    assert found["balance_before"] < found["balance_after"]  # type: ignore[operator]
    assert run(["verify", str(tmp_path / "before"), str(tmp_path / "after")]) == 0
    assert ": fixed." in capsys.readouterr().out


def test_what_still_leaks_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,) = verified(tmp_path, capsys, Program(seed=3, populations={ROOT: leaking(20)}, churn=CHURN))
    assert (code, found["verdict"]) == (1, "not fixed")


def test_a_leak_that_came_with_the_fix_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    after = Program(
        seed=3, populations={ROOT: walking(300, step=2), "com.shop.Retry": leaking(15)}, churn=CHURN
    )
    code, found = verified(tmp_path, capsys, after)
    assert code == 1
    assert {one["class"]: one["verdict"] for one in found} == {ROOT: "fixed", "com.shop.Retry": "new leak"}


def test_a_service_that_is_not_there_after_is_not_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (found,) = verified(tmp_path, capsys, Program(service="other"))
    assert (code, found["verdict"]) == (1, "not enough data")
    assert "no histograms of shop" in str(found["sentence"])


def test_where_nothing_leaked_there_is_nothing_to_prove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calm = Program(populations={ROOT: filling(900, 8)}).run()
    write(tmp_path / "before", "a", calm)
    write(tmp_path / "after", "a", calm)
    assert run(["verify", str(tmp_path / "before"), str(tmp_path / "after")]) == 0
    assert capsys.readouterr().out.strip() == "Nothing leaks before, and nothing after."


def test_a_leak_fails_a_build_in_the_forms_that_builds_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "run", "leaky", LEAK.run())
    write(tmp_path / "run", "calm", Program(service="search").run())
    write(tmp_path / "run", "short", Program(service="brief", seconds=9).run())
    junit, sarif = tmp_path / "leaks.xml", tmp_path / "leaks.sarif"
    assert run(["check", str(tmp_path / "run"), "--junit", str(junit), "--sarif", str(sarif)]) == 1
    assert "3 JVMs, 1 leaks, 1 not judged" in capsys.readouterr().out
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite.find("testcase[@classname='heapwatch.shop']/failure")
    assert failure is not None
    assert ROOT in str(failure.get("message"))
    (result,) = json.loads(sarif.read_text())["runs"][0]["results"]
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == ROOT
    assert result["level"] == "error"


def test_only_confirmed_leaks_need_fail(tmp_path: Path) -> None:
    suspect = Program(populations={ROOT: leaking(20)}, old_every=0)
    write(tmp_path / "run", "a", suspect.run())
    assert run(["check", str(tmp_path / "run")]) == 1
    assert run(["check", str(tmp_path / "run"), "--confirmed"]) == 0


def test_a_report_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "run", "a", LEAK.run())
    assert run(["check", str(tmp_path / "run"), "--junit", str(tmp_path / "no" / "x.xml")]) == 2
    assert "cannot write" in capsys.readouterr().err
