"""Scraping: every target in its own rhythm, as Prometheus does, with `up` and what the scrape itself cost.

Targets are spread over their interval by a hash of their address, so that a thousand of them are not asked
in one moment. A target that fails costs the others nothing; its samples are left out, and `up` is 0.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import structlog

from heapwatch import __version__
from heapwatch.errors import HeapwatchError, UsageError
from heapwatch.ingest import scrape_config
from heapwatch.ingest.batcher import Batcher, Samples
from heapwatch.ingest.doors import Door
from heapwatch.ingest.limits import TooLarge
from heapwatch.ingest.rejects import Rejects
from heapwatch.ingest.scrape_config import Target
from heapwatch.wire import exposition
from heapwatch.wire.graphite import Lines, untagged
from heapwatch.wire.series import series_of

log = structlog.get_logger("heapwatch.scrape")

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
LOOK_EVERY_S = 5.0
"""How often files of targets are read again."""


@dataclass
class Health:
    """How the last scrape of a target went."""

    up: bool | None = None  # None: not scraped yet
    last: int | None = None  # epoch ms
    seconds: float = 0.0
    samples: int = 0
    error: str = ""


@dataclass
class _Running:
    target: Target
    health: Health
    loop: asyncio.Task[None]


class Scraper:
    """All targets of one configuration. Lives on the event loop; texts are parsed in a thread."""

    def __init__(
        self,
        path: Path | None,
        batcher: Batcher,
        rejects: Rejects,
        *,
        largest: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.door = Door("scrape")
        self._path = path
        self._batcher = batcher
        self._rejects = rejects
        self._largest = largest
        self._clock = clock
        self._config = scrape_config.load(path) if path else scrape_config.Config()
        self._names = exposition.Names()
        self._running: dict[tuple[str, str], _Running] = {}
        self._clients: dict[str, httpx2.AsyncClient] = {}  # by the settings of their TLS
        self._watch: asyncio.Task[None] | None = None
        self._trouble = ""

    def start(self) -> None:
        if self._path is not None:
            self._watch = asyncio.create_task(self._follow(), name="scrape-targets")

    async def stop(self) -> None:
        running = [each.loop for each in self._running.values()] + ([self._watch] if self._watch else [])
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for client in self._clients.values():
            await client.aclose()

    def reload(self) -> None:
        """Read the file again, from any thread; UsageError leaves everything as it was."""
        if self._path is not None:
            self._config = scrape_config.load(self._path)

    def rows(self) -> list[dict[str, Any]]:
        """Every target and how it is, for `GET /api/v1/targets`."""
        return [_row(each.target, each.health) for _, each in sorted(self._running.items())]

    async def _follow(self) -> None:
        while True:
            self._change()
            await asyncio.sleep(LOOK_EVERY_S)

    def _change(self) -> None:
        """Begin with targets that are new, end with those that are gone."""
        assert self._path is not None
        try:
            wanted = {each.key: each for each in scrape_config.targets(self._config, self._path.parent)}
        except UsageError as error:
            if str(error) != self._trouble:
                log.error("targets stay as they were", error=str(error))
            self._trouble = str(error)
            return
        self._trouble = ""
        for key, running in list(self._running.items()):
            if wanted.get(key) != running.target:
                running.loop.cancel()
                del self._running[key]
        for key, target in wanted.items():
            if key not in self._running:
                health = Health()
                loop = asyncio.create_task(self._repeat(target, health), name=f"scrape {target.url}")
                self._running[key] = _Running(target, health, loop)

    async def _repeat(self, target: Target, health: Health) -> None:
        digest = hashlib.blake2b(repr(target.key).encode(), digest_size=8).digest()
        offset = int.from_bytes(digest, "big") / 2**64 * target.interval
        named = Named(target)
        while True:
            now = self._clock()
            await asyncio.sleep(target.interval - (now - offset) % target.interval)
            try:
                await self._scrape(target, named, health)
            except Exception as error:
                health.up, health.error = False, f"{type(error).__name__}: {error}"[:300]
                log.exception("a scrape failed", target=target.url)

    async def _scrape(self, target: Target, named: Named, health: Health) -> None:
        health.last, begun = int(self._clock() * 1000), time.monotonic()
        lines = Lines()
        try:
            async with asyncio.timeout(target.timeout):
                lines = await self._read(target, named, health.last)
            health.up, health.error = True, ""
        except TimeoutError:
            health.up, health.error = False, f"no answer within {target.timeout:g} s"
        except (HeapwatchError, httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError) as error:
            health.up, health.error = False, f"{error or type(error).__name__}"[:300]
        health.seconds, health.samples = time.monotonic() - begun, len(lines)
        if not health.up:
            self._rejects.add(self.door.name, "failed", peer=target.instance, detail=health.error)
        await self._keep(target, health, lines)

    async def _read(self, target: Target, named: Named, now: int) -> Lines:
        job = target.job
        most = job.body_size_limit or self._largest
        parts: list[bytes] = []
        size = 0
        async with self._client(target).stream("GET", target.url, headers=_headers(target)) as answer:
            if answer.status_code != 200:
                raise UsageError(f"it answers {answer.status_code} {answer.reason_phrase}")
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > most:
                    raise TooLarge(f"its text has more than {most} bytes (body_size_limit)")
                parts.append(part)
            openmetrics = exposition.is_openmetrics(answer.headers.get("content-type", ""))
        self.door.came(size, requests=1)
        body = b"".join(parts)

        def read() -> Lines:
            lines = exposition.parse(body, now, openmetrics=openmetrics, names=self._names)
            lines.paths = named.series(lines.paths)
            return lines

        lines = await asyncio.to_thread(read)
        if job.sample_limit and len(lines) > job.sample_limit:
            raise TooLarge(
                f"it has {len(lines)} samples, more than the job's sample_limit {job.sample_limit}"
            )
        if not job.honor_timestamps:
            for place in range(len(lines)):
                lines.times[place] = now
        return lines

    async def _keep(self, target: Target, health: Health, lines: Lines) -> None:
        kept = dict(lines.rejects.samples)
        for reason, count in lines.rejects.counts.items():
            self._rejects.add(self.door.name, reason, kept.get(reason, b""), target.instance, count=count)
        labels = dict(target.labels)
        own = {
            "up": float(bool(health.up)),
            "scrape_duration_seconds": health.seconds,
            "scrape_samples_scraped": float(len(lines)),
        }
        assert health.last is not None
        samples = Samples(
            [*lines.paths, *(series_of(name, labels) for name in own)],
            [*lines.times, *[health.last] * len(own)],
            [*lines.values, *own.values()],
            self.door.name,
            sender=target.job.job_name,
        )
        self.door.samples += len(samples.series)
        if not self._batcher.offer_samples(samples):
            self._rejects.add(self.door.name, "queue-full", peer=target.instance, count=len(samples.series))

    def _client(self, target: Target) -> httpx2.AsyncClient:
        tls = target.job.tls_config.model_dump_json()
        if tls not in self._clients:
            self._clients[tls] = httpx2.AsyncClient(
                verify=_context(target), follow_redirects=True, trust_env=False, timeout=None
            )
        return self._clients[tls]


def _row(target: Target, health: Health) -> dict[str, Any]:
    return {
        "job": target.job.job_name,
        "instance": target.instance,
        "url": target.url,
        "labels": dict(target.labels),
        "interval_s": target.interval,
        "health": {None: "unknown", True: "up", False: "down"}[health.up],
        "last": health.last,
        "seconds": round(health.seconds, 6),
        "samples": health.samples,
        "error": health.error,
    }


class Named:
    """The series of a target by what its page calls them; what is not on the page any more is forgotten."""

    def __init__(self, target: Target) -> None:
        self._labels = dict(target.labels)
        self._theirs_win = target.job.honor_labels
        self._known: dict[str, str] = {}

    def series(self, paths: Sequence[str]) -> list[str]:
        known = self._known
        self._known = now = {path: known.get(path) or self._with_labels(path) for path in paths}
        return [now[path] for path in paths]

    def _with_labels(self, path: str) -> str:
        """The target's labels beside the sample's own; of the same name the sample's becomes `exported_`."""
        name, own = untagged(path)
        if self._theirs_win:
            return series_of(name, {**self._labels, **own})
        moved = {f"exported_{key}" if key in self._labels else key: value for key, value in own.items()}
        return series_of(name, {**moved, **self._labels})


def _headers(target: Target) -> dict[str, str]:
    job = target.job
    headers = {"Accept": ACCEPT, "User-Agent": f"heapwatch/{__version__}"}
    headers["X-Prometheus-Scrape-Timeout-Seconds"] = f"{target.timeout:g}"
    if job.basic_auth:
        secret = job.basic_auth.password or _secret(job.basic_auth.password_file)
        both = base64.b64encode(f"{job.basic_auth.username}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {both}"
    elif job.authorization:
        secret = job.authorization.credentials or _secret(job.authorization.credentials_file)
        headers["Authorization"] = f"{job.authorization.type} {secret}"
    elif job.bearer_token or job.bearer_token_file:
        headers["Authorization"] = f"Bearer {job.bearer_token or _secret(job.bearer_token_file)}"
    return headers


def _secret(path: Path | None) -> str:
    try:
        return path.read_text(encoding="utf-8").strip() if path else ""
    except OSError as error:
        raise UsageError(f"cannot read the secret {path}: {error.strerror}") from error


def _context(target: Target) -> ssl.SSLContext:
    tls = target.job.tls_config
    context = ssl.create_default_context(cafile=str(tls.ca_file) if tls.ca_file else None)
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
