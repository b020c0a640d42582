"""Every setting of the server as a flag, made from the list of settings itself, so that none is forgotten."""

from __future__ import annotations

from dataclasses import asdict, field, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Group, Parameter

from heapwatch.web.settings import Settings

_COMMON = (
    "data",
    "listen",
    "insecure",
    "graphite_listen",
    "tls_cert",
    "tls_key",
    "retention_days",
    "max_disk",
)
"""What most people need; the rest stands in the help under its own heading."""


_FIRST, _FINE = Group("Server", sort_key=10), Group("Fine tuning", sort_key=20)


def _field(name: str) -> tuple[str, Any, Any]:
    told = Settings.model_fields[name]
    is_switch = told.annotation is bool
    default = told.get_default(call_default_factory=True)
    shown = "" if default in (None, (), "", False) or is_switch else f" [default: {default}]"
    parameter = Parameter(
        help=f"{_sentence(told.description or name)}{shown}",
        group=_FIRST if name in _COMMON else _FINE,
        metavar=None if is_switch else "VALUE",
        negative=f"--no-{name.replace('_', '-')}" if is_switch and default else "",
        show_env_var=False,
    )
    kind = bool if is_switch else str
    return name, Annotated[kind | None, parameter], field(default=None)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


if TYPE_CHECKING:

    class SettingsFlags:
        """One optional field a setting."""

else:
    SettingsFlags = Parameter(name="*")(
        make_dataclass(
            "SettingsFlags",
            [_field(name) for name in Settings.model_fields],
            frozen=True,
            namespace={"__module__": __name__},
        )
    )

UNSET = SettingsFlags()


def given(flags: SettingsFlags) -> dict[str, Any]:
    """What was typed, by the names of the settings."""
    return {name: value for name, value in asdict(flags).items() if value is not None}  # type: ignore[call-overload]
