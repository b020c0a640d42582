"""What a JVM is called and labelled, from its command line, its options and its environment."""

from __future__ import annotations

import os
import re
import shlex
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

_LABEL_OPTION = "-Dheapwatch.label."
_LABELS_OF_OPTIONS = ("version", "service", "env", "team", "region")
_OTEL_LABELS = {
    "service.version": "version",
    "service.name": "service",
    "deployment.environment": "env",
    "deployment.environment.name": "env",
    "service.namespace": "namespace",
}
_LAUNCHER_OPTIONS_WITH_VALUE = {
    "-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules", "--add-reads",
    "--add-exports", "--add-opens", "--patch-module", "--limit-modules", "--upgrade-module-path",
    "--enable-native-access", "--source", "--describe-module", "-d",
}  # fmt: skip


def service_name(
    command: str,
    options: Sequence[str] = (),
    variables: Optional[Mapping[str, str]] = None,
    configured: Optional[str] = None,
    comm: str = "",
) -> str:
    """The stable name of an application: the same after every restart and on every host."""
    own = _property(options, "heapwatch.name")
    for given in (configured, own, (variables or {}).get("OTEL_SERVICE_NAME")):
        if given and given.strip():
            return given.strip()
    program = _program(command)
    if program.endswith((".jar", ".war")):
        return os.path.basename(program)[:-4]
    if program:
        return program.rpartition("/")[2]  # of module/class the class
    return comm or "java"


def labels_of(options: Sequence[str], variables: Mapping[str, str]) -> Dict[str, str]:
    """What a process says of itself, by its options and its environment."""
    labels: Dict[str, str] = {}
    for name, value in _pairs(variables.get("OTEL_RESOURCE_ATTRIBUTES", "")):
        if name in _OTEL_LABELS:
            labels[_OTEL_LABELS[name]] = value
    labels.update(_pairs(variables.get("HEAPWATCH_LABELS", "")))
    for name in _LABELS_OF_OPTIONS:
        own = _property(options, f"heapwatch.{name}")
        if own:
            labels[name] = own
    for option in options:
        if option.startswith(_LABEL_OPTION):
            name, _, value = option[len(_LABEL_OPTION) :].partition("=")
            if name:
                labels[name] = value
    return labels


def command_of(arguments: Sequence[str]) -> str:
    """The main class or jar with its arguments, off a launcher's command line; "" when there is none."""
    if not arguments or not os.path.basename(arguments[0]).startswith("java"):
        return ""
    at = 1
    while at < len(arguments):
        option = arguments[at]
        if option in ("-jar", "-m", "--module"):
            return " ".join(arguments[at + 1 :])
        if option.startswith("--module="):
            return " ".join([option.partition("=")[2], *arguments[at + 1 :]])
        if option in _LAUNCHER_OPTIONS_WITH_VALUE:
            at += 2
        elif option.startswith(("-", "@")):
            at += 1
        else:
            return " ".join(arguments[at:])
    return ""


def options_of(arguments: Sequence[str], vm_args: str, variables: Optional[Mapping[str, str]]) -> List[str]:
    """All options that a VM was given, weakest first: later ones win."""
    options: List[str] = []
    known = variables or {}
    for text in (known.get("JAVA_TOOL_OPTIONS", ""), vm_args):
        options += _words(text)
    options += [argument for argument in arguments[1:] if argument.startswith("-")]
    return options + _words(known.get("_JAVA_OPTIONS", ""))


def _program(command: str) -> str:
    """The first word of a command; a path to a jar may have blanks in it."""
    match = re.match(r"^(.+?\.[jw]ar)(?:\s|$)", command)
    if match and (match[1].startswith(("/", ".")) or " " not in match[1]):
        return match[1]
    return command.split(None, 1)[0] if command.strip() else ""


def _property(options: Sequence[str], name: str) -> Optional[str]:
    prefix = f"-D{name}="
    values = [option[len(prefix) :] for option in options if option.startswith(prefix)]
    return values[-1] if values else None


def _words(text: str) -> List[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote without its end
        return text.split()


def _pairs(text: str) -> List[Tuple[str, str]]:
    pairs = [part.partition("=") for part in text.split(",")]
    return [(name.strip(), value.strip()) for name, sign, value in pairs if sign and name.strip()]
