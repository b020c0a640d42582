"""What to do next about a leak, by its state, kind and scope."""

from __future__ import annotations

from dataclasses import dataclass

from heapwatch import human
from heapwatch.report.subject import Case, Object
from heapwatch.report.wording import endings, goes_on, name_of, until

SOON_S = 24 * 3600


@dataclass(frozen=True)
class Step:
    """One thing to do, and the command for it, where there is one."""

    text: str
    command: str = ""


def steps(case: Case) -> list[Step]:
    """In the order in which they help."""
    leak = case.leak
    proof = leak.get("proof")
    if proof and proof["verdict"] == "fixed":
        return [
            Step("Nothing: the change is proved. Roll it out to the hosts that still run the version before.")
        ]
    return [
        *_proof(proof),
        *(_soon(leak) if goes_on(leak) else []),
        *_sure(leak),
        *_where(leak, fresh=case.fresh),
        *_who(leak),
        *_fixed(leak, proof),
    ]


def _proof(proof: Object | None) -> list[Step]:
    if not proof:
        return []
    if proof["verdict"] != "not enough data":
        return [Step("The change does not end the leak: some objects still find another way to stay.")]
    more = proof.get("more_samples")
    needed = f"{human.plural(more, 'more histogram')} of the new version" if more else "more traffic"
    return [Step(f"Wait with a verdict on the change: it takes {needed}.")]


def _soon(leak: Object) -> list[Step]:
    """Hosts that end within a day."""
    ends = [end for end in endings(leak) if end["in_s"] < SOON_S]
    if not ends:
        return []
    first = ends[0]
    others = f", and {len(ends) - 1} more within a day" if len(ends) > 1 else ""
    return [
        Step(
            f"Restart {first['host']} before its {first['resource']} ends in {until(first)}{others}. Take "
            "what the steps below ask for first: a restart removes the evidence."
        )
    ]


def _sure(leak: Object) -> list[Step]:
    if leak["state"] != "suspect":
        return []
    return [
        Step(
            f"Make sure: one histogram of live objects on one host. It forces a full collection, once; what "
            f"is left of {name_of(leak)} then is no garbage.",
            "heapwatch histo JVM --live",
        )
    ]


def _where(leak: Object, *, fresh: bool) -> list[Step]:
    name = name_of(leak)
    if fresh:
        return [Step(f"It came with the change: look for {name} in what was changed.")]
    scope = leak.get("scope")
    versions = {version: hosts for version, hosts in (leak.get("versions") or {}).items() if version}
    if scope == "partial" and versions:
        told = "; ".join(f"{version}: {', '.join(map(str, hosts))}" for version, hosts in versions.items())
        return [Step(f"Compare the versions: it leaks with {told}, and not on the other hosts.")]
    if scope == "individual":
        return [
            Step(
                "Only one host leaks and others are clean: compare its configuration and its traffic with "
                "theirs."
            )
        ]
    if scope == "systemic":
        return [
            Step(f"{_most(leak)}, so rather the code than a host: look at what was deployed before it began.")
        ]
    return []


def _most(leak: Object) -> str:
    leaking, rest = (
        sum(len(leak.get(name) or ()) for name in names) for names in (("hosts",), ("clean", "undecided"))
    )
    return f"{leaking} of {leaking + rest} hosts leak alike" if rest else f"All {leaking} hosts leak alike"


def _who(leak: Object) -> list[Step]:
    """What shows who holds the objects."""
    name = name_of(leak)
    kind = leak.get("kind")
    if kind == "thread":
        return [
            Step("Count threads by name: those that multiply tell who starts them.", "jcmd PID Thread.print")
        ]
    if kind == "class-loader":
        return [
            Step(
                "List the class loaders: of which kind there are more and more.",
                "jcmd PID VM.classloader_stats",
            ),
            Step(
                f"Find who holds a loader that should be gone: its path to a root of the heap, by {name}.",
                _DUMP,
            ),
        ]
    if kind == "off-heap":
        return [
            Step(
                "The memory is outside the heap; what holds it is inside. Find who holds the buffers, and "
                "what native memory there is (where -XX:NativeMemoryTracking is on).",
                "jcmd PID VM.native_memory summary",
            )
        ]
    equals = [each for each in leak.get("equals") or () if each != name]
    also = f" (or of {', '.join(equals[:3])}: as many of them grow)" if equals else ""
    return [
        Step(
            f"Find who holds them: a heap dump of one host, and in it the shortest path from a root to an "
            f"object of {name}{also}. It stops the JVM while it is written and holds the data of the JVM.",
            _DUMP,
        )
    ]


_DUMP = "jcmd PID GC.heap_dump /var/tmp/heap.hprof"


def _fixed(leak: Object, proof: Object | None) -> list[Step]:
    if proof:
        return []
    return [
        Step(
            f"Once it is fixed, prove it: histograms of both versions at like traffic, {name_of(leak)} in "
            "balance after.",
            "heapwatch verify BEFORE/ AFTER/",
        )
    ]
