"""Templates and conditions of a workflow: Jinja2 in a sandbox, where a name that is not known is a fault.

    {{ labels.host }}   {{ steps.look.output.text }}   {{ secret("env:PAGER_KEY") }}      labels.env == 'prod'

A secret is a reference until the moment of use: what a template makes of it, and so what is stored and shown,
is the reference. `revealed` puts the value in, and `redacted` takes it out of whatever comes back. Only
a file can name a secret: labels, triggers and outputs are `inert` before a template sees them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from heapwatch.errors import UsageError

NAMES = frozenset({"labels", "trigger", "steps", "run", "secret"})
LONGEST = 64 << 10
_MARK = re.compile(r"\u27e8secret ((?:env|file):[^\u27e9]+)\u27e9")
HIDDEN = "***"
_SHORTEST = 4
"""A shorter secret would hide every other word of an output."""


def _reference(name: str) -> str:
    kind, colon, rest = name.partition(":")
    if kind not in ("env", "file") or not colon or not rest:
        raise UsageError(f"secret({name!r}): write secret('env:NAME') or secret('file:/path')")
    return f"\u27e8secret {name}\u27e9"


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    for name in ("range", "lipsum", "cycler", "joiner", "namespace", "dict"):
        made.globals.pop(name, None)
    made.globals["secret"] = _reference
    return made


_JINJA = _environment()


def is_template(value: Any) -> bool:
    """Whether there is a template anywhere in a value."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value or "{#" in value
    if isinstance(value, Mapping):
        return any(is_template(each) for each in value.values())
    return isinstance(value, list) and any(is_template(each) for each in value)


def check(text: str, before: Collection[str], *, condition: bool = False) -> None:
    """UsageError unless this can be rendered after the steps `before`, as far as that can be known now."""
    try:
        if condition:
            _JINJA.compile_expression(text, undefined_to_none=False)
        tree = _JINJA.parse("{{ (" + text + "\n) }}" if condition else text)
        _JINJA.compile(tree)
    except TemplateSyntaxError as error:
        raise UsageError(f"{text!r}: {error.message}") from error
    unknown = sorted(meta.find_undeclared_variables(tree) - NAMES)
    if unknown:
        raise UsageError(f"{text!r}: {unknown[0]!r} is not known; there are {', '.join(sorted(NAMES))}")
    for step in [*_attributes(tree), *_items(tree)]:
        if step not in before:
            raise UsageError(f"{text!r}: no step before this one is called {step!r}")
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "secret":
            name = _constant(call.args[0]) if len(call.args) == 1 else None
            if name is None:
                raise UsageError(f"{text!r}: a secret is named by itself: secret('env:NAME')")
            _reference(name)


def _attributes(tree: nodes.Template) -> list[str]:
    found = tree.find_all(nodes.Getattr)
    return [each.attr for each in found if isinstance(each.node, nodes.Name) and each.node.name == "steps"]


def _items(tree: nodes.Template) -> list[str]:
    found = [each for each in tree.find_all(nodes.Getitem) if isinstance(each.node, nodes.Name)]
    names = [_constant(each.arg) for each in found if getattr(each.node, "name", "") == "steps"]
    return [each for each in names if each is not None]


def _constant(node: nodes.Node) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None


def render(value: Any, names: Mapping[str, Any]) -> Any:
    """A value with its templates filled in; what is no text stays what it is."""
    if isinstance(value, str):
        return _text(value, names) if is_template(value) else value
    if isinstance(value, Mapping):
        return {key: render(each, names) for key, each in value.items()}
    return [render(each, names) for each in value] if isinstance(value, list) else value


def _text(text: str, names: Mapping[str, Any]) -> str:
    found = _safely(text, lambda: _JINJA.from_string(text).render(names))
    if len(found) > LONGEST:
        raise UsageError(f"{text!r} makes more than {LONGEST >> 10} KiB")
    return str(found)


def holds(text: str, names: Mapping[str, Any]) -> bool:
    """Whether a condition is so."""
    made = _JINJA.compile_expression(text, undefined_to_none=False)
    return bool(_safely(text, lambda: bool(made(**names))))


def _safely(text: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (TemplateError, SecurityError) as error:
        raise UsageError(f"{text!r}: {error}") from error
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise UsageError(f"{text!r}: {error or type(error).__name__}") from error


def inert(value: Any) -> Any:
    """What others said, so that nothing in it is taken for a secret's reference."""
    if isinstance(value, str):
        return value.replace("\u27e8", "<").replace("\u27e9", ">")
    if isinstance(value, Mapping):
        return {inert(key): inert(each) for key, each in value.items()}
    return [inert(each) for each in value] if isinstance(value, list) else value


def revealed(value: Any) -> tuple[Any, list[str]]:
    """A value with its secrets in it, for the moment of use, and the secrets."""
    known: dict[str, str] = {}

    def put(found: re.Match[str]) -> str:
        if found[1] not in known:
            known[found[1]] = _secret(found[1])
        return known[found[1]]

    def walk(each: Any) -> Any:
        if isinstance(each, str):
            return _MARK.sub(put, each)
        if isinstance(each, Mapping):
            return {key: walk(inner) for key, inner in each.items()}
        return [walk(inner) for inner in each] if isinstance(each, list) else each

    return walk(value), list(known.values())


def _secret(name: str) -> str:
    kind, _, rest = name.partition(":")
    if kind == "env":
        if not os.environ.get(rest):
            raise UsageError(f"the secret {name} is not in the server's environment")
        return os.environ[rest]
    try:
        text = Path(rest).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the secret {name} cannot be read: {error}") from error
    if not text:
        raise UsageError(f"the secret {name} is empty")
    return text


def redacted(value: Any, secrets: Collection[str]) -> Any:
    """What came back, without the secrets."""
    hide = sorted((each for each in secrets if len(each) >= _SHORTEST), key=len, reverse=True)
    if isinstance(value, str):
        for each in hide:
            value = value.replace(each, HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {redacted(key, hide): redacted(each, hide) for key, each in value.items()}
    return [redacted(each, hide) for each in value] if isinstance(value, list) else value
