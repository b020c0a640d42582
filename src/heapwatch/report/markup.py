"""Elements of a page. Text enters as text, so that no name of a class can become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Union
from xml.etree.ElementTree import Element, tostring

Child = Union[str, Element, None, Iterable["Child"]]

_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What may not stand in a page: control characters and halves of characters."""


def tag(name: str, /, *children: Child, **attributes: object) -> Element:
    """An element; `class_` is class, `aria_label` is aria-label, an attribute that is None is left out."""
    made = Element(name)
    for key, value in attributes.items():
        if value is not None:
            made.set(key.rstrip("_").replace("_", "-"), spoken(str(value)))
    for child in children:
        _add(made, child)
    return made


def spoken(text: str) -> str:
    return _UNSPEAKABLE.sub("\ufffd", text)


def document(root: Element) -> str:
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _add(parent: Element, child: Child) -> None:
    if child is None:
        return
    if isinstance(child, str):
        _say(parent, spoken(child))
    elif isinstance(child, Element):
        parent.append(child)
    else:
        for each in child:
            _add(parent, each)


def _say(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
