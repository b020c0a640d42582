"""Who holds an object: the way from a root of the collector down to it, step by step.

    thread downloads, a variable on its stack
    └─ memleak.Pace.work
       └─ akka.actor.ActorCell._childrenRefs
          └─ scala.collection.immutable.RedBlackTree$Tree._left|_right  (× 12)
             └─ memleak.Child.file
                └─ byte[]

A step is an object's class and the field by which it holds the next. Objects of one class that hold each
other (a list, a tree) are one step with a number. Ways that begin alike are one tree.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from heapwatch.jvm import jfr, threaddump
from heapwatch.jvm.names import normalise

ELEMENT = "[]"
OLD_OBJECT = "jdk.OldObjectSample"

_STATIC = 8  # java.lang.reflect.Modifier
_LONGEST = 4096
_FRAMES = 64
_SHOWN = 12
_FRAMES_SHOWN = 4
_HIDDEN_SUFFIX = re.compile(r"[+/](0x[0-9a-f]+)(?:/\d+)?$")
_ROOTS = {
    "Stack Variable": "a variable on its stack",
    "Local JNI Handle": "a handle of native code",
    "Global JNI Handle": "a handle of native code",
    "Handle Area": "a handle of the VM",
}


class Link(NamedTuple):
    """One object that holds the next one by a field, or by an element of an array."""

    holder: str
    field: str  # "[]" of an array, "" where it is not known
    static: bool = False


class Step(NamedTuple):
    """One or more links in a row of objects of one class: `times` is how many."""

    holder: str
    fields: Tuple[str, ...]
    static: bool = False
    times: int = 1


class Held(NamedTuple):
    """One object that was held, as a recording tells it. The chain begins at the root."""

    type: str
    chain: Tuple[Link, ...]
    root: str  # in words; "" when no way to a root was searched or found
    stack: Tuple[str, ...]  # where it was made, `package.Class.method:line`, innermost first
    elements: Optional[int]  # of an array
    bytes: Optional[int]  # 25 and up
    allocated_ms: float  # epoch
    thread: str


class Group(NamedTuple):
    """Objects that are held the same way."""

    objects: int
    type: str
    root: str
    steps: Tuple[Step, ...]
    stack: Tuple[str, ...]  # where most of them were made

    def document(self) -> Dict[str, Any]:
        """For JSON."""
        return {
            "objects": self.objects,
            "class": self.type,
            "root": self.root,
            "chain": [{**step._asdict(), "fields": list(step.fields)} for step in self.steps],
            "stack": list(self.stack),
        }

    def classes(self) -> List[str]:
        """All classes on the way, the held one last."""
        return [*(step.holder for step in self.steps), self.type]


# -- out of a recording --------------------------------------------------------------------------------------


def of_recording(data: jfr.Buffer) -> List[Held]:
    """The old objects that a JFR file tells of."""
    return [_held(chunk, event.fields) for chunk in jfr.chunks(data) for event in chunk.events([OLD_OBJECT])]


def _held(chunk: jfr.Chunk, fields: Dict[str, Any]) -> Held:
    kind, chain = _chain(chunk, fields.get("object"))
    elements = fields.get("arrayElements")
    size = fields.get("objectSize")
    thread = _dict(chunk, fields.get("eventThread"))
    return Held(
        type=kind,
        chain=chain,
        root=_root(chunk, fields.get("root")),
        stack=_stack(chunk, fields.get("stackTrace")),
        elements=elements if isinstance(elements, int) and elements >= 0 else None,
        bytes=size if isinstance(size, int) and size > 0 else None,
        allocated_ms=chunk.moment_ms(_whole(fields.get("allocationTime"))),
        thread=chunk.text(thread.get("javaName")) or chunk.text(thread.get("osName")) or "",
    )


def _chain(chunk: jfr.Chunk, reference: Any) -> Tuple[str, Tuple[Link, ...]]:
    """The object's class and what holds it, the root's side first."""
    found = _dict(chunk, reference)
    kind, seen = _class(chunk, found.get("type")), {reference}
    links: List[Link] = []
    while len(links) < _LONGEST:
        referrer = _dict(chunk, found.get("referrer"))
        above = referrer.get("object")
        if not isinstance(above, jfr.Ref) or above in seen:
            break
        seen.add(above)
        found = _dict(chunk, above)
        if not found:
            break
        skipped = _whole(referrer.get("skip"))
        if skipped > 0:
            links.append(Link(f"({skipped} objects left out by the VM)", ""))
        links.append(_link(chunk, found, referrer))
    return kind, tuple(reversed(links))


def _link(chunk: jfr.Chunk, holder: Dict[str, Any], referrer: Dict[str, Any]) -> Link:
    name = _class(chunk, holder.get("type"))
    field = _dict(chunk, referrer.get("field"))
    if not field:
        return Link(name, ELEMENT if _dict(chunk, referrer.get("array")) else "")
    static = bool(_whole(field.get("modifiers")) & _STATIC)
    if static:
        told = (chunk.text(holder.get("description")) or "").partition("Class Name: ")[2]
        name = class_name(told) if told else name
    return Link(name, chunk.text(field.get("name")) or "", static)


def _root(chunk: jfr.Chunk, reference: Any) -> str:
    found = _dict(chunk, reference)
    if not found:
        return ""
    system = chunk.text(_dict(chunk, found.get("system")).get("system")) or ""
    kind = chunk.text(_dict(chunk, found.get("type")).get("type")) or ""
    told = (chunk.text(found.get("description")) or "").strip()
    thread = told.partition("Thread Name: ")[2]
    if thread:
        return f"thread {threaddump.pattern(thread)}, {_ROOTS.get(kind, kind.lower())}"
    words = [
        word for word in (system, "" if kind == "Unknown" else _ROOTS.get(kind, kind.lower()), told) if word
    ]
    return ", ".join(words) or "a root of the VM"


def _stack(chunk: jfr.Chunk, reference: Any) -> Tuple[str, ...]:
    frames = _dict(chunk, reference).get("frames")
    out = []
    for each in (frames if isinstance(frames, list) else [])[:_FRAMES]:
        frame = _dict(chunk, each)
        method = _dict(chunk, frame.get("method"))
        line = _whole(frame.get("lineNumber"))
        name = f"{_class(chunk, method.get('type'))}.{chunk.text(method.get('name')) or '?'}"
        out.append(f"{name}:{line}" if line > 0 else name)
    return tuple(out)


def _class(chunk: jfr.Chunk, reference: Any) -> str:
    return class_name(chunk.text(_dict(chunk, reference).get("name")) or "?")


def class_name(raw: str) -> str:
    """`memleak/Child` and `[B` as classes are called everywhere else here."""
    suffix = _HIDDEN_SUFFIX.search(raw)
    if suffix:
        return normalise(f"{raw[: suffix.start()].replace('/', '.')}/{suffix[1]}")
    return normalise(re.sub(r"/(?!\d+$)", ".", raw))


def _dict(chunk: jfr.Chunk, reference: Any) -> Dict[str, Any]:
    found = chunk.resolve(reference)
    return found if isinstance(found, dict) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


# -- together ------------------------------------------------------------------------------------------------


def steps_of(chain: Sequence[Link]) -> Tuple[Step, ...]:
    """Links in a row of one class are one step; how the last of them holds the next class is its own."""
    steps: List[Step] = []
    at = 0
    while at < len(chain):
        end = at
        while end + 1 < len(chain) and chain[end + 1].holder == chain[at].holder:
            end += 1
        if end > at:
            fields = tuple(sorted({link.field for link in chain[at:end]}))
            steps.append(Step(chain[at].holder, fields, False, end - at))
        steps.append(Step(chain[end].holder, (chain[end].field,), chain[end].static))
        at = end + 1
    return tuple(steps)


def shape(steps: Sequence[Step]) -> Tuple[object, ...]:
    """What ways have in common that differ only in how long a list or tree on them is."""
    return tuple((step.holder, step.fields if step.times == 1 else None, step.static) for step in steps)


def grouped(samples: Iterable[Held]) -> List[Group]:
    """Objects held the same way, most of them first; how long a list or tree is makes no difference."""
    found: Dict[Tuple[object, ...], List[Tuple[Tuple[Step, ...], Held]]] = {}
    for held in samples:
        steps = steps_of(held.chain)
        found.setdefault((held.type, held.root, shape(steps)), []).append((steps, held))
    groups = [_group(members) for members in found.values()]
    return sorted(groups, key=lambda group: -group.objects)


def _group(members: List[Tuple[Tuple[Step, ...], Held]]) -> Group:
    first = members[0][1]
    merged = []
    for alike in zip(*(steps for steps, _ in members)):
        fields = sorted({field for step in alike for field in step.fields})
        merged.append(Step(alike[0].holder, tuple(fields), alike[0].static, max(s.times for s in alike)))
    stacks = Counter(held.stack for _, held in members)
    return Group(len(members), first.type, first.root, tuple(merged), stacks.most_common(1)[0][0])


def with_class(groups: Sequence[Group], name: str) -> List[Group]:
    """Those on whose way there is an object of this class, or that are of it."""
    return [group for group in groups if name in group.classes()]


class _Node:
    def __init__(self) -> None:
        self.count = 0
        self.times = 1
        self.below: Dict[str, _Node] = {}
        self.made: Counter[Tuple[str, ...]] = Counter()


def tree(groups: Sequence[Group], shown: int = _SHOWN, suspect: str = "") -> List[str]:
    """The lines of a tree of the `shown` most frequent ways."""
    top = _Node()
    for group in groups[:shown]:
        _grow(top, group)
    lines = _lines(top, suspect)
    left = sum(group.objects for group in groups[shown:])
    if left:
        lines.append(f"and {left} more, held in {len(groups) - shown} other ways")
    return lines


def told(groups: Sequence[Group], suspect: str = "") -> str:
    """The tree as text, or a sentence where there is none."""
    if not groups:
        return "no object that was made while recording was still there at its end"
    return "\n".join(tree(groups, suspect=suspect))


def short_field(name: str) -> str:
    """Scala puts the owner before a private field's name: `akka$actor$dungeon$Children$$_children`."""
    return name.rpartition("$$")[2] or name


def _grow(top: _Node, group: Group) -> None:
    words = [(group.root or "(no way to a root is known)", 1)]
    for step in group.steps:
        by = "|".join(short_field(field) for field in step.fields if field != ELEMENT)
        name = f"{'static ' if step.static else ''}{step.holder}{'.' + by if by else ''}"
        words.append((name, step.times))
    words.append((group.type, 1))
    node = top
    for word, times in words:
        node = node.below.setdefault(word, _Node())
        node.count += group.objects
        node.times = max(node.times, times)
    node.made[group.stack] += group.objects


def _lines(top: _Node, suspect: str) -> List[str]:
    """The tree, drawn. Without recursion: a way may be some hundred steps long."""
    lines: List[str] = []
    todo = [(word, node, top.count, "", "", True) for word, node in _rarest_first(top)]
    while todo:
        word, node, above, indent, branch, last = todo.pop()
        notes = [f"× {node.times}"] if node.times > 1 else []
        if node.count != above or not node.below:
            notes.append(f"{node.count} held")
        if suspect and suspect in (word, word[: -len(word.rpartition(".")[2]) - 1]):
            notes.append("the suspect")
        note = ", ".join(notes)
        lines.append(f"{indent}{branch}{word}" + (f"  ({note})" if note else ""))
        below = indent + ("" if not branch else "   " if last else "│  ")
        if node.made:
            frames = node.made.most_common(1)[0][0][:_FRAMES_SHOWN]
            lines.extend(
                f"{below}   {'made by ' if not i else '        '}{frame}" for i, frame in enumerate(frames)
            )
        children = _rarest_first(node)
        for i, (name, child) in enumerate(children):
            todo.append((name, child, node.count, below, "├─ " if i else "└─ ", not i))
    return lines


def _rarest_first(node: _Node) -> List[Tuple[str, _Node]]:
    return sorted(node.below.items(), key=lambda item: item[1].count)
