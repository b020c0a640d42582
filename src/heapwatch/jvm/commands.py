"""Operations that are one diagnostic command of the JVM: its words, its pause, and how its answer is read.

jvm/operations.py asks them over the JVM's socket; fleet/jcmd_operate.py by the JDK's own jcmd, on hosts that
have no Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping

from heapwatch.jvm import answers, threaddump


def _nothing(_heap: Mapping[str, float]) -> float:
    return 0.0


@dataclass(frozen=True)
class Command:
    """`stands` predicts the pause in ms from the heap's counters; `read` makes fields of the answer."""

    words: str
    read: Callable[[str], Dict[str, Any]]
    stands: Callable[[Mapping[str, float]], float] = _nothing


def _thread_dump_ms(heap: Mapping[str, float]) -> float:
    """Some microseconds a thread. Never with -l: that walks the heap for the owners of locks."""
    return 1.0 + 0.02 * heap.get("threads", 50.0)


def _classloader_ms(heap: Mapping[str, float]) -> float:
    return 1.0 + 0.0002 * heap.get("loaded_classes", 5000.0)


def _text(_text: str) -> Dict[str, Any]:
    return {}


def _heap_info(text: str) -> Dict[str, Any]:
    return {"spaces": answers.heap_info(text)}


def _thread_dump(text: str) -> Dict[str, Any]:
    dump = threaddump.parse(text)
    return {**dump._asdict(), "groups": [group._asdict() for group in dump.groups]}


def _classloader_stats(text: str) -> Dict[str, Any]:
    kinds = answers.class_loaders(text)
    return {
        "loaders": sum(kind.loaders for kind in kinds),
        "classes": sum(kind.classes for kind in kinds),
        "bytes": sum(kind.bytes for kind in kinds),
        "kinds": [kind._asdict() for kind in kinds],
    }


def _finalizer_info(text: str) -> Dict[str, Any]:
    waiting = answers.finalizers(text)
    return {"waiting": sum(waiting.values()), "classes": waiting}


def _native_memory(text: str) -> Dict[str, Any]:
    uses = answers.native_memory(text)
    if uses is None:
        return {"enabled": False, "categories": []}
    total = next((use for use in uses if not use.category), None)
    return {
        "enabled": True,
        "reserved": total.reserved if total else None,
        "committed": total.committed if total else None,
        "categories": [use._asdict() for use in uses if use.category],
    }


COMMANDS: Dict[str, Command] = {
    "version": Command("VM.version", _text),
    "heap_info": Command("GC.heap_info", _heap_info),
    "thread_dump": Command("Thread.print", _thread_dump, _thread_dump_ms),
    "classloader_stats": Command("VM.classloader_stats", _classloader_stats, _classloader_ms),
    "finalizer_info": Command("GC.finalizer_info", _finalizer_info),
    "native_memory": Command("VM.native_memory summary", _native_memory),
}
"""By the operation's name."""
