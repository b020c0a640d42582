"""What to scrape: the `scrape_configs` of a Prometheus configuration, as far as they name fixed targets.

A prometheus.yml may be given as it is when its jobs have static_configs or file_sd_configs and no
relabelling; what would change the samples and is not known here is an error, never left out in silence.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from heapwatch.errors import UsageError

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")
_SIZE = re.compile(r"(\d+)\s*([KMG]?)i?B?", re.IGNORECASE)


def _seconds(value: Any) -> Any:
    """Prometheus' durations: `15s`, `1m30s`, `500ms`."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if found is None:
        raise ValueError(f"{value!r} is not a duration such as 15s or 1m30s")
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _bytes(value: Any) -> Any:
    found = _SIZE.fullmatch(str(value))
    if found is None:
        raise ValueError(f"{value!r} is not a size such as 10MB")
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2].upper()]


Duration = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Size = Annotated[int, BeforeValidator(_bytes)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BasicAuth(_Strict):
    username: str
    password: str = ""
    password_file: Path | None = None


class Authorization(_Strict):
    type: str = "Bearer"
    credentials: str = ""
    credentials_file: Path | None = None


class Tls(_Strict):
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure_skip_verify: bool = False


class Static(_Strict):
    targets: list[str]
    labels: dict[str, str] = {}


class Files(_Strict):
    files: list[str]
    refresh_interval: Duration = 300.0


class Job(_Strict):
    """One of `scrape_configs`."""

    job_name: str = Field(min_length=1)
    scrape_interval: Duration | None = None
    scrape_timeout: Duration | None = None
    metrics_path: str = "/metrics"
    scheme: Literal["http", "https"] = "http"
    params: dict[str, list[str]] = {}
    honor_labels: bool = False
    honor_timestamps: bool = True
    sample_limit: int = Field(0, ge=0)
    body_size_limit: Size = 0
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    bearer_token: str = ""
    bearer_token_file: Path | None = None
    tls_config: Tls = Tls()
    static_configs: list[Static] = []
    file_sd_configs: list[Files] = []


class Global(BaseModel):
    scrape_interval: Duration = 60.0
    scrape_timeout: Duration = 10.0
    external_labels: dict[str, str] = {}


class Config(BaseModel):
    """A whole file; what is not about scraping is not for us."""

    global_: Global = Field(default=Global(), alias="global")
    scrape_configs: list[Job] = []


class Target(NamedTuple):
    """One address, and all that is needed to scrape it."""

    job: Job
    instance: str
    url: str
    labels: tuple[tuple[str, str], ...]
    interval: float
    timeout: float

    @property
    def key(self) -> tuple[str, str]:
        return self.job.job_name, self.url


def load(path: Path) -> Config:
    """Read and check a file; UsageError names it and the place."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        config = Config.model_validate(found or {})
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {_sentence(error)}") from error
    names = [job.job_name for job in config.scrape_configs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{path}: there are two jobs with the name {twice!r}")
    return config


def targets(config: Config, base: Path) -> list[Target]:
    """Every target of now: those of file_sd_configs are read anew each time, relative to `base`."""
    found: dict[tuple[str, str], Target] = {}
    for job in config.scrape_configs:
        groups = [
            *job.static_configs,
            *(group for each in job.file_sd_configs for group in _listed(each, base)),
        ]
        for group in groups:
            for address in group.targets:
                target = _target(
                    job, address, {**config.global_.external_labels, **group.labels}, config.global_
                )
                found.setdefault(target.key, target)
    return list(found.values())


def _target(job: Job, address: str, labels: dict[str, str], common: Global) -> Target:
    instance = (
        address if re.search(r":\d+$", address) else f"{address}:{443 if job.scheme == 'https' else 80}"
    )
    query = "?" + urlencode(job.params, doseq=True) if job.params else ""
    interval = job.scrape_interval or common.scrape_interval
    return Target(
        job,
        labels.get("instance", instance),
        f"{job.scheme}://{instance}{job.metrics_path}{query}",
        tuple(sorted({**labels, "job": job.job_name, "instance": labels.get("instance", instance)}.items())),
        interval,
        min(job.scrape_timeout or common.scrape_timeout, interval),
    )


def _listed(files: Files, base: Path) -> list[Static]:
    groups: list[Static] = []
    for pattern in files.files:
        for path in sorted(base.glob(pattern) if not Path(pattern).is_absolute() else _glob(pattern)):
            try:
                text = path.read_text(encoding="utf-8")
                entries = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
                groups += [Static.model_validate(each) for each in entries or []]
            except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
                told = (
                    _sentence(error) if isinstance(error, ValidationError) else " ".join(str(error).split())
                )
                raise UsageError(f"{path}: {told}") from error
    return groups


def _glob(pattern: str) -> list[Path]:
    absolute = Path(pattern)
    return list(Path(absolute.anchor).glob(str(absolute.relative_to(absolute.anchor))))


def _sentence(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    if fault["type"] == "extra_forbidden":
        return f"{place}: heapwatch does not know this; take it out, or let Prometheus scrape and write to us"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
