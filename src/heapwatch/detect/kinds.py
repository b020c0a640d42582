"""What the name of a class tells: whose it is, and what kind of leak its growth would be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

APPLICATION, OTHER, JDK, CONTAINER, PRIMITIVE = range(5)

_JDK = re.compile(r"(java|javax|jdk|sun|com\.sun)\.")
_PRIMITIVE = re.compile(r"(boolean|byte|char|short|int|long|float|double)(\[\])+|\[+[ZBCSIJFD]")
_BOXES = {
    f"java.lang.{name}"
    for name in (
        "Object",
        "String",
        "Integer",
        "Long",
        "Short",
        "Byte",
        "Character",
        "Boolean",
        "Float",
        "Double",
    )
}
_CONTAINERS = re.compile(
    r"java\.util\.(concurrent\.)?(Abstract|Array|Hash|Linked|Tree|Identity|Weak|Enum|Immutable|Collections|Priority"
    r"|Vector|Stack|Concurrent|CopyOnWrite|Optional|BitSet|WeakHash|Map|List|Set)\w*(\$\w+)*|"
    r"scala\.(collection\.)[\w.$]+|java\.util\.concurrent\.atomic\.Atomic\w+|java\.lang\.ref\.\w+"
)

FILLERS = frozenset(f"jdk.internal.vm.Filler{name}" for name in ("Object", "Array", "Element", "Element[]"))
"""The collector's, over dead space, and no objects of the program (JDK-8284435)."""

_LOADING = re.compile(
    r"java\.lang\.(Class|reflect\.|invoke\.|Module)|jdk\.internal\.|sun\.(invoke|reflect)\."
)

_GENERATED = re.compile(r"\$\$Lambda|\$Proxy|Generated\w*Accessor")

_THREADS = re.compile(r"(^|[.$])(\w*Thread|\w*Worker|ThreadPoolExecutor|ForkJoinWorkerThread)$")
_LOADERS = re.compile(
    r"ClassLoader(\$\w+)?$|Loader$|java\.lang\.(Module|ModuleLayer|Package|NamedPackage)$|ProtectionDomain$"
)
_DIRECT = re.compile(r"java\.nio\.Direct\w*Buffer(\$\w+)?$|jdk\.internal\.ref\.Cleaner$|sun\.misc\.Cleaner$")


@lru_cache(maxsize=32_768)
def rank(name: str, application: tuple[str, ...]) -> int:
    """How well a class names a leak: the application's own best, arrays of primitives least."""
    if _PRIMITIVE.fullmatch(name):
        return PRIMITIVE
    if name.endswith("[]") or name.startswith("["):
        return CONTAINER
    if name in _BOXES or _CONTAINERS.fullmatch(name):
        return CONTAINER
    if _JDK.match(name):
        return JDK
    own = "." not in name or any(name.startswith(prefix) for prefix in application)
    return APPLICATION if own else OTHER  # nobody ships classes without a package


def is_metadata(name: str) -> bool:
    """Whether these are what the VM keeps of classes, and nothing of the application's."""
    return _LOADING.match(name) is not None


def is_generated(name: str) -> bool:
    """Whether classes of this name are made at run time, one for each place that needs one."""
    return _GENERATED.search(name) is not None


def of_loading(name: str) -> bool:
    """Whether objects of this class come with every class that is loaded."""
    return is_metadata(name) or rank(name, ()) >= CONTAINER


def application_of(command: str) -> tuple[str, ...]:
    """The prefix of the application's classes, by the main class of its command line; none for a jar."""
    main = command.split(maxsplit=1)[0] if command.strip() else ""
    parts = main.rpartition("/")[2].split(".")[:-1]
    if not parts or main.endswith(".jar") or _JDK.match(main):
        return ()
    return (".".join(parts[:2]) + ".",)


def kind_of(classes: Iterable[str], *, loaders_grow: bool) -> str:
    """heap, thread, class-loader or off-heap, by the classes of a family."""
    names = list(classes)
    if loaders_grow or any(_LOADERS.search(name) for name in names):
        return "class-loader"
    if any(_DIRECT.search(name) for name in names):
        return "off-heap"
    if any(_THREADS.search(name) for name in names):
        return "thread"
    return "heap"
