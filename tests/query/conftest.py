"""Query scripts (*.hwq) are test files: each query of one is a test, named by file and line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from heapwatch.query import script
from heapwatch.query.hwq import Query


class ScriptFile(pytest.File):
    """One script over one store, which is open while its tests run."""

    stage: script.Stage

    def collect(self) -> Iterator[pytest.Item]:
        self.script = script.read(self.path, self.path.name)
        for query in self.script.queries:
            yield QueryItem.from_parent(self, name=str(query.number), query=query)

    def setup(self) -> None:
        self.stage = script.Stage(self.script)

    def teardown(self) -> None:
        self.stage.__exit__()


class QueryItem(pytest.Item):
    def __init__(self, *, query: Query, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]
        self.query = query
        self.add_marker("store")

    def runtest(self) -> None:
        assert isinstance(self.parent, ScriptFile)
        outcome = self.parent.stage.run(self.query)
        if outcome.problems:
            pytest.fail("\n".join([f"{outcome.where}: {self.query.text}", *outcome.problems]), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.query.number - 1, f"{self.path.name}:{self.query.number}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".hwq":
        return ScriptFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The queries of a script run in its order, together, so that nothing is loaded twice."""
    scripts: dict[Path, list[pytest.Item]] = {}
    for item in items:
        if isinstance(item, QueryItem):
            scripts.setdefault(item.path, []).append(item)
    for some in scripts.values():
        some.sort(key=lambda item: item.query.number if isinstance(item, QueryItem) else 0)
    others = [item for item in items if not isinstance(item, QueryItem)]
    items[:] = [*others, *itertools.chain.from_iterable(scripts.values())]
