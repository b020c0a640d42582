"""A page as a strict parser reads it: every element is closed, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link"}


@dataclass
class Seen:
    """One element, with its text and that of all in it."""

    name: str
    attributes: dict[str, str]
    inside: list[Seen] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, name: str = "", **wanted: str) -> list[Seen]:
        """Elements in it, in order: of this name, with these classes or attributes."""
        found = []
        for each in self.inside:
            given = {**each.attributes, "class_": each.attributes.get("class", "")}
            fits = all(value in given.get(key, "").split() for key, value in wanted.items())
            if fits and name in ("", each.name):
                found.append(each)
            found += each.all(name, **wanted)
        return found

    def one(self, name: str = "", **wanted: str) -> Seen:
        (found,) = self.all(name, **wanted)
        return found


class Page(HTMLParser):
    """Raises AssertionError where an element is not closed or closed twice."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Seen("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root], [each.name for each in self._open]

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len({key for key, _ in attributes}) == len(attributes)
        made = Seen(name, {key: value or "" for key, value in attributes})
        self._open[-1].inside.append(made)
        if name not in VOID:
            self._open.append(made)

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop().name == name

    def handle_data(self, text: str) -> None:
        for each in self._open:
            each.texts.append(text)


def read(text: str) -> Seen:
    return Page(text).root
