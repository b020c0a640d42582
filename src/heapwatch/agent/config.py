"""The agent's settings: flag, else HEAPWATCH_* variable, else file, else default.

host = "web1"                       interval = "10s"      mode = "all"
only = ["shop", "4711"]             spool = "/var/lib/heapwatch-agent"
[labels]                            env = "prod"
[budget]                            share = "0.5%"        max_pause = "500ms"
[names]                             "com.shop.Main*" = "shop"
[[sink]]                            kind = "heapwatch"    url = "https://heapwatch.example"
[[tail]]                            path = "/var/log/shop/*.log"    jvm = "shop"    category = "app"
"""

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Tuple

from heapwatch.agent import reading, sink_settings, toml, units
from heapwatch.agent.sink_settings import SinkSettings
from heapwatch.agent.tail_settings import TailSettings, beginning, encoding, pattern
from heapwatch.errors import UsageError
from heapwatch.jvm.budget import Limits
from heapwatch.jvm.names import Rule, compile_rules
from heapwatch.model import ALL

DEFAULT_LISTEN = "127.0.0.1:7078"
_SECTIONS = ("budget", "sink", "tail")


@dataclass(frozen=True)
class Settings:
    host: str
    directory: Path
    sinks: Tuple[SinkSettings, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    mode: str = ALL
    interval_s: float = 10.0
    counters_s: float = 1.0
    process_s: float = 10.0
    rescan_s: float = 5.0
    min_age_s: float = 30.0
    only: Tuple[str, ...] = ()
    ignore: Tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    class_names: Tuple[Rule, ...] = ()
    send_arguments: bool = False
    limits: Limits = field(default_factory=Limits)
    host_share: float = 0.05
    spool_bytes: int = 64 << 20
    memory_bytes: int = 2 << 20
    listen: str = DEFAULT_LISTEN
    tails: Tuple[TailSettings, ...] = ()
    gc_logs: bool = False
    suspects: bool = True
    probes: bool = False


_MAIN: reading.Table = {
    "host": ("host", reading.text),
    "interval": ("interval_s", units.seconds),
    "counters_every": ("counters_s", units.seconds),
    "process_every": ("process_s", units.seconds),
    "rescan": ("rescan_s", units.seconds),
    "min_age": ("min_age_s", units.seconds),
    "mode": ("mode", reading.mode),
    "only": ("only", reading.texts),
    "ignore": ("ignore", reading.texts),
    "labels": ("labels", reading.table),
    "names": ("names", reading.table),
    "class_names": ("class_names", lambda value: tuple(compile_rules(reading.table(value).items()))),
    "send_arguments": ("send_arguments", reading.flag),
    "spool": ("directory", reading.path),
    "spool_size": ("spool_bytes", units.size),
    "memory_size": ("memory_bytes", units.size),
    "listen": ("listen", reading.listen),
    "gc_logs": ("gc_logs", reading.flag),
    "suspects": ("suspects", reading.flag),
    "probes": ("probes", reading.flag),
}
_BUDGET: reading.Table = {
    "share": ("share", units.share),
    "max_pause": ("max_pause_ms", reading.milliseconds),
    "max_interval": ("max_interval_s", units.seconds),
    "max_pressure": ("max_pressure", lambda value: units.share(value) * 100),
    "host_share": ("host_share", units.share),
}
_TAIL: reading.Table = {
    "path": ("path", lambda value: str(reading.path(value).absolute())),
    "jvm": ("jvm", reading.text),
    "category": ("category", reading.text),
    "name": ("name", reading.text),
    "labels": ("labels", reading.table),
    "first_line": ("first_line", pattern),
    "encoding": ("encoding", encoding),
    "from": ("from_beginning", beginning),
    "rate": ("rate", units.size),
    "max_lag": ("lag", units.size),
}
_VARIABLES = {
    "HEAPWATCH_HOST": "host",
    "HEAPWATCH_INTERVAL": "interval",
    "HEAPWATCH_MODE": "mode",
    "HEAPWATCH_SPOOL": "spool",
    "HEAPWATCH_AGENT_LISTEN": "listen",
}


def load(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Settings:
    """All settings; a mistake is a UsageError that names its place.

    `flags` has the keys of the file, and `server`, `token_file`.
    """
    flags, variables = dict(flags or {}), os.environ if variables is None else variables
    found = _read_file(file) if file is not None else {}
    sinks, tails = found.pop("sink", []), found.pop("tail", [])
    budget = found.pop("budget", {})
    origin = str(file) if file else "settings"
    values = reading.section(found, _MAIN, origin, _SECTIONS)
    for variable, key in _VARIABLES.items():
        if variables.get(variable):
            values.update(reading.section({key: variables[variable]}, _MAIN, variable, _SECTIONS))
    values["labels"] = {**values.get("labels", {}), **_pairs(variables.get("HEAPWATCH_LABELS", ""))}
    server = flags.pop("server", None) or variables.get("HEAPWATCH_SERVER")
    token = variables.get("HEAPWATCH_TOKEN")
    token_file = flags.pop("token_file", None) or variables.get("HEAPWATCH_TOKEN_FILE")
    labels = flags.pop("labels", {})
    values.update(reading.section(flags, _MAIN, "command line", _SECTIONS))
    values["labels"] = {**values["labels"], **labels}
    values.setdefault("host", socket.gethostname() or "localhost")
    values.setdefault("directory", default_directory())
    if "min_age_s" not in values and values.get("only"):
        values["min_age_s"] = 1.0  # who is named is watched almost from the start
    made = sink_settings.read(sinks, server, token, token_file, origin)
    values["tails"] = _tails(tails, origin)
    return _checked(Settings(sinks=made, **_budgeted(values, budget, origin)))


def default_directory() -> Path:
    """Where agent and status find each other when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/heapwatch-agent")
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "heapwatch-agent"


def _read_file(path: Path) -> Dict[str, Any]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or 'is not UTF-8'}") from error
    try:
        found = json.loads(text) if path.suffix == ".json" else _loads(text)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error
    except UsageError as error:
        raise UsageError(f"{path}, {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path}: is not a table of settings")
    return found


def _loads(text: str) -> Dict[str, Any]:
    if sys.version_info < (3, 11):
        return toml.loads(text)
    import tomllib  # newer than the oldest Python we run on

    return tomllib.loads(text)


def _budgeted(values: Dict[str, Any], budget: object, origin: str) -> Dict[str, Any]:
    limits = reading.section(budget, _BUDGET, f"{origin}, [budget]")
    if "host_share" in limits:
        values["host_share"] = limits.pop("host_share")
    interval = values.get("interval_s", Settings.interval_s)
    limits.setdefault("max_interval_s", max(Limits.max_interval_s, interval))
    return {**values, "limits": Limits(min_interval_s=interval, **limits)}


def _tails(found: object, origin: str) -> Tuple[TailSettings, ...]:
    if not isinstance(found, list):
        raise UsageError(f"{origin}: log files are written as [[tail]]")
    made = []
    for number, one in enumerate(found, 1):
        where = f"{origin}, [[tail]] {number}"
        read = reading.section(one, _TAIL, where)
        if "path" not in read:
            raise UsageError(f"{where}: needs path")
        made.append(TailSettings(**read))
    return tuple(made)


def _checked(settings: Settings) -> Settings:
    for name in ("interval_s", "counters_s", "process_s", "rescan_s"):
        if getattr(settings, name) < 0.1:
            raise UsageError(f"{name[:-2]}: {getattr(settings, name)} s is too often; the least is 0.1 s")
    if settings.limits.max_interval_s < settings.interval_s:
        raise UsageError("max_interval is shorter than interval")
    reserved = {"host", "jvm", "pid", "started"} & set(settings.labels)
    if reserved:
        raise UsageError(f"label {sorted(reserved)[0]!r} is given by the agent itself; choose another name")
    return settings


def _pairs(text: str) -> Dict[str, str]:
    """k=v,k=v"""
    return dict(pair(one) for one in text.split(",") if one.strip())


def pair(text: str) -> Tuple[str, str]:
    """One label as it stands on a command line."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"label {text!r}: write it like env=prod")
    return name.strip(), value.strip()


def show(settings: Settings) -> str:
    """All settings as they will be used, a line each; tokens are not shown."""
    plain = {
        name: value
        for name, value in vars(settings).items()
        if name not in ("sinks", "limits", "class_names", "tails")
    }
    limits = {f"budget.{name}": value for name, value in vars(settings.limits).items()}
    lines = [f"{name} = {_shown(value)}" for name, value in {**plain, **limits}.items()]
    lines += [f"tail {tail.path}: " + ", ".join(_told(tail)) for tail in settings.tails]
    lines += [f"class name {rule.pattern!r} -> {new!r}" for rule, new in settings.class_names]
    for sink in settings.sinks:
        told = ", ".join(f"{name} = {_shown(value)}" for name, value in sink.shown.items())
        lines.append(f"sink {sink.name} ({sink.kind}): {told}")
    return "".join(f"{line}\n" for line in lines)


def _told(tail: TailSettings) -> Iterator[str]:
    for name, value in vars(tail).items():
        if name != "path" and value not in ("", None) and value != {}:
            yield f"{name} = {getattr(value, 'pattern', None) or _shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items()) or "(none)"
    if isinstance(value, tuple):
        is_address = value and isinstance(value[-1], int)
        return ":".join(map(str, value)) if is_address else ", ".join(value) or "(all or none)"
    return str(value)
