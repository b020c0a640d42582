"""Options that several commands share. Each is one flattened group of flags in the command's signature."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Sequence

from cyclopts import Parameter, Token

from heapwatch.cli import complete
from heapwatch.errors import UsageError

DEFAULT_SERVER = "http://127.0.0.1:7077"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|)")


def seconds(text: str) -> float:
    """`250ms`, `10s`, `1.5m`, `2h`, `1d`; a bare number is seconds."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is not a duration: write 10s, 250ms, 5m, 2h or 1d")
    return float(match[1]) * _UNITS[match[2]]


def _seconds_of(_type: Any, tokens: Sequence[Token]) -> float:
    return seconds(tokens[0].value)


Seconds = Annotated[float, Parameter(converter=_seconds_of, n_tokens=1, metavar="DURATION")]

_OUTPUT = Parameter(name=["--output", "-o"], group="Output", metavar="KIND")

JsonFlag = Annotated[bool, Parameter(name="--json", group="Output", show_default=False)]


_TIME = Parameter(allow_leading_hyphen=True, group="Time", metavar="TIME")


def _server(variable: str, metavar: str) -> Parameter:
    return Parameter(env_var=variable, group="Server", metavar=metavar)


@Parameter(name="*")
@dataclass(frozen=True)
class TableOutput:
    """How a table is printed."""

    output: Annotated[Literal["table", "json", "csv"], _OUTPUT] = "table"
    "For people, or exact for programs."
    as_json: JsonFlag = False
    "The same as -o json."

    @property
    def kind(self) -> str:
        return "json" if self.as_json else self.output


@Parameter(name="*")
@dataclass(frozen=True)
class RawOutput:
    """How a histogram is printed."""

    output: Annotated[Literal["table", "json", "csv", "raw"], _OUTPUT] = "table"
    "For people, exact for programs, or as jmap prints it."
    as_json: JsonFlag = False
    "The same as -o json."

    @property
    def kind(self) -> str:
        return "json" if self.as_json else self.output


@Parameter(name="*")
@dataclass(frozen=True)
class ChartOutput:
    """How a series is printed."""

    output: Annotated[Literal["table", "chart", "json", "csv"], _OUTPUT] = "table"
    "For people (numbers or a drawing), or exact for programs."
    as_json: JsonFlag = False
    "The same as -o json."

    @property
    def kind(self) -> str:
        return "json" if self.as_json else self.output


@Parameter(name="*")
@dataclass(frozen=True)
class QueryOutput:
    """How the answer to a query is printed, or written to a file."""

    output: Annotated[Literal["table", "chart", "json", "csv", "parquet"], _OUTPUT] = "table"
    "For people (numbers or a drawing), or exact for programs."
    as_json: JsonFlag = False
    "The same as -o json."
    save: Path | None = None
    "The file that -o parquet writes [else standard output, unless that is a terminal]."

    @property
    def kind(self) -> str:
        return "json" if self.as_json else self.output


@Parameter(name="*")
@dataclass(frozen=True)
class ServerOptions:
    """Which server, and with which right."""

    server: Annotated[str, Parameter(env_var="HEAPWATCH_SERVER", group="Server", metavar="URL")] = (
        DEFAULT_SERVER
    )
    "Where the server is."
    token: Annotated[str | None, _server("HEAPWATCH_TOKEN", "TOKEN")] = None
    "API token; better in the environment or a file, since other users can see command lines."
    token_file: Annotated[
        str | None, Parameter(env_var="HEAPWATCH_TOKEN_FILE", group="Server", metavar="FILE")
    ] = None
    "File that holds the token."
    ca_file: Annotated[str | None, _server("HEAPWATCH_CA_FILE", "FILE")] = None
    "Authority (PEM) of the server's certificate [else the system's]."
    client_cert: Annotated[str | None, _server("HEAPWATCH_CLIENT_CERT", "FILE")] = None
    "Certificate (PEM) to show to a server that wants one."
    client_key: Annotated[str | None, _server("HEAPWATCH_CLIENT_KEY", "FILE")] = None
    "Its private key [else in the same file]."


@Parameter(name="*")
@dataclass(frozen=True)
class WhereKept(ServerOptions):
    """Which server keeps what was found, and with which right; none unless it is named."""

    server: Annotated[str, Parameter(group="Server", metavar="URL")] = ""
    "Keep it on this server, for the screens."


@Parameter(name="*")
@dataclass(frozen=True)
class Selection:
    """Which JVMs."""

    host: Annotated[tuple[str, ...], Parameter(group="Selection", negative="", completer=complete.hosts)] = ()
    "Only this host (repeatable; * stands for anything)."
    jvm: Annotated[tuple[str, ...], Parameter(group="Selection", negative="", completer=complete.jvms)] = ()
    "Only this JVM, by its stable name (repeatable; * stands for anything)."
    label: Annotated[tuple[str, ...], Parameter(group="Selection", negative="", metavar="K=V")] = ()
    "Only JVMs with this label (repeatable)."

    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = {"host": list(self.host), "jvm": list(self.jvm)}
        for pair in self.label:
            key, equals, value = pair.partition("=")
            if not equals or not key:
                raise UsageError(f"--label {pair!r}: write name=value")
            params.setdefault(f"label.{key}", []).append(value)
        return {key: value for key, value in params.items() if value}


@Parameter(name="*")
@dataclass(frozen=True)
class Range:
    """From when to when."""

    from_: Annotated[
        str, Parameter(name="--from", allow_leading_hyphen=True, group="Time", metavar="TIME")
    ] = "-1h"
    "RFC 3339, epoch seconds or ms, now, or back from now: -15m, -2h, -7d."
    to: Annotated[str, _TIME] = "now"
    "The same."

    def params(self) -> dict[str, Any]:
        return {"from": self.from_, "to": self.to}


TABLE, RAW, CHART, QUERIED = TableOutput(), RawOutput(), ChartOutput(), QueryOutput()
SERVER, EVERYTHING, LAST_HOUR = ServerOptions(), Selection(), Range()
"""Each group as it is when none of its flags is given."""
