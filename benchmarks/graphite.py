"""Graphite lines side by side: heapwatch, carbon-cache and VictoriaMetrics take the same ones in one run.

    python benchmarks/graphite.py [--series 50000] [--moments 20] [--rounds 3]

Each is a process of its own with an empty folder. It gets all lines of all moments by one TCP connection:
once while every series is new; once more, later times of them, while it knows them all, as fast as it reads
them (a relay that catches up); and at last as they come, a moment when the one before is written. CPU is the
kernel's, of all threads, from the first byte until its threads have come to rest, less what it uses when
nothing happens: whatever a store does with samples later (merging, writing) is in it. carbon-cache has no
limits on updates and creations, which is how it does best. Kept: at least 10 times carbon's samples per CPU
second, and at least VictoriaMetrics' own. Afterwards the newest value of one series is asked of each. Needs
Debian's graphite-carbon and victoria-metrics. Writes benchmarks/results/graphite.json and graphite.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
TICKS = os.sysconf("SC_CLK_TCK")
MINUTE = 60
COMING = 8
"""Moments that come one by one."""
UPKEEP_S = 70
"""After so long each has begun its upkeep: heapwatch sums hours up that are over, as those of `new` are."""
CASES = {"new": "new series", "known": "known series, all at once", "coming": "known series, as they come"}
OVER_CARBON, OVER_VICTORIA = 10.0, 1.0

SERVE = """
import json, sys
from heapwatch.web.serve import serve
from heapwatch.web.settings import Settings

serve(Settings(**json.loads(sys.argv[1])), ready=lambda serving: print("ready", flush=True))
"""
CARBON = """[cache]
STORAGE_DIR={folder}
LOCAL_DATA_DIR={folder}/whisper/
CONF_DIR={folder}
LOG_DIR={folder}
PID_DIR={folder}
USER=
MAX_CACHE_SIZE=inf
MAX_UPDATES_PER_SECOND=inf
MAX_CREATES_PER_MINUTE=inf
LINE_RECEIVER_INTERFACE=127.0.0.1
LINE_RECEIVER_PORT={lines}
PICKLE_RECEIVER_INTERFACE=127.0.0.1
PICKLE_RECEIVER_PORT={pickles}
CACHE_QUERY_INTERFACE=127.0.0.1
CACHE_QUERY_PORT={http}
CARBON_METRIC_INTERVAL=0
LOG_UPDATES=False
LOG_CREATES=False
LOG_CACHE_HITS=False
"""


class Taker:
    """One of them, running; `lines` is the port it takes lines on."""

    def __init__(self, folder: Path) -> None:
        self.lines, self.http, self.pickles = (free_port() for _ in range(3))
        self.folder = folder
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ
        )
        until(lambda: answers(self.lines))
        self.rest()

    def command(self) -> list[str]:
        raise NotImplementedError

    def newest(self, name: str) -> float:
        raise NotImplementedError

    def cpu(self) -> float:
        """Seconds that all its threads have used."""
        cells = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(cells[11]) + int(cells[12])) / TICKS

    def rest(self) -> float:
        """Wait until nothing is done any more; answers the CPU seconds until then."""
        before, quiet = self.cpu(), 0
        while quiet < 4:
            time.sleep(1)
            now = self.cpu()
            quiet = quiet + 1 if now - before < 0.08 else 0
            before = now
        return before

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


class Heapwatch(Taker):
    def command(self) -> list[str]:
        settings = {
            "data": str(self.folder),
            "listen": f"127.0.0.1:{self.http}",
            "graphite_listen": f"127.0.0.1:{self.lines}",
        }
        return [sys.executable, "-c", SERVE, json.dumps(settings)]

    def newest(self, name: str) -> float:
        body = json.dumps({"query": f"{name} | quantize to 1m using latest", "from": "-2d", "to": "now"})
        answer = asked(f"http://127.0.0.1:{self.http}/api/v1/query", body.encode())
        (series,) = answer["rows"][0]["series"]
        return float(next(value for value in reversed(series["values"]) if value is not None))


class Carbon(Taker):
    def command(self) -> list[str]:
        ports = {"lines": self.lines, "pickles": self.pickles, "http": self.http}
        (self.folder / "carbon.conf").write_text(CARBON.format(folder=self.folder, **ports))
        (self.folder / "storage-schemas.conf").write_text("[all]\npattern = .*\nretentions = 60s:2d\n")
        (self.folder / "storage-aggregation.conf").write_text("")
        return ["carbon-cache", f"--config={self.folder}/carbon.conf", "--nodaemon", "start"]

    def newest(self, name: str) -> float:
        """carbon's own last point of a whisper file: interval and value, from the archive's rows."""
        whisper = (self.folder / "whisper" / name.replace(".", "/")).with_suffix(".wsp").read_bytes()
        offset, _, points = struct.unpack_from("!3L", whisper, 16)
        rows = (struct.unpack_from("!Ld", whisper, offset + 12 * n) for n in range(points))
        return float(max(rows)[1])


class Victoria(Taker):
    def command(self) -> list[str]:
        return [
            "victoria-metrics",
            f"-storageDataPath={self.folder}",
            f"-httpListenAddr=127.0.0.1:{self.http}",
            f"-graphiteListenAddr=127.0.0.1:{self.lines}",
            "-retentionPeriod=10y",
            "-search.latencyOffset=0s",
        ]

    def newest(self, name: str) -> float:
        answer = asked(f"http://127.0.0.1:{self.http}/api/v1/export?match[]=%7B__name__%3D%22{name}%22%7D")
        return float(answer["values"][-1])


TAKERS: dict[str, type[Taker]] = {"heapwatch": Heapwatch, "carbon": Carbon, "VictoriaMetrics": Victoria}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("a server did not start within two minutes")
        time.sleep(0.1)


def asked(url: str, body: bytes | None = None) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read().splitlines()[0])


def lines(series: int, moments: int, first: int) -> tuple[list[bytes], str, float]:
    """A block of lines a moment; and the name and newest value of one of them."""
    names = [f"servers.web{n % 50}.app.part{n % 400}.thing{n}" for n in range(series)]
    blocks = [
        "".join(
            f"{name} {(n * 7 + step) % 1000 / 8} {first + MINUTE * step}\n" for n, name in enumerate(names)
        ).encode()
        for step in range(moments)
    ]
    return blocks, names[-1], ((series - 1) * 7 + moments - 1) % 1000 / 8


def measured(kind: type[Taker], series: int, moments: int) -> dict[str, float]:
    """Samples per CPU second in each case."""
    folder = Path(tempfile.mkdtemp())
    taker, started = kind(folder), time.monotonic()
    found: dict[str, float] = {}
    try:
        begun, used = time.monotonic(), taker.cpu()
        time.sleep(3)
        idle = (taker.cpu() - used) / (time.monotonic() - begun)
        last = int(time.time()) // MINUTE * MINUTE - COMING * MINUTE
        times = {"new": (last - 40 * 3600, moments), "known": (last - moments * MINUTE, moments)}
        for which, (first, count) in {**times, "coming": (last, COMING)}.items():
            blocks, name, value = lines(series, count, first)
            begun, used = time.monotonic(), taker.cpu()
            with socket.create_connection(("127.0.0.1", taker.lines)) as connection:
                for block in blocks:
                    connection.sendall(block)
                    if which == "coming":
                        taker.rest()
            if which == "new":
                time.sleep(max(0.0, started + UPKEEP_S - time.monotonic()))
            used = taker.rest() - used - idle * (time.monotonic() - begun)
            found[which] = series * count / used
        if (newest := taker.newest(name)) != value:
            raise SystemExit(f"{kind.__name__}: {name} is {newest}, and {value} was sent")
    finally:
        taker.close()
        shutil.rmtree(folder)
    return found


def page(found: dict[str, Any]) -> str:
    samples, over_carbon, over_victoria = (found[key] for key in ("samples", "over_carbon", "over_victoria"))
    rows = "\n".join(
        f"| {title} | {' | '.join(f'{each[case]:,.0f}' for each in samples.values())} |"
        f" {over_carbon[case]:.1f} | {over_victoria[case]:.2f} |"
        for case, title in CASES.items()
    )
    missed = [
        f"{title}: {ratio:g} times {peer}"
        for peer, over, least in (
            ("carbon", over_carbon, OVER_CARBON),
            ("VictoriaMetrics", over_victoria, OVER_VICTORIA),
        )
        for case, title in CASES.items()
        if (ratio := over[case]) < least
    ]
    kept = "NOT kept for " + "; ".join(missed) if missed else "kept"
    return f"""# Graphite lines, side by side

`python benchmarks/graphite.py`: {found["series"]:,} series of {found["moments"]} moments each by one
connection, all of them new at first and then known, and {COMING} moments that come one by one, each when the
one before has been written; the median of {found["rounds"]} rounds, one program after the other in each. CPU
until all threads rest, with merging and writing in it. carbon writes what it holds of a series at once: all
its moments when they come at once, and one when they come as they are made.

| samples per CPU second | {" | ".join(samples)} | over carbon | over VictoriaMetrics |
|---|{"--:|" * (len(samples) + 2)}
{rows}

At least {OVER_CARBON:g} times carbon and as much as VictoriaMetrics: {kept}.
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=50_000)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    missing = [name for name in ("carbon-cache", "victoria-metrics") if not shutil.which(name)]
    if missing:
        print(
            f"graphite: {' and '.join(missing)} missing; ./run bench graphite fetches them", file=sys.stderr
        )
        return 2
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in TAKERS}
    for _ in range(told.rounds):
        for name, kind in TAKERS.items():
            rounds[name].append(measured(kind, told.series, told.moments))
            print(name, {which: round(value) for which, value in rounds[name][-1].items()}, flush=True)
    samples = {
        name: {case: round(statistics.median(each[case] for each in found)) for case in CASES}
        for name, found in rounds.items()
    }
    ours = samples["heapwatch"]
    over = {
        peer: {which: round(ours[which] / samples[name][which], 2) for which in ours}
        for peer, name in (("over_carbon", "carbon"), ("over_victoria", "VictoriaMetrics"))
    }
    kept = min(over["over_carbon"].values()) >= OVER_CARBON
    kept = kept and min(over["over_victoria"].values()) >= OVER_VICTORIA
    found = {**vars(told), "samples": samples, **over, "kept": kept}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "graphite.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / "graphite.md").write_text(page(found))
    print(page(found))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
