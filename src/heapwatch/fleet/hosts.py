"""A host as an inventory tells it, and groups of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Mapping, Sequence

from heapwatch.errors import UsageError

SSH, LOCAL, KUBECTL = "ssh", "local", "kubectl"
"""Ways to a host."""

BECOME = {
    "sudo": ("sudo", "-n", "-H", "-u"),
    "doas": ("doas", "-n", "-u"),
    "runuser": ("runuser", "-u"),
}
"""How to become somebody else, up to the user's name. None of them may ask for a password: nobody answers."""


@dataclass(frozen=True)
class Pod:
    """A container of a Kubernetes pod, as `kubectl exec` reaches it."""

    name: str
    namespace: str = ""
    container: str = ""
    context: str = ""

    def command(self) -> list[str]:
        """What stands before a command that is to run there."""
        words = ["kubectl"]
        for option, value in (("--context", self.context), ("--namespace", self.namespace)):
            words += [option, value] if value else []
        return [*words, "exec", "-i", self.name, *(["-c", self.container] if self.container else []), "--"]


@dataclass(frozen=True)
class Host:
    """Where it is and who we are there; what is None or empty is left to ~/.ssh/config.

    `name` is the label `host` of all that is collected. `jvms` are names with * and ?: only these are its
    JVMs, and one that is not there is a fault. `trouble` says why the inventory's words cannot be followed;
    such a host is reported and not tried.
    """

    name: str
    address: str = ""
    port: int | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    keys: tuple[str, ...] = ()
    jump: str = ""
    proxy_command: str = ""
    known_hosts: str = ""
    check_host_key: bool = True
    connection: str = SSH
    become: bool = False
    become_user: str = "root"
    become_method: str = "sudo"
    python: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    jvms: tuple[str, ...] = ()
    pod: Pod | None = None
    trouble: str = ""

    def as_user(self, command: Sequence[str]) -> list[str]:
        """The command, run as whom the inventory wants."""
        if not self.become:
            return list(command)
        dashes = [] if self.become_method == "doas" else ["--"]
        return [*BECOME[self.become_method], self.become_user, *dashes, *command]


@dataclass(frozen=True)
class Inventory:
    """Hosts by name, in the inventory's order, and the groups they are in."""

    hosts: Mapping[str, Host]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def find(self, name: str) -> Host | None:
        """The host that is called so: by its name, its address, or the first part of its name."""
        if name in self.hosts:
            return self.hosts[name]
        near = [host for host in self.hosts.values() if name == host.address]
        near = near or [host for host in self.hosts.values() if _first_part(host.name) == _first_part(name)]
        return near[0] if len(near) == 1 else None

    def select(self, pattern: str = "") -> list[Host]:
        """The hosts of a pattern as Ansible writes them: `web*,db1:!web3:&prod`; all of them without one."""
        words = [word for word in _words(pattern) if word]
        if not words:
            return list(self.hosts.values())
        chosen: set[str] = set()
        if all(word[0] in "!&" for word in words):
            chosen = set(self.hosts)
        for word in sorted(words, key=lambda word: "&!".find(word[0])):  # first all that come in
            named = self._named(word.lstrip("!&"))
            if word[0] == "!":
                chosen -= named
            elif word[0] == "&":
                chosen &= named
            else:
                chosen |= named
        return [host for name, host in self.hosts.items() if name in chosen]

    def _named(self, word: str) -> set[str]:
        if word.startswith("~") or "[" in word:
            raise UsageError(f"pattern {word!r}: names, groups, * and ?, joined by , with ! or & before them")
        if word == "all":
            return set(self.hosts)
        found = {name for name in self.hosts if fnmatchcase(name, word)}
        for group, names in self.groups.items():
            if fnmatchcase(group, word):
                found.update(names)
        if not found:
            raise UsageError(f"no host and no group of the inventory is called {word!r}")
        return found & set(self.hosts)


def _words(pattern: str) -> list[str]:
    """Cut at commas; at colons too, but not in an IPv6 address."""
    words: list[str] = []
    for part in pattern.split(","):
        words += [part] if part.count(":") > 1 and "!" not in part and "&" not in part else part.split(":")
    return [word.strip() for word in words]


def _first_part(name: str) -> str:
    """`web1` of `web1.example.com`; an address is one part."""
    return name if name.replace(".", "").isdigit() or ":" in name else name.partition(".")[0]
