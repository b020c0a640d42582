"""What diagnostic commands answer that cost a JVM next to nothing: four small formats.

    GC.heap_info          ` garbage-first heap   total 65536K, used 876K [0x...`; 25 writes it otherwise
    VM.classloader_stats  `0x...  0x...  0x...   496    573440    417420  <boot class loader>`
    GC.finalizer_info     `     3  java.util.zip.Inflater` below a line of dashes
    VM.native_memory      `-                 Java Heap (reserved=65536KB, committed=65536KB)`

What a JVM says in other words is left out, not guessed: an empty result is one.
"""

from __future__ import annotations

import re
from typing import Dict, List, NamedTuple, Optional

_SPACE = re.compile(r"^\s*([A-Za-z].*?)\s+((?:total|reserved|committed|used|capacity)\b.*)$")
_AMOUNT = re.compile(r"\b(total|reserved|committed|used|(?:max )?capacity) (\d+)([KMG])\b")
_SHENANDOAH = re.compile(r"\b(\d+)([KMG]) (max|soft max|committed|used)\b")
_SCALE = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LOADER = re.compile(r"^0x[0-9a-f]+\s+0x[0-9a-f]+\s+0x[0-9a-f]+\s+(\d+)\s+(\d+)\s+(\d+)\s+(\S.*?)\s*$")
_HIDDEN = re.compile(r"^\s+(\d+)\s+(\d+)\s+(\d+)\s+\+ (?:hidden|unsafe anonymous) classes\s*$")
_WAITING = re.compile(r"^\s*(\d+)\s+(\S+)\s*$")
_NATIVE = re.compile(r"^(?:-\s+([A-Z].*?) |Total: )\(?reserved=(\d+)KB, committed=(\d+)KB")


class LoaderKind(NamedTuple):
    """All class loaders of one class: a growing number of them is a leak of class loaders."""

    loader: str
    loaders: int
    classes: int
    bytes: int  # of metaspace


class NativeUse(NamedTuple):
    """Memory of one category of the VM's own, in bytes."""

    category: str
    reserved: int
    committed: int


def heap_info(text: str) -> Dict[str, Dict[str, int]]:
    """space -> total, used, committed, ... in bytes, of GC.heap_info."""
    found: Dict[str, Dict[str, int]] = {}
    title = ""
    for line in text.splitlines():
        match, amounts = _SPACE.match(line), _SHENANDOAH.findall(line)
        if match:
            sizes = {word: int(number) * _SCALE[unit] for word, number, unit in _AMOUNT.findall(match[2])}
            if sizes:
                found[match[1].strip()] = sizes
        elif amounts and title:
            found[title] = {word: int(number) * _SCALE[unit] for number, unit, word in amounts}
        title = line.strip()
    return found


def class_loaders(text: str) -> List[LoaderKind]:
    """Loaders by their class, those with most classes first, of VM.classloader_stats."""
    counts: Dict[str, List[int]] = {}
    newest: Optional[List[int]] = None
    for line in text.splitlines():
        match, hidden = _LOADER.match(line), _HIDDEN.match(line)
        if match:
            newest = counts.setdefault(match[4], [0, 0, 0])
            newest[0] += 1
            newest[1] += int(match[1])
            newest[2] += int(match[2])
        elif hidden and newest is not None:
            newest[1] += int(hidden[1])
            newest[2] += int(hidden[2])
    kinds = [LoaderKind(loader, *numbers) for loader, numbers in counts.items()]
    return sorted(kinds, key=lambda kind: -kind.classes)


def finalizers(text: str) -> Dict[str, int]:
    """class -> objects that wait for their finalizer, of GC.finalizer_info."""
    below, found = False, {}
    for line in text.splitlines():
        match = _WAITING.match(line) if below else None
        below = below or line.startswith("---")
        if match:
            found[match[2]] = int(match[1])
    return found


def native_memory(text: str) -> Optional[List[NativeUse]]:
    """Categories, the total first as "", of VM.native_memory; None when the JVM does not count them."""
    found = []
    for line in text.splitlines():
        match = _NATIVE.match(line)
        if match:
            found.append(NativeUse(match[1] or "", int(match[2]) * 1024, int(match[3]) * 1024))
    return found or None
