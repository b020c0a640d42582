"""The JSON that `ansible-inventory --list` and executable inventories print, as hosts.

Groups are read with the groups inside them. Of a host's variables those count that say how it is reached;
what only Ansible can fill in (a template, a vault) makes a host one that is reported and not tried.
"""

from __future__ import annotations

import shlex
from typing import Any, Iterator, Mapping

from heapwatch.errors import UsageError
from heapwatch.fleet.hosts import BECOME, LOCAL, SSH, Host, Inventory

_CONNECTIONS = {"ssh": SSH, "smart": SSH, "paramiko": SSH, "paramiko_ssh": SSH, "local": LOCAL}
_SHORT = {"J": "proxyjump", "i": "identityfile", "p": "port", "l": "user"}


def hosts(document: Any, name: str) -> Inventory:
    """The inventory in a document; UsageError when it is none."""
    if not isinstance(document, dict):
        raise UsageError(f"{name}: not the JSON of an inventory (an object of groups)")
    variables = (
        document.get("_meta", {}).get("hostvars", {}) if isinstance(document.get("_meta"), dict) else {}
    )
    groups = {key: value for key, value in document.items() if key != "_meta"}
    members = {group: list(dict.fromkeys(_members(groups, group, ()))) for group in groups}
    told = {group: value.get("vars", {}) for group, value in groups.items() if isinstance(value, dict)}
    names = dict.fromkeys([*(each for group in members.values() for each in group), *variables])
    found = {}
    for each in names:
        inherited: dict[str, Any] = {}
        for group in sorted(members, key=lambda group: group != "all"):
            if each in members[group] and isinstance(told.get(group), dict):
                inherited.update(told[group])
        found[each] = host(each, {**inherited, **variables.get(each, {})})
    return Inventory(found, members)


def _members(groups: Mapping[str, Any], group: str, above: tuple[str, ...]) -> Iterator[str]:
    if group in above:
        return  # a group that is inside itself
    told = groups.get(group, {})
    if isinstance(told, list):  # the short form of executable inventories
        yield from map(str, told)
    elif isinstance(told, dict):
        yield from map(str, told.get("hosts", ()))
        for child in told.get("children", ()):
            yield from _members(groups, str(child), (*above, group))


def host(name: str, variables: Mapping[str, Any]) -> Host:
    """A host by its variables; what cannot be followed becomes its `trouble`."""
    try:
        return _host(name, variables)
    except UsageError as error:
        return Host(name, trouble=str(error))


def _host(name: str, variables: Mapping[str, Any]) -> Host:
    told = _Variables(variables)
    connection = told.text("ansible_connection") or "ssh"
    if connection not in _CONNECTIONS:
        raise UsageError(f"ansible_connection={connection} is not a way that heapwatch knows (ssh, local)")
    options = _ssh_options(told)
    method = told.text("ansible_become_method") or "sudo"
    become = told.truth("ansible_become")
    if become and method not in BECOME:
        raise UsageError(f"ansible_become_method={method}: {', '.join(BECOME)} are known")
    python = told.text("ansible_python_interpreter")
    key = told.text("ansible_ssh_private_key_file") or told.text("ansible_private_key_file")
    port = told.text("ansible_port") or told.text("ansible_ssh_port") or options.get("port", "")
    if port and not port.isdigit():
        raise UsageError(f"ansible_port={port} is no port")
    check = options.get("stricthostkeychecking", "").lower() not in ("no", "off")
    check = check and (told.truth("ansible_ssh_host_key_checking", True))
    labels = variables.get("heapwatch_labels", {})
    if not isinstance(labels, dict):
        raise UsageError("heapwatch_labels is no mapping of names to values")
    jvms = variables.get("heapwatch_jvms", [])
    if isinstance(jvms, dict):
        raise UsageError("heapwatch_jvms is no list of names")
    return Host(
        name,
        address=told.text("ansible_host") or told.text("ansible_ssh_host"),
        port=int(port) if port else None,
        user=told.text("ansible_user") or told.text("ansible_ssh_user") or options.get("user"),
        password=told.text("ansible_password") or told.text("ansible_ssh_pass") or None,
        keys=tuple(each for each in (key, options.get("identityfile", "")) if each),
        jump=options.get("proxyjump", ""),
        proxy_command=options.get("proxycommand", ""),
        known_hosts=options.get("userknownhostsfile", ""),
        check_host_key=check,
        connection=_CONNECTIONS[connection],
        become=become,
        become_user=told.text("ansible_become_user") or "root",
        become_method=method if become else "sudo",
        python="" if python.startswith("auto") else python,
        labels={str(key): str(value) for key, value in labels.items()},
        jvms=tuple(map(str, jvms)) if isinstance(jvms, list) else (str(jvms),),
    )


class _Variables:
    """A host's variables, those that Ansible would first have to work out refused."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self._variables = variables

    def text(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            return ""
        if isinstance(value, dict):
            raise UsageError(f"{name} is encrypted or no text: only Ansible can read it")
        if "{{" in str(value):
            raise UsageError(f"{name} is a template, which only Ansible can fill in: {value}")
        return str(value)

    def truth(self, name: str, otherwise: bool = False) -> bool:
        text = self.text(name).lower()
        return text in ("true", "yes", "on", "1", "y", "t") if text else otherwise


def _ssh_options(told: _Variables) -> dict[str, str]:
    """What `ansible_ssh_common_args` and `ansible_ssh_extra_args` say, by names in small letters."""
    try:
        words = shlex.split(f"{told.text('ansible_ssh_common_args')} {told.text('ansible_ssh_extra_args')}")
    except ValueError as error:
        raise UsageError(f"ansible_ssh_common_args: {error}") from error
    found: dict[str, str] = {}
    left = iter(words)
    for word in left:
        flag, value = word[1:2], word[2:]
        if not word.startswith("-") or not flag:
            continue
        if flag == "o":
            name, _, text = (value or next(left, "")).replace(" ", "=", 1).partition("=")
            found.setdefault(name.strip().lower(), text.strip())
        elif flag in _SHORT:
            found.setdefault(_SHORT[flag], value or next(left, ""))
    return found
