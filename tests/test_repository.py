"""What a stranger who clones the repository relies on."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "requirements").rglob("*.txt"))

LONGEST_MODULE = 400
BUILT = re.compile(
    r"(^|/)(node_modules|target|dist|__pycache__|\.venv)/|^src/heapwatch/web/static/|\.(class|jar|whl|pyc|pyz)$"
)
MACHINE_PATHS = re.compile(r"(?<![\w.}])/(work|root)/[\w.]")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


@pytest.fixture(scope="module")
def tracked(needs) -> list[str]:
    """The files that git knows (as a test sees them: added or about to be)."""
    command = [needs("git"), "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_pin_every_package_by_hash_and_name_no_place(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_lock_of_the_web_pages_names_no_place() -> None:
    assert '"resolved"' not in (ROOT / "ui" / "package-lock.json").read_text()


def test_nothing_built_is_tracked(tracked: list[str]) -> None:
    assert [name for name in tracked if BUILT.search(name)] == []


def test_no_module_hides_a_second_idea_by_its_length(tracked: list[str]) -> None:
    sources = [name for name in tracked if re.match(r"(src|scripts|ui/src)/.*\.(py|ts|tsx)$", name)]
    long = {name: len((ROOT / name).read_text().splitlines()) for name in sources}
    generated = re.compile(r"ui/src/api/.*(schema|types)")
    assert {n: count for n, count in long.items() if count > LONGEST_MODULE and not generated.match(n)} == {}


def test_no_file_names_a_place_on_the_machine_of_its_author(tracked: list[str]) -> None:
    told = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".png", ".gz", ".bin", ".woff2") or path.stat().st_size > 2_000_000:
            continue
        text = path.read_text(errors="replace")
        told += [f"{name}: {found.group()}" for found in MACHINE_PATHS.finditer(text)]
    assert told == []


def test_the_two_commands_of_the_readme_come_first_and_can_be_typed() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^(\./run \w+)", readme, re.MULTILINE)
    assert commands[:2] == ["./run demo", "./run test"]
    assert os.access(ROOT / "run", os.X_OK)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_links_between_documents_lead_somewhere(tracked: list[str]) -> None:
    lost = []
    for name in tracked:
        if not name.endswith(".md"):
            continue
        for target in LINK.findall((ROOT / name).read_text()):
            if "://" in target or target.startswith("mailto:"):
                continue
            led_to = (ROOT / name).parent.joinpath(target).resolve()
            out_of_docs = name.startswith("docs/") and not led_to.is_relative_to(ROOT / "docs")
            if out_of_docs or not led_to.exists():  # the built documentation has only what is in docs/
                lost.append(f"{name}: {target}")
    assert lost == []


def test_decisions_are_numbered_one_by_one() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_page_of_the_documentation_is_in_its_table_of_contents(tracked: list[str]) -> None:
    contents = (ROOT / "mkdocs.yml").read_text()
    pages = [name.removeprefix("docs/") for name in tracked if re.match(r"docs/.*\.md$", name)]
    assert [page for page in pages if page not in contents] == []
