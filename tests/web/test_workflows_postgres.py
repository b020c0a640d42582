"""Workflows whose runs PostgreSQL remembers: a run that waits for an answer outlives the server there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from servers import Server

pytestmark = pytest.mark.store

ASKS = """
workflow: asks
on: manual
steps:
  - {id: ask, do: approval, with: {text: "go on?"}}
  - {id: say, do: log, with: {text: "{{ steps.ask.output.by }} said so"}}
"""


def _as_another(command: list[str]) -> list[str]:
    """PostgreSQL does not run as root."""
    return (
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        if os.geteuid() == 0
        else command
    )


@pytest.fixture
def database(needs: Callable[[str], str]) -> Iterator[str]:
    """The address of an empty cluster of our own, on the loopback alone."""
    needs("pg_ctlcluster")
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="hw-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    made = [str(programs / "initdb"), "-D", str(data), "-U", "heapwatch", "-A", "trust", "--no-sync"]
    subprocess.run(_as_another(made), check=True, capture_output=True, cwd=folder)
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            _as_another([str(programs / "postgres"), "-D", str(data), *options]),
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        address = f"postgresql://heapwatch@127.0.0.1:{port}"
        _until(lambda: _made(f"{address}/postgres"), folder / "log")
        yield f"{address}/runs"
    finally:
        running.terminate()
        running.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _made(address: str) -> bool:
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE runs")
    except psycopg.OperationalError:
        return False
    return True


def _until(so: Callable[[], Any], log: Path) -> Any:
    end = time.monotonic() + 60
    while not (found := so()):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    return found


def _remembered(database: str) -> list[tuple[str, str]]:
    with psycopg.connect(database) as connection:
        return connection.execute("SELECT workflow_uuid, status FROM dbos.workflow_status").fetchall()


def test_a_run_that_waits_outlives_the_server(database: str, tmp_path: Path) -> None:
    (tmp_path / "asks.yml").write_text(ASKS)
    data = tmp_path / "data"

    def state() -> str:
        return str(server.http.get(f"/api/v1/runs/{run}").json()["state"])

    with Server(data, workflows=tmp_path / "asks.yml", workflows_dsn=database) as server:
        run = server.http.post("/api/v1/workflows/asks/runs", json={}).raise_for_status().json()["id"]
        _until(lambda: state() == "waiting_approval", server.log)
        server.kill()
        server.start()
        assert state() == "waiting_approval"
        server.http.post(f"/api/v1/runs/{run}/approve", json={}).raise_for_status()
        _until(lambda: state() == "succeeded", server.log)
        found = server.http.get(f"/api/v1/runs/{run}").json()
        assert found["steps"][1]["output"]["text"] == "anybody said so"
        assert not (data / "workflows.db").exists()
        _until(lambda: _remembered(database) == [(run, "SUCCESS")], server.log)
        assert server.stop() == 0
