"""Our own inventories, in TOML or YAML.

[defaults]
user = "deploy"
become = true

[[hosts]]
name = "web1"
address = "10.0.0.1"
groups = ["web"]
labels = { service = "shop" }
jvms = ["shop"]

[[kubernetes]]
selector = "app=shop"
namespace = "shop"
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from heapwatch.errors import UsageError
from heapwatch.fleet import pods
from heapwatch.fleet.hosts import Host, Inventory


class Written(Protocol):
    """A file that somebody wrote: what it says, and how to tell a fault of it."""

    @property
    def value(self) -> Any: ...

    def error(self, path: tuple[str | int, ...], text: str, /) -> UsageError: ...


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ways(_Strict):
    """How a host is reached; what is left out is as ~/.ssh/config has it."""

    port: int | None = Field(default=None, ge=1, le=65535)
    user: str | None = None
    key: str | list[str] = []
    jump: str = ""
    known_hosts: str = ""
    connection: Literal["ssh", "local"] = "ssh"
    become: bool | str = False
    become_method: Literal["sudo", "doas", "runuser"] = "sudo"
    python: str = ""
    labels: dict[str, str] = {}
    jvms: list[str] = []


class Entry(Ways):
    """A host; a bare text is one, too."""

    name: str = Field(min_length=1)
    address: str = ""
    groups: list[str] = []

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Pods(_Strict):
    """Running pods by label, reached by `kubectl exec`."""

    selector: str = Field(min_length=1)
    namespace: str = ""
    container: str = ""
    context: str = ""
    python: str = ""
    labels: dict[str, str] = {}
    groups: list[str] = []


class File(_Strict):
    """The whole file."""

    defaults: Ways = Ways()
    hosts: list[Entry] = []
    groups: dict[str, list[str]] = {}
    kubernetes: list[Pods] = []


def hosts(written: Written) -> Inventory:
    """The hosts of a file; UsageError at its first fault. Pods are asked for now."""
    try:
        file = File.model_validate(written.value or {})
    except ValidationError as error:
        fault = error.errors()[0]
        text = fault["msg"].removeprefix("Value error, ")
        raise written.error(
            fault["loc"], "this key is not known here" if fault["type"] == "extra_forbidden" else text
        ) from error
    found: dict[str, Host] = {}
    groups: dict[str, list[str]] = {name: list(members) for name, members in file.groups.items()}
    for number, entry in enumerate(file.hosts):
        if entry.name in found:
            raise written.error(("hosts", number), f"host {entry.name!r} stands twice")
        found[entry.name] = _host(entry, file.defaults)
        for group in entry.groups:
            groups.setdefault(group, []).append(entry.name)
    for group, members in file.groups.items():
        for number, member in enumerate(members):
            if member not in found:
                raise written.error(("groups", group, number), f"there is no host {member!r}")
    for each in file.kubernetes:
        for pod in pods.running(each.selector, each.namespace, each.container, each.context):
            labels = {**each.labels, "namespace": pod.namespace}
            found[pod.name] = Host(pod.name, connection="kubectl", python=each.python, labels=labels, pod=pod)
            for group in each.groups:
                groups.setdefault(group, []).append(pod.name)
    return Inventory(found, groups)


def _host(entry: Entry, defaults: Ways) -> Host:
    told = {**defaults.model_dump(exclude_unset=True), **entry.model_dump(exclude_unset=True)}
    become, key = told.get("become", False), told.get("key", [])
    host = Host(
        entry.name,
        address=entry.address,
        port=told.get("port"),
        user=told.get("user"),
        keys=(key,) if isinstance(key, str) else tuple(key),
        jump=told.get("jump", ""),
        known_hosts=told.get("known_hosts", ""),
        connection=told.get("connection", "ssh"),
        become=bool(become),
        become_method=told.get("become_method", "sudo"),
        python=told.get("python", ""),
        labels={**defaults.labels, **entry.labels},
        jvms=tuple(told.get("jvms", ())),
    )
    return replace(host, become_user=become) if isinstance(become, str) else host
