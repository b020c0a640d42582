"""`heapwatch test queries|rules PATH...`"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cyclopts import App

from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import clean, write_json
from heapwatch.errors import UsageError

app = App(
    name="test",
    help="""Check queries and monitors against data and answers in files.

For example:

    heapwatch test queries my-queries/
    heapwatch test rules my-monitors/
""",
)

QUERIES, RULES = ".hwq", ".hwt"


@app.command
def queries(*paths: Path, verbose: bool = False, output: TableOutput = TABLE) -> int:
    """Run query scripts: data, queries over it, and what they must answer.

    Each file runs on a store of its own in a temporary directory; no server
    is needed. Exit code 1 when an answer is not as expected: the difference
    is printed.

    For example:

        heapwatch test queries leak.hwq
        heapwatch test queries my-queries/ --verbose
        heapwatch test queries . -o json

    Parameters
    ----------
    paths
        Files, and folders whose *.hwq are run.
    verbose
        Name the queries that are as expected too.
    """
    from heapwatch.query import script

    def tried() -> Iterator[_Tried]:
        for path in _files(paths, QUERIES):
            for outcome in script.check(script.read(path)):
                yield _Tried(outcome.where, outcome.query.text, outcome.problems)

    return _told(tried(), ("query", "queries"), verbose, output)


@app.command
def rules(*paths: Path, verbose: bool = False, output: TableOutput = TABLE) -> int:
    """Run rule scripts: monitors, data, and the states they must come to.

    Each file runs on a store of its own in a temporary directory; no server
    is needed. Exit code 1 when a monitor is not what it should be.

    For example:

        heapwatch test rules heap.hwt
        heapwatch test rules my-monitors/ --verbose
        heapwatch test rules . -o json

    Parameters
    ----------
    paths
        Files, and folders whose *.hwt are run.
    verbose
        Name the runs that are as expected too.
    """
    from heapwatch.monitor.rules import check

    def tried() -> Iterator[_Tried]:
        for path in _files(paths, RULES):
            for outcome in check(path):
                yield _Tried(outcome.where, "", outcome.problems)

    return _told(tried(), ("run", "runs"), verbose, output)


class _Tried(NamedTuple):
    where: str
    text: str
    problems: Sequence[str]


def _told(all_: Iterable[_Tried], noun: tuple[str, str], verbose: bool, output: TableOutput) -> int:
    """Print outcomes as they come; the exit code."""
    if output.kind == "csv":
        raise UsageError("outcomes come as a table or as JSON: -o table or -o json")
    failed, told = 0, []
    for one in all_:
        failed += bool(one.problems)
        told.append({"where": one.where, "problems": list(one.problems)})
        if output.kind == "table" and (verbose or one.problems):
            _print(one.where, one.text, one.problems)
    ran, (single, several) = len(told), noun
    if output.kind == "json":
        write_json({several: ran, "failed": failed, "outcomes": told})
    else:
        print(f"{ran:,} {single if ran == 1 else several}: {failed or 'none'} failed")
    if not ran:
        raise UsageError(f"there is no {single} in these files")
    return 1 if failed else 0


def _print(where: str, text: str, problems: Sequence[str]) -> None:
    print(f"{where}: {'not as expected' if problems else 'as expected'}")
    if not problems:
        return
    for line in text.split("\n") if text else ():
        print(f"    {clean(line)}")
    for problem in problems:
        for line in problem.split("\n"):
            print(f"  {clean(line)}")
    sys.stdout.flush()


def _files(paths: Sequence[Path], suffix: str) -> list[Path]:
    if not paths:
        raise UsageError(f"nothing to run: name scripts (*{suffix}) or folders of them")
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob(f"*{suffix}"))
            if not below:
                raise UsageError(f"no *{suffix} in {path}")
            found += below
        elif path.exists():
            found.append(path)
        else:
            raise UsageError(f"no such file or folder: {path}")
    return found
