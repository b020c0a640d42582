"""The server's settings, and where each of them came from.

One flat list: the setting `graphite_listen` is the flag `--graphite-listen`, the environment variable
`HEAPWATCH_GRAPHITE_LISTEN`, the line `graphite_listen = "..."` of the TOML file, or a secret file of the
same name as the variable in lower case. A flag wins over the environment, that over a secret file, that
over the file, that over the default; `Loaded.origins` says which one it was.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import tomllib
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from heapwatch.errors import UsageError
from heapwatch.web.access_settings import AccessSettings
from heapwatch.web.acting_settings import ActingSettings
from heapwatch.web.alert_settings import AlertSettings
from heapwatch.wire.paths import DEFAULT as TEMPLATE
from heapwatch.wire.paths import Template

ENV_PREFIX = "HEAPWATCH_"
SECRET_FOLDERS = ("/run/secrets",)
CONFIG_FILES = ("/etc/heapwatch/server.toml", "~/.config/heapwatch/server.toml")


class Address(NamedTuple):
    """Where a door listens; port 0 lets the kernel choose."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str) -> Address:
    """`127.0.0.1:7077`, `[::1]:7077`, `:7077` (every interface) or `7077` (loopback)."""
    found = re.fullmatch(r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]*):)?(?P<port>\d{1,5})", text.strip())
    if not found or int(found["port"]) > 65535:
        raise ValueError(f"{text!r} is not an address; write host:port, for example 127.0.0.1:7077")
    host = found["host"]
    if host is None:
        host = "127.0.0.1"
    return Address(host.strip("[]") or "0.0.0.0", int(found["port"]))


def line_address(text: str) -> Address | None:
    """The address of a port that may be `off`."""
    return None if text in ("off", "") else parse_address(text)


def default_data() -> Path:
    """Where a server keeps everything unless told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/heapwatch")
    return Path("~/.local/share/heapwatch").expanduser()


class BasicSettings(BaseSettings):
    """All but who may come in, and who is told."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, extra="forbid", frozen=True, validate_default=True
    )

    data: Path = Field(default_factory=default_data, description="folder of the store and the tokens")
    store_dsn: SecretStr | None = Field(
        None,
        description="ClickHouse server to use instead of the embedded store, http(s)://user:password@host:port/db",
    )
    listen: str = Field("127.0.0.1:7077", description="address of the API and the screens")
    insecure: bool = Field(False, description="serve beyond loopback without tokens")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="names, besides loopback, by which browsers may address a server without tokens"
    )
    http_connections: int = Field(4096, ge=1, description="most HTTP connections at once, live streams too")
    tls_cert: Path | None = Field(None, description="certificate chain (PEM); the API then speaks HTTPS only")
    tls_key: Path | None = Field(None, description="private key of the certificate (PEM)")
    tls_client_ca: Path | None = Field(
        None, description="authorities (PEM) of the certificates that clients show; else none is asked for"
    )
    tls_client: Literal["optional", "required"] = Field(
        "required", description="with tls_client_ca: refuse who shows no certificate, or only wrong ones"
    )

    graphite_listen: str = Field("127.0.0.1:2003", description="Graphite's address, TCP and UDP, or `off`")
    graphite_udp: bool = Field(True, description="take Graphite lines by UDP too")
    graphite_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks that may send Graphite lines beyond loopback, for example 10.0.0.0/8"
    )
    graphite_template: str = Field(TEMPLATE, description="paths that fit it are classes of histograms")
    graphite_connections: int = Field(256, ge=1, le=100_000, description="most Graphite connections at once")
    graphite_idle: float = Field(300.0, gt=0, description="seconds a Graphite connection may be silent")

    pickle_listen: str = Field("off", description="address of Graphite's pickles, TCP, usually port 2004")
    collectd_listen: str = Field("off", description="address of collectd's packets, UDP, usually port 25826")
    collectd_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks that may send collectd's packets beyond loopback, for example 10.0.0.0/8"
    )
    tls_ports: Annotated[tuple[Literal["graphite", "pickle", "syslog"], ...], NoDecode] = Field(
        (),
        description="ports besides the API's whose streams speak TLS; they then take no datagrams",
    )

    syslog_listen: str = Field(
        "off", description="syslog's address, TCP and UDP, such as 127.0.0.1:1514, or `off`"
    )
    syslog_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="networks that may send syslog beyond loopback, for example 10.0.0.0/8"
    )
    syslog_connections: int = Field(256, ge=1, le=100_000, description="most syslog connections at once")
    syslog_idle: float = Field(3600.0, gt=0, description="seconds a syslog connection may be silent")

    scrape: Path | None = Field(
        None, description="Prometheus configuration (YAML) whose scrape_configs are scraped"
    )

    max_body: int = Field(64 << 20, ge=1024, description="largest request body in bytes, as sent")
    max_text: int = Field(256 << 20, ge=1024, description="largest request body in bytes, once decompressed")
    max_in_flight: int = Field(512 << 20, ge=1024, description="bytes of request bodies held in memory")
    body_idle: float = Field(30.0, gt=0, description="seconds a request body may make no progress")
    ingest_rate: float = Field(200.0, ge=0, description="uploads a second of one token or address; 0 = all")
    ingest_burst: float = Field(2000.0, ge=1, description="uploads that may come at once beyond the rate")
    flush_interval: float = Field(1.0, ge=0.01, le=60, description="seconds between two inserts")
    flush_rows: int = Field(250_000, ge=1, description="samples that make an insert happen at once")
    max_series: int = Field(1_000_000, ge=1, description="series, JVMs, classes in all; others are refused")
    sender_series: int = Field(
        200_000, ge=1, description="series, JVMs and classes of one sender (token or address) within a day"
    )
    queue_rows: int = Field(2_000_000, ge=1000, description="samples that wait for an insert before 503")

    readers: int = Field(4, ge=1, le=64, description="queries that run at once")
    reader_queue: int = Field(64, ge=0, description="queries that wait before others get 503")
    query_timeout: float = Field(30.0, gt=0, description="seconds after which a query is stopped")
    query_series: int = Field(2000, ge=1, description="most series in an answer of the query language")
    query_points: int = Field(20_000_000, ge=1000, description="most points that a query may read")
    query_messages: int = Field(200_000_000, ge=1000, description="most log messages a query may look at")
    store_memory: int = Field(1000 << 20, ge=64 << 20, description="bytes of memory for the store's engine")
    query_memory: int = Field(600 << 20, ge=16 << 20, description="bytes of memory for one query")
    detect: Path | None = Field(
        None, description="TOML file whose [detect] changes the detector's thresholds"
    )
    confirm_suspects: bool = Field(
        False, description="ask one agent for a histogram of live objects (a full collection) of each suspect"
    )
    leaks_every: float = Field(5.0, ge=1, le=3600, description="seconds between two looks for leaks")
    leaks_hours: float = Field(
        12.0, gt=0, le=24 * 14, description="hours of histograms that leaks are looked for in"
    )
    live_clients: int = Field(200, ge=1, description="live streams (one a browser tab) at once")

    keep_histograms_as_logs: bool = Field(
        False, description="keep the text of every histogram as a log message, too (takes much disk)"
    )
    raw_days: int = Field(14, ge=0, description="days that class and metric samples are kept; 0 = for ever")
    hour_days: int = Field(90, ge=0, description="days that hourly figures and totals are kept; 0 = for ever")
    event_days: int = Field(365, ge=0, description="days that events are kept; 0 = for ever")
    log_days: int = Field(14, ge=0, description="days that log messages are kept; 0 = for ever")
    max_disk: int = Field(0, ge=0, description="bytes the store may take; 0 = no limit")
    min_free_disk: int = Field(256 << 20, ge=0, description="bytes of free disk below which uploads get 503")
    fsync: bool = Field(True, description="wait for the disk before an upload is acknowledged")

    findings_in_metrics: int = Field(
        0, ge=0, le=1000, description="largest classes of each JVM, and what leaks, on /metrics; 0 = neither"
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto = text on a terminal")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed: `load` reads the outside world itself, to know each value's origin."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator(
        "allowed_hosts", "graphite_allow", "syslog_allow", "collectd_allow", "tls_ports", mode="before"
    )
    @classmethod
    def _list(cls, value: Any) -> Any:
        return tuple(re.findall(r"[^,\s]+", value)) if isinstance(value, str) else value

    @field_validator("data", "scrape", "tls_cert", "tls_key", "tls_client_ca")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value if value is None else Path(os.path.abspath(value.expanduser()))

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        parse_address(value)
        return value

    @field_validator("graphite_listen", "pickle_listen", "collectd_listen", "syslog_listen")
    @classmethod
    def _line_listen(cls, value: str) -> str:
        line_address(value)
        return value

    @field_validator("graphite_template")
    @classmethod
    def _template(cls, value: str) -> str:
        try:
            Template(value)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("graphite_allow", "syslog_allow", "collectd_allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @model_validator(mode="after")
    def _pair(self) -> BasicSettings:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_ports and not self.tls_cert:
            raise ValueError("tls_ports: they speak TLS with tls_cert, which is not set")
        if self.tls_client_ca and not self.tls_cert:
            raise ValueError("tls_client_ca: clients show certificates only where tls_cert is set")
        return self

    @property
    def http(self) -> Address:
        return parse_address(self.listen)

    @property
    def store_location(self) -> str:
        """What the store's room opens: a ClickHouse address, or the folder of the embedded one."""
        return self.store_dsn.get_secret_value() if self.store_dsn else str(self.data / "store")

    @property
    def tokens_file(self) -> Path:
        return self.data / "tokens.json"

    @property
    def dashboards(self) -> Path:
        return self.data / "dashboards"


class Settings(AccessSettings, ActingSettings, AlertSettings, BasicSettings):
    """Everything `heapwatch serve` can be told. Built by `load`; a plain constructor reads nothing."""

    @property
    def own_url(self) -> str:
        """By which others are sent here."""
        return self.public_url or f"{'https' if self.tls_cert else 'http'}://{self.http}"


@dataclass(frozen=True)
class Loaded:
    """Settings with the origin of each, in words: `flag --listen`, `environment HEAPWATCH_LISTEN`, ..."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None

    def rows(self) -> list[tuple[str, str, str]]:
        """(name, value, origin) of every setting, for `config show --origin`; secrets are masked."""
        return [
            (name, _shown(getattr(self.settings, name)), self.origins.get(name, "default"))
            for name in type(self.settings).model_fields
        ]


def load(flags: Mapping[str, Any] | None = None, file: Path | str | None = None) -> Loaded:
    """Read every source; `flags` holds what was typed (None = not typed), `file` a TOML file to read."""
    path = _config_file(file)
    layers: list[tuple[str, Mapping[str, Any]]] = [
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
        ("environment", EnvSettingsSource(Settings)()),
        ("secret file", _secrets()),
        ("file", _toml(path) if path else {}),
    ]
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for kind, values in layers:
        for name, value in values.items():
            if name not in merged:
                merged[name] = value
                origins[name] = _origin(kind, name, path)
    try:
        return Loaded(Settings(**merged), origins, path)
    except ValidationError as error:
        raise UsageError(_sentence(error, origins)) from error


def _config_file(file: Path | str | None) -> Path | None:
    asked = file or os.environ.get(ENV_PREFIX + "CONFIG")
    if asked:
        return Path(asked).expanduser()
    return next((path for text in CONFIG_FILES if (path := Path(text).expanduser()).is_file()), None)


def _toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error
    for name in values:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{path}: unknown setting {name}{hint}")
    return values


def _secrets() -> dict[str, Any]:
    folders = [os.environ.get("CREDENTIALS_DIRECTORY", ""), os.environ.get(ENV_PREFIX + "SECRETS_DIR", "")]
    there = [folder for folder in (*SECRET_FOLDERS, *folders) if folder and Path(folder).is_dir()]
    return SecretsSettingsSource(Settings, secrets_dir=there)() if there else {}


def _origin(kind: str, name: str, path: Path | None) -> str:
    return {
        "flag": f"flag --{name.replace('_', '-')}",
        "environment": f"environment {ENV_PREFIX}{name.upper()}",
        "secret file": f"secret file {ENV_PREFIX.lower()}{name}",
        "file": f"file {path}",
    }[kind]


def _sentence(error: ValidationError, origins: Mapping[str, str]) -> str:
    parts = []
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else "settings"
        origin = f" ({origins[name]})" if name in origins else ""
        parts.append(f"{name}{origin}: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return re.sub(r"//[^/@\s,]*@", "//***@", ", ".join(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
