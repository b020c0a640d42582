"""What collecting from a host by SSH costs, on both sides: `heapwatch collect` beside ansible-core.

    python benchmarks/fleet.py [--hosts 15] [--forks 10] [--rounds 3] [--many 300]

A real sshd on loopback has an address for each host, so that each has a connection of its own; behind all of
them is the same JVM. Three ways take its histogram: `heapwatch collect`, a playbook with our module, and a
playbook with `ansible.builtin.command: jcmd`. CPU is the kernel's: of whoever collects with all its children,
those that go into the background included; and of what sshd started for it. Then `heapwatch collect` alone
asks many hosts that asyncssh plays in another process. Nothing is asserted. Medians of some rounds;
benchmarks/results/fleet.json and fleet.md.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TOOLS = Path(sys.executable).parent
TICKS = os.sysconf("SC_CLK_TCK")
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "scripts"), str(ROOT / "tests" / "fleet")]

import build_collection  # noqa: E402
import sshd  # noqa: E402

JVM = "fleet-benchmark"
PROGRAM = "class Waits { public static void main(String[] a) throws Exception { System.in.read(); } }"
ADOPT_ORPHANS = 36  # prctl: PR_SET_CHILD_SUBREAPER
LIARS = (20, 21, 22, 23, 140)  # hosts of tests/fleet/test_many.py that never tell the truth

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - {task}
      register: heap
"""
MODULE = f'heapwatch.heapwatch.histogram: {{host: "{{{{ inventory_hostname }}}}", jvms: [{JVM}]}}'
COMMAND = 'ansible.builtin.command: {{argv: [{jcmd}, "{pid}", GC.class_histogram, -all]}}'

Cost = dict[str, float]


@contextmanager
def program(folder: Path) -> Iterator[int]:
    """A small JVM; its pid."""
    (folder / "Waits.java").write_text(PROGRAM)
    words = ["java", "-Xmx64m", "-XX:+UseSerialGC", f"-Dheapwatch.name={JVM}", str(folder / "Waits.java")]
    process = subprocess.Popen(words, stdin=subprocess.PIPE)
    jcmd = [shutil.which("jcmd") or "jcmd", str(process.pid), "VM.version"]
    while subprocess.run(jcmd, capture_output=True, check=False).returncode:
        time.sleep(0.2)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def run(words: list[str], variables: dict[str, str], target: Callable[[], float]) -> Cost:
    """One run: wall, and CPU of all its processes and of the other side."""
    before, there = resource.getrusage(resource.RUSAGE_CHILDREN), target()
    begun = time.monotonic()
    done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    wall = time.monotonic() - begun
    if done.returncode:
        raise SystemExit(f"{words} ended with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
    while left := children():  # Ansible leaves an ssh for each host in the background
        for pid in left:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": wall, "cpu_s": own, "target_cpu_s": target() - there}


def children() -> list[int]:
    """Orphans of what was run: all our children but those that were here before."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, found) if pid not in KEPT]


KEPT: set[int] = set()


def waited_for(pid: int) -> float:
    """CPU of all children that a process has waited for, once it has none left."""
    while Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        time.sleep(0.05)
    cells = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(cells[13]) + int(cells[14])) / TICKS


def beside_ansible(folder: Path, hosts: int, forks: int, rounds: int) -> dict[str, list[Cost]]:
    names = {f"web{number:02}": f"127.0.0.{number + 1}" for number in range(1, hosts + 1)}
    sshd.CONFIG += "".join(f"ListenAddress {address}:{{port}}\n" for address in names.values())
    with sshd.sshd(folder / "sshd") as server, program(folder) as pid:
        while server.log.read_text().count("Server listening") <= hosts:  # sshd takes 16 addresses at most
            time.sleep(0.05)
        KEPT.update((server.process.pid, pid))
        config, known = folder / "ssh_config", folder / "known_hosts"
        known.write_text(server.known_hosts(*names.values()))
        config.write_text(
            f"Host *\n IdentityFile {server.key}\n IdentityAgent none\n UserKnownHostsFile {known}\n"
        )
        same = f"ansible_port={server.port} ansible_python_interpreter={sys.executable}"
        lines = [f"{name} ansible_host={address} {same}" for name, address in names.items()]
        (folder / "hosts.ini").write_text("\n".join(lines) + "\n")
        toml = f'[defaults]\nport = {server.port}\npython = "{sys.executable}"\n' + "".join(
            f'[[hosts]]\nname = "{name}"\naddress = "{address}"\n' for name, address in names.items()
        )
        (folder / "hosts.toml").write_text(toml)
        build_collection.build(folder)
        jcmd = COMMAND.format(jcmd=shutil.which("jcmd"), pid=pid)
        for name, task in (("module", MODULE), ("command", jcmd)):
            (folder / f"{name}.yml").write_text(PLAY.format(task=task))
        variables = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "HEAPWATCH_RUNTIME_DIR": str(folder / "run"),
            "ANSIBLE_COLLECTIONS_PATH": str(folder),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_SSH_ARGS": f"-F {config} -C -o ControlMaster=auto -o ControlPersist=60s",
        }
        play = [str(TOOLS / "ansible-playbook"), "-i", str(folder / "hosts.ini"), "-f", str(forks)]
        ways = {
            "heapwatch collect": collect(folder / "hosts.toml", config, forks, JVM),
            "ansible-playbook, our module": [*play, str(folder / "module.yml")],
            "ansible-playbook, command: jcmd": [*play, str(folder / "command.yml")],
        }
        found: dict[str, list[Cost]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, words in ways.items():
                found[way].append(run(words, variables, lambda: waited_for(server.process.pid)))
                print(way, found[way][-1], flush=True)
        return found


def collect(inventory: Path, config: Path, forks: int, jvm: str) -> list[str]:
    words = [sys.executable, "-m", "heapwatch.cli.main", "collect", "-i", str(inventory), "-f", str(forks)]
    return [*words, "--jvm", jvm, "--print", "jsonl", "--ssh-config", str(config)]


def alone(folder: Path, many: int, forks: int, rounds: int) -> list[Cost]:
    """Many hosts, played by one process."""
    words = [sys.executable, __file__, "--play", str(folder), "--many", str(many)]
    town = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert town.stdin is not None
    assert town.stdout is not None
    KEPT.add(town.pid)
    town.stdout.readline()

    def used() -> float:
        cells = Path(f"/proc/{town.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(cells[11]) + int(cells[12])) / TICKS

    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    try:
        words = collect(folder / "many.toml", folder / "many_config", forks, "shop")
        return [run(words, variables, used) for _ in range(rounds)]
    finally:
        town.stdin.close()
        town.wait()


def play(folder: Path, many: int) -> None:
    """The other process: hosts until standard input ends."""
    import asyncssh
    import test_many

    test_many.ODD.clear()
    test_many.HOSTS = many + len(LIARS)
    town = test_many.Town()
    ports = {number: port for number, port in town.ports.items() if number not in LIARS}
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(folder / "key")
    public = town.key.export_public_key().decode().strip()
    addresses = {number: test_many.address(number) for number in ports}
    (folder / "many_known").write_text(
        "".join(f"[{addresses[number]}]:{port} {public}\n" for number, port in ports.items())
    )
    (folder / "many_config").write_text(
        f"Host *\n IdentityFile {folder / 'key'}\n IdentityAgent none\n"
        f" UserKnownHostsFile {folder / 'many_known'}\n"
    )
    entries = (
        f'[[hosts]]\nname = "host{number}"\naddress = "{addresses[number]}"\nport = {port}\nuser = "app"\n'
        for number, port in ports.items()
    )
    (folder / "many.toml").write_text("".join(entries))
    print("ready", flush=True)
    sys.stdin.read()
    town.close()


def median(costs: list[Cost]) -> Cost:
    return {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}


def line(way: str, hosts: int, cost: Cost, target: bool) -> str:
    own = f"{cost['cpu_s'] / hosts * 1000:,.0f}"
    other = f"{cost['target_cpu_s'] / hosts * 1000:,.0f}" if target else ""
    return f"| {way} | {hosts} | {own} | {other} | {cost['wall_s']:.1f} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=15, choices=range(1, 16))
    parser.add_argument("--forks", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=300)
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.play:
        play(told.play, told.many)
        return 0
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    os.nice(10)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        many = alone(Path(scratch), told.many, told.forks, told.rounds)
        print("many", many, flush=True)
        found = beside_ansible(Path(scratch), told.hosts, told.forks, told.rounds)
    rows = [line(way, told.hosts, median(costs), True) for way, costs in found.items()]
    rows.append(line("heapwatch collect, hosts played by asyncssh", told.many, median(many), False))
    ours = median(found["heapwatch collect"])["cpu_s"]
    ratios = [
        f"{median(costs)['cpu_s'] / ours:.0f} times for {way}" for way, costs in list(found.items())[1:]
    ]
    text = f"""# What collecting from a host costs

`python benchmarks/fleet.py`: a histogram of one small JVM from {told.hosts} hosts over a real sshd on
loopback, {told.forks} at a time, no facts gathered, keys known; medians of {told.rounds} rounds, starting the
program included. CPU of whoever collects is of all its processes; of a host it is what its sshd started,
without the JVM's own work: the kernel counts it, whatever else the machine does. The wall clock is of both
sides on one machine with {os.cpu_count()} cores, and of what else ran there: its load was {load:.0f} before.

| way | hosts | ms of CPU a host, here | ms of CPU a host, there | wall s |
|---|--:|--:|--:|--:|
{chr(10).join(rows)}

In CPU of whoever collects: {", ".join(ratios)}.
"""
    RESULTS.mkdir(exist_ok=True)
    report = {key: value for key, value in vars(told).items() if key != "play"}
    report.update(ways=found, alone=many)
    (RESULTS / "fleet.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "fleet.md").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
