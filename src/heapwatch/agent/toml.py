"""TOML for Pythons that have no tomllib (before 3.11): the part that a configuration of ours needs.

    # comment                       to the end of the line, outside of strings
    key = value                     bare keys (letters, digits, - and _) or quoted ones; no dotted keys
    [table]  [table.below]  [[list.of.tables]]
    "text \\" \\\\ \\n \\t \\u00e9"      'text as it stands'      each on one line
    42  -7  1_000  2.5  true  false
    [1, 2, 3]                       values of these, over several lines if need be

Anything else TOML knows (dates, inline tables, multi-line strings, hexadecimal numbers, dotted keys) is
refused with its line: a setting is never misread.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Tuple

from heapwatch.errors import UsageError

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INTEGER = re.compile(r"[+-]?(0|[1-9](_?[0-9])*)$")
_FLOAT = re.compile(r"[+-]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?$")
_WORD = re.compile(r"[^\s,\]#]+")
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def loads(text: str) -> Dict[str, Any]:
    """The tables of a document; UsageError names the line that is wrong or not supported."""
    return _Reader(text.replace("\r\n", "\n")).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._root: Dict[str, Any] = {}
        self._defined: set[Tuple[str, ...]] = set()  # tables that a header has opened
        self._lists: set[Tuple[str, ...]] = set()

    def document(self) -> Dict[str, Any]:
        table = self._root
        while self._skip_blank_lines():
            if self._peek() == "[":
                table = self._header()
            else:
                key = self._key()
                self._expect("=")
                if key in table:
                    raise self._wrong(f"{key!r} is given twice")
                self._blanks()
                table[key] = self._value()
            self._end_of_line()
        return self._root

    def _header(self) -> Dict[str, Any]:
        self._at += 1
        many = self._peek() == "["
        self._at += many
        path = [self._key()]
        while self._peek() == ".":
            self._at += 1
            path.append(self._key())
        for _ in range(2 if many else 1):
            if self._peek() != "]":
                raise self._wrong("a header ends with ]")
            self._at += 1
        return self._open(tuple(path), many)

    def _open(self, path: Tuple[str, ...], many: bool) -> Dict[str, Any]:
        table = self._root
        for depth, name in enumerate(path[:-1], 1):
            below = table.setdefault(name, {})
            if isinstance(below, list) and path[:depth] in self._lists:
                below = below[-1]
            if not isinstance(below, dict):
                raise self._wrong(f"{'.'.join(path[:depth])} is no table")
            table = below
        name = path[-1]
        if many:
            if name in table and path not in self._lists:
                raise self._wrong(f"{'.'.join(path)} is no list of tables")
            opened: Dict[str, Any] = {}
            table.setdefault(name, []).append(opened)
            for paths in (self._defined, self._lists):  # below a new table all begins anew
                paths.difference_update([known for known in paths if known[: len(path)] == path])
            self._lists.add(path)
            return opened
        below = table.setdefault(name, {})
        if path in self._defined or not isinstance(below, dict) or (below and self._has_values(below)):
            raise self._wrong(f"table {'.'.join(path)} is given twice")
        self._defined.add(path)
        return below

    @staticmethod
    def _has_values(table: Dict[str, Any]) -> bool:
        """Whether it was filled by itself; one that only holds tables was made on the way to them."""
        return not all(isinstance(value, (dict, list)) for value in table.values())

    # -- values -------------------------------------------------------------------------------------------

    def _value(self) -> Any:
        letter = self._peek()
        if letter in "\"'":
            return self._string()
        if letter == "[":
            return self._array()
        word = _WORD.match(self._text, self._at)
        if word is None or letter == "{":
            raise self._wrong("a value is missing, or of a kind that is not supported here")
        self._at = word.end()
        return self._scalar(word.group())

    def _scalar(self, word: str) -> Any:
        if word in ("true", "false"):
            return word == "true"
        digits = word.replace("_", "")
        if _INTEGER.match(word):
            return int(digits)
        if _FLOAT.match(word):
            return float(digits)
        raise self._wrong(f"{word!r} is no value that is supported here (text needs quotes)")

    def _array(self) -> List[Any]:
        self._at += 1
        values: List[Any] = []
        while True:
            self._skip_blank_lines()
            if self._peek() == "]":
                break
            values.append(self._value())
            self._skip_blank_lines()
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != "]":
                raise self._wrong("values of a list are parted by commas, and the list ends with ]")
        self._at += 1
        return values

    def _string(self) -> str:
        quote = self._peek()
        if self._text.startswith(quote * 3, self._at):
            raise self._wrong("text over several lines is not supported here")
        at = self._at + 1
        parts: List[str] = []
        while True:
            letter = self._text[at : at + 1]
            if letter in ("", "\n"):
                raise self._wrong("text without its closing quote")
            if letter == quote:
                break
            if letter == "\\" and quote == '"':
                part, at = self._escape(at + 1)
                parts.append(part)
                continue
            if _CONTROL.match(letter):
                raise self._wrong("control character in a text")
            parts.append(letter)
            at += 1
        self._at = at + 1
        return "".join(parts)

    def _escape(self, at: int) -> Tuple[str, int]:
        letter = self._text[at : at + 1]
        if letter in _ESCAPES and letter:
            return _ESCAPES[letter], at + 1
        size = {"u": 4, "U": 8}.get(letter, 0)
        digits = self._text[at + 1 : at + 1 + size]
        if not size or not re.fullmatch(f"[0-9A-Fa-f]{{{size}}}", digits):
            raise self._wrong(f"unknown escape \\{letter}")
        number = int(digits, 16)
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            raise self._wrong(f"\\{letter}{digits} is no character")
        return chr(number), at + 1 + size

    # -- places -------------------------------------------------------------------------------------------

    def _key(self) -> str:
        self._blanks()
        if self._peek() in ('"', "'"):
            key = self._string()
        else:
            found = _BARE.match(self._text, self._at)
            if found is None:
                raise self._wrong("a key is missing")
            key = found.group()
            self._at = found.end()
        self._blanks()
        return key

    def _expect(self, letter: str) -> None:
        if self._peek() != letter:
            more = " (dotted keys are not supported here: use a [table])" if self._peek() == "." else ""
            raise self._wrong(f"{letter} is missing{more}")
        self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _blanks(self) -> None:
        while self._peek() in (" ", "\t"):
            self._at += 1

    def _skip_blank_lines(self) -> bool:
        """Past white space and comments; False at the end of the document."""
        while True:
            self._blanks()
            if self._peek() == "#":
                self._comment()
            if self._peek() != "\n":
                return self._at < len(self._text)
            self._at += 1

    def _comment(self) -> None:
        end = self._text.find("\n", self._at)
        comment = self._text[self._at : end if end >= 0 else len(self._text)]
        if _CONTROL.search(comment):
            raise self._wrong("control character in a comment")
        self._at += len(comment)

    def _end_of_line(self) -> None:
        self._blanks()
        if self._peek() == "#":
            self._comment()
        if self._peek() not in ("", "\n"):
            raise self._wrong("nothing more may stand on this line")

    def _wrong(self, what: str) -> UsageError:
        return UsageError(f"line {self._text.count(chr(10), 0, self._at) + 1}: {what}")
