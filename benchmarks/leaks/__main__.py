"""./run bench leaks: record what is missing, score it all, write benchmarks/results/leaks.{json,md}.

    python benchmarks/leaks [--series 2] [--parallel 7] [--score-only] [--no-hour]

The first time takes about an hour and a half of two cores, the hour-long runs among it; then minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from leaks.record import folder_of, record  # noqa: E402
from leaks.report import page, targets  # noqa: E402
from leaks.scenarios import all_runs  # noqa: E402
from leaks.score import everything  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help=".cache/leaks, or leaks-2 for series 2")
    parser.add_argument("--series", type=int, default=1, help="other seeds, exchanged collectors")
    parser.add_argument("--parallel", type=int, default=7)
    parser.add_argument("--score-only", action="store_true", help="record nothing")
    parser.add_argument("--no-hour", action="store_true", help="leave the hour-long runs out")
    given = parser.parse_args()
    folder = given.folder or folder_of(given.series)
    if not given.score_only:
        _record(folder, given.parallel, given.series, with_hours=not given.no_hour)
    found = {"commit": _commit(), "series": given.series, **everything(folder)}
    name = "leaks" if given.series == 1 else f"leaks-{given.series}"
    text = page(found)
    short = {**found, "runs": {each["run"]: _short(each) for each in found["runs"]}}
    RESULTS.joinpath(f"{name}.json").write_text(json.dumps(short, indent=1) + "\n")
    RESULTS.joinpath(f"{name}.md").write_text(text)
    print(text)
    return 0 if all(kept is not False for _, _, kept in targets(found)) else 1


def _short(run: dict[str, Any]) -> str:
    """Of each run what it is, and who says that it leaks, with the class named first."""
    said = [f"{name}: {each['first']}" for name, each in run["verdicts"].items() if each["positive"]]
    return f"{run['truth']['label']}; {'; '.join(said) or 'nobody says so'}"


def _record(folder: Path, parallel: int, series: int, *, with_hours: bool) -> None:
    runs = all_runs(series)
    hours = [run for run in runs if run.part == "hour"] if with_hours else []
    beside = threading.Thread(target=record, args=(hours, folder, max(len(hours), 1), series))
    beside.start()
    record([run for run in runs if run.part != "hour"], folder, parallel, series)
    beside.join()


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
