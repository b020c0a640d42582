"""./run lint and ./run test: stages in order, each with its own summary, one total at the end."""

from __future__ import annotations

import functools
import os
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Callable, Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from . import debian, pages, python
from .work import CACHE, ROOT, VENV, Failure, Stopwatch, heard, logged, passed_through, say

REPORTS = CACHE / "test-reports"

AGENT_ROOMS = ["errors.py", "model.py", "__init__.py", "jvm", "wire", "ship", "agent"]
"""What runs on the hosts of a fleet, where Python is old."""


class Stage(NamedTuple):
    name: str
    marks: str  # pytest's -m
    rooms: Sequence[str]  # of tests/, where tests of its mark are; all of them for ()
    workers: int = 2


STAGES = [
    Stage("unit", "not (store or jvm or browser or e2e or soak)", ()),
    Stage(
        "store",
        "store and not (jvm or browser or e2e or soak)",
        ("store", "query", "monitor", "web", "cli"),
        4,
    ),
    Stage("jvm", "jvm and not (browser or e2e or soak)", ("jvm", "agent", "cli", "fleet")),
    Stage("browser", "browser and not (e2e or soak)", ("browser",), 3),
    Stage("e2e", "e2e and not soak", ("e2e", "web", "cli"), 4),
]
"""Cheap before dear. Tests of the later ones wait for half of their time: more of them at once."""

SOAK = Stage("soak", "soak", ("e2e",), 1)

COMPUTING = ("lint", "unit", "store")
"""What computes rather than waits: it runs beside the others, and gives way to them."""

Runner = Callable[[Sequence[str], Mapping[str, str]], int]

_DEAR = ["mypy", "ui tests", "TypeScript", "Python 3.9"]

_COMPILED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(CACHE / "pycache")}
"""Tests and the many programs they start are compiled once, whatever the caller's environment says."""


class Count(NamedTuple):
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:  # type: ignore[override]
        return Count(*(mine + theirs for mine, theirs in zip(self, other)))

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def _bin(name: str) -> str:
    return str(VENV / "bin" / name)


def _sources(*names: str) -> List[str]:
    return [name for name in names if (ROOT / name).exists()]


def _lint_commands() -> Dict[str, List[str]]:
    code = _sources("src", "tests", "benchmarks", "scripts", "run", "hatch_build.py", "examples")
    prose = _sources(
        "src", "tests", "docs", "ui/src", "examples/memleak/src", "examples/memleak/twin", "README.md"
    )
    prose += _sources("CHANGELOG.md", "CONTRIBUTING.md", "scripts", "benchmarks", "deploy")
    agent = [f"src/heapwatch/{room}" for room in AGENT_ROOMS if (ROOT / "src/heapwatch" / room).exists()]
    old = ["-t=3.9-", "--no-tips", "--eval-annotations", "--violations", "--backport", "typing"]
    old += ["--exclude", "tomllib"]  # imported where it is, replaced where it is not
    return {
        "ruff check": [_bin("ruff"), "check", "--quiet", "--output-format=concise", *code],
        "ruff format": [_bin("ruff"), "format", "--check", "--output-format=concise", *code],
        "mypy": [_bin("mypy"), "--no-error-summary"],
        "import floors": [_bin("lint-imports"), "--no-logo"],
        "spelling": [_bin("codespell"), *prose],
        "Python 3.9": [_bin("vermin"), *old, "run", "scripts/runner", *agent],
    }


def lint() -> Count:
    """Every check runs, whatever the others say; two at a time, those that take long first."""
    environment = {"PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    todo: Dict[str, Callable[[], Tuple[int, str]]] = {
        name: functools.partial(heard, command, environment) for name, command in _lint_commands().items()
    }
    if (ROOT / "ui" / "package.json").exists():
        script = pages.scripts()
        todo["TypeScript"] = functools.partial(script, "check")
        todo["ui tests"] = functools.partial(script, "test")
    count = Count()
    with ThreadPoolExecutor(2) as lanes:
        done = {lanes.submit(todo[name]): name for name in sorted(todo, key=_dearest_first)}
        for each in as_completed(done):
            code, said = each.result()
            print(said, end="")
            count += _checked(done[each], code)
    return count


def _dearest_first(check: str) -> int:
    return _DEAR.index(check) if check in _DEAR else len(_DEAR)


def _checked(name: str, code: int) -> Count:
    print(f"  {'ok' if code == 0 else 'FAILED':<8} {name}", flush=True)
    return Count(passed=1) if code == 0 else Count(failed=1)


def _provision_jvms() -> None:
    """Runtimes of several JDKs from PyPI; what cannot be had the tests skip, or report in CI."""
    try:
        told = "Some JVMs to test on could not be fetched"
        logged("jvms", [str(python.PYTHON), str(ROOT / "tests" / "jvms" / "provision.py")], told)
    except Failure as failure:
        say("jvms", str(failure))


def giving_way(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command beside others: they come first, and what it says it says at its end."""
    code, said = heard(["nice", "-n", "5", *command], env)
    print(said, flush=True)
    return code


def stage(which: Stage, arguments: Sequence[str] = (), runner: Runner = passed_through) -> Count:
    if which.name in ("jvm", "e2e"):
        _provision_jvms()
    REPORTS.mkdir(parents=True, exist_ok=True)
    workers = ["-n", str(which.workers), "--dist", "loadfile"] if which.workers > 1 else []
    code, count = _tests(runner, which, which.name, *workers, *arguments)
    if code not in (0, _NOTHING_COLLECTED) and count.failed == 0:
        return count + Count(failed=1)  # pytest itself gave up: a broken conftest, an interrupt
    if not arguments and 0 < count.failed <= _FEW:
        return _once_more(runner, which, count)
    return count


_NOTHING_COLLECTED = 5
_FEW = 10


def _once_more(runner: Runner, which: Stage, count: Count) -> Count:
    """Failed tests again, each by itself, in their own order: what fails again fails.

    Real JVMs and browsers on a machine that others use too are unlucky at times. What passes now is named, so
    that somebody finds out why it did not.
    """
    names = _failed(REPORTS / f"{which.name}.xml")
    say("again", f"{count.failed} of the tests failed; once more by themselves")
    words = ["--last-failed", "--last-failed-no-failures=none"]
    _, again = _tests(runner, which, f"{which.name}-again", *words)
    if again.failed == 0 and again.passed >= count.failed:
        for name in names:
            say("unsteady", name)
        return Count(count.passed + count.failed, 0, count.skipped)
    return count


def _tests(runner: Runner, which: Stage, report_name: str, *arguments: str) -> Tuple[int, Count]:
    """pytest's exit code, and what it counted."""
    report = REPORTS / f"{report_name}.xml"
    report.unlink(missing_ok=True)
    command = [
        str(python.PYTHON),
        "-m",
        "pytest",
        "-q",
        "-m",
        which.marks,
        f"--junitxml={report}",
        f"--override-ini=cache_dir={CACHE / 'pytest' / which.name}",  # what failed last, stage by stage
        *arguments,
    ]
    if not any((ROOT / argument.partition("::")[0]).exists() for argument in arguments):
        command += [f"tests/{room}" for room in which.rooms]
    return runner(command, {**_COMPILED, "PATH": debian.path()}), _read(report)


def _failed(report: os.PathLike) -> List[str]:  # type: ignore[type-arg]
    """The tests of a JUnit report that failed."""
    cases = ElementTree.parse(report).getroot().iter("testcase")
    bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return sorted({f"{case.get('classname')}::{case.get('name')}" for case in bad})


def _read(report: os.PathLike) -> Count:  # type: ignore[type-arg]
    """The counts of a JUnit report; nothing when pytest did not come to write one."""
    try:
        suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return Count()
    total = Count()
    for suite in suites:
        number = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
        bad = number["failures"] + number["errors"]
        total += Count(number["tests"] - bad - number["skipped"], bad, number["skipped"])
    return total


def test(arguments: Sequence[str]) -> int:
    """`./run test`, `./run test fast`, `./run test unit jvm`, `./run test -k word`, or any mixture."""
    words = [word for word in arguments if not word.startswith("-")]
    named = [each.name for each in [*STAGES, SOAK]]
    first: List[str] = []
    for word in words:
        if word not in named and word not in ("lint", "fast"):
            break
        first.append(word)
    rest = list(arguments)[len(first) :]
    if "fast" in first:
        first = ["lint", "unit"]
    if not first:
        first = ([] if rest else ["lint"]) + [each.name for each in STAGES]
    watch = Stopwatch()
    results = _results(first, rest)
    print()
    for name in first:
        print(f"  {name:<8} {results[name][0]}, in {results[name][1]}")
    total = sum((count for count, _ in results.values()), Count())
    print(f"  in {watch}\n\n{total}", flush=True)
    if total.failed == 0 and total.passed == 0:
        raise Failure("No test ran: nothing matches " + " ".join(arguments))
    return 1 if total.failed else 0


def _results(names: Sequence[str], arguments: Sequence[str]) -> Dict[str, Tuple[Count, str]]:
    """What each stage counted, and how long it took: in two rows when there is work for both."""
    beside = [name for name in names if name in COMPUTING]
    before = [name for name in names if name not in COMPUTING]
    if not beside or not before:
        return dict(_row(names, arguments, passed_through))
    with ThreadPoolExecutor(1) as other:
        row = other.submit(lambda: dict(_row(beside, arguments, giving_way)))
        results = dict(_row(before, arguments, passed_through))
        return {**results, **row.result()}


def _row(
    names: Sequence[str], arguments: Sequence[str], runner: Runner
) -> Iterator[Tuple[str, Tuple[Count, str]]]:
    """Stages one after the other."""
    known = {each.name: each for each in [*STAGES, SOAK]}
    for name in names:
        print(f"\n== {name}", flush=True)
        watch = Stopwatch()
        count = lint() if name == "lint" else stage(known[name], arguments, runner)
        yield name, (count, str(watch))


def bench(arguments: Sequence[str]) -> int:
    """Run benchmarks/*.py and benchmarks/*/, or the one that is named, with its own arguments."""
    folder = ROOT / "benchmarks"
    known = {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}
    known.update({path.parent.name: path.parent for path in sorted(folder.glob("*/__main__.py"))})
    if arguments and not arguments[0].startswith("-"):
        if arguments[0] not in known:
            raise Failure(f"There is no benchmark {arguments[0]!r}; there are: {', '.join(known)}")
        return passed_through(
            [str(python.PYTHON), str(known[arguments[0]]), *arguments[1:]], {"PATH": debian.path()}
        )
    paths = {"PATH": debian.path()}
    codes = [passed_through([str(python.PYTHON), str(path), *arguments], paths) for path in known.values()]
    return max(codes, default=0)
