"""Class histograms as a JVM prints them (`jmap -histo`, `jcmd GC.class_histogram`, attach `inspectheap`).

     num     #instances         #bytes  class name (module)
    -------------------------------------------------------
       1:        238313        9532520  com.shop.Cart$Item
       2:        126377        7260816  [B (java.base@21.0.8)
    Total        364690       16793336

A class name may hold anything but `. ; [ /`, also line ends, so a row counts as one only if its number
follows the row's before; any other line goes on with the name above it, and the last `Total` is the end.
The total must agree with the rows: a text that was cut or tampered with is refused whole, because a wrong
sum is worse than none. The same name from k class loaders is k rows: they are summed, k is kept.
"""

from __future__ import annotations

import re
import sys
from array import array
from functools import lru_cache
from itertools import compress
from operator import itemgetter, ne
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, cast

from heapwatch.errors import Truncated, Unreadable
from heapwatch.jvm.names import Rule, jvm_form, normalise, split_module
from heapwatch.jvm.sums import Name, Sums
from heapwatch.model import Histogram

_ROW = re.compile(r"^[ \t]*([0-9]{1,9}):[ \t]+([0-9]{1,19})[ \t]+([0-9]{1,19})[ \t]{1,2}(.*)$", re.DOTALL)
_TOTAL = re.compile(r"^Total[ \t]+([0-9]{1,19})[ \t]+([0-9]{1,19})[ \t]*$")
_FIRST_ROW = re.compile(r"^[ \t]*1:[ \t]+[0-9]{1,19}[ \t]+[0-9]{1,19}[ \t]")
_HEADER = "\n num     #instances         #bytes  class name (module)\n" + "-" * 55 + "\n"
_LARGEST = 2**63 - 1
_MEMO_LIMIT = 100_000

_MOST_ROWS = 9_999  # with their number in four digits

# A row as every JDK prints it, `%4d: %13d  %13d  NAME`: its cells are cut by C, much faster than by a loop.
_HEAD = itemgetter(slice(0, 34))
_NAME = itemgetter(slice(34, None))
_BLANK_IS_ZERO = bytes.maketrans(b" ", b"0")
_numbers = b""


def _numbers_to(count: int) -> bytes:
    """The numbers of so many rows or more, `   1:   2:`, end to end. Made when first needed: 50 kB."""
    global _numbers
    if len(_numbers) < 5 * count:
        _numbers = "".join([f"{number:4d}:" for number in range(1, min(2 * count, _MOST_ROWS) + 1)]).encode()
    return _numbers


def decode(data: bytes) -> str:
    """The text of a reply or file. Never fails: what is no text becomes U+FFFD, and `parse` judges it.

    A JVM writes "modified UTF-8": a character beyond U+FFFF is two surrogates of three bytes each.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(_decode_line(line) for line in data.split(b"\n"))


def _decode_line(line: bytes) -> str:
    try:
        joined = line.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
        return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    except UnicodeDecodeError:
        return line.decode("utf-8", "replace")


def parse(text: str, rules: Sequence[Rule] = ()) -> Histogram:
    """The histogram in `text`; what stands before and after it is ignored. Truncated when it is cut off."""
    return Parser(rules).parse(text)


def split(text: str) -> Iterator[str]:
    """The histograms of a file, one by one, each with the lines that stand before it (`4711:` of jcmd).

    One that was cut off is among them, so that `parse` can say so.
    """
    lines: List[str] = []
    end = rows = 0
    for line in text.split("\n"):
        if _FIRST_ROW.match(line):
            if rows:
                yield "\n".join(lines[:end])
                lines = lines[end:]
            rows = 1
            end = len(lines) + 1
        elif rows and (_TOTAL.match(line.rstrip("\r")) or _ROW.match(line)):
            end = len(lines) + 1
        lines.append(line)
    if rows:
        yield "\n".join(lines[:end])


def render(histogram: Histogram) -> str:
    """As `jmap -histo` prints it. A class that was k rows is k rows again: `parse(render(h)) == h`."""
    out = [_HEADER]
    number = 0
    columns = zip(histogram.classes, histogram.instances, histogram.bytes, histogram.rows)
    for name, instances, size, rows in columns:
        module = histogram.modules.get(name)
        raw = f"{jvm_form(name)} ({module})" if module else jvm_form(name)
        more_instances, first_instances = _shares(instances, rows)
        more_bytes, first_bytes = _shares(size, rows)
        for row in range(rows):
            number += 1
            count = more_instances if row else first_instances
            total = more_bytes if row else first_bytes
            out.append(f"{number:4d}: {count:13d}  {total:13d}  {raw}\n")
    out.append(f"Total {histogram.total_instances:13d}  {histogram.total_bytes:13d}\n")
    return "".join(out)


def _shares(total: int, rows: int) -> Tuple[int, int]:
    share = total // rows if rows else 0
    return share, total - share * (rows - 1)


class _Rows(NamedTuple):
    """The rows of a text as they stand there: line i says names[i], instances[i], sizes[i]."""

    lines: List[str]
    names: List[Name]  # name and module
    instances: array[int]
    sizes: array[int]


class Parser:
    """Parses histograms again and again: one parser for each JVM that is asked again.

    It remembers what names mean, and the newest rows: most lines of a JVM's next histogram are the same, in
    the same place, and only the others are read. Parsers for many JVMs may share one memory of names (with
    the same rules): most are the JDK's.
    """

    def __init__(self, rules: Sequence[Rule] = (), memory: Optional[Dict[str, Name]] = None) -> None:
        self._rules = tuple(rules)
        self._names: Dict[str, Name] = {} if memory is None else memory
        self._last: Optional[_Rows] = None
        self._sums: Optional[Sums] = None

    def parse(self, text: str) -> Histogram:
        """As the function of this name; what was seen before costs next to nothing."""
        histogram = self._regular(text)
        return self._careful(text) if histogram is None else histogram

    def _regular(self, text: str) -> Optional[Histogram]:
        """The histogram of a text whose columns are where they always are, cut out without a loop.

        None means look closer, not that it is wrong.
        """
        lines = text.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        total = _TOTAL.match(lines.pop()) if lines else None
        first = next((at for at, line in enumerate(lines[:8]) if line.startswith("   1:")), None)
        if total is None or first is None:
            return None
        del lines[:first]
        rows = self._changed_rows(lines) or self._rows(lines, range(len(lines)))
        histogram = self._told(rows, total) if rows else None
        self._last = rows if histogram else None
        return histogram

    def _told(self, rows: _Rows, total: re.Match[str]) -> Optional[Histogram]:
        """The histogram of the rows. With the same names as before only the numbers are looked at."""
        self._sums = self._sums.of(rows.names) if self._sums else Sums(rows.names)
        return _summed(self._sums, rows.instances, rows.sizes, total)

    def _changed_rows(self, lines: List[str]) -> Optional[_Rows]:
        """The rows of the text before with what is different now; None when that is too much."""
        last = self._last
        if last is None or len(lines) > _MOST_ROWS:
            return None
        common = min(len(lines), len(last.lines))
        changed = list(compress(range(common), map(ne, lines, last.lines)))
        if len(changed) + len(lines) - common > len(lines) // 4:
            return None
        fresh = self._rows([lines[at] for at in changed], changed)
        added = self._rows(lines[common:], range(common, len(lines)))
        if fresh is None or added is None:
            return None
        names = last.names
        if len(lines) != len(names) or any(names[at] is not name for at, name in zip(changed, fresh.names)):
            names = names[:common] + added.names
        instances = last.instances[:common] + added.instances
        sizes = last.sizes[:common] + added.sizes
        for at, name, count, size in zip(changed, fresh.names, fresh.instances, fresh.sizes):
            instances[at], sizes[at] = count, size
            if names is not last.names:
                names[at] = name
        return _Rows(lines, names, instances, sizes)

    def _rows(self, lines: List[str], places: Sequence[int]) -> Optional[_Rows]:
        """Lines as rows, if every column is where it should be and each line has the number of its place.

        A number too wide for its column moves the name, which then does not begin with two blanks.
        """
        if len(lines) > _MOST_ROWS:
            return None
        found = _figures(lines, places)
        if found is None:
            return None
        cells = list(map(_NAME, lines))
        names = list(map(self._names.get, cells))
        if None in names:
            names = [name or self._name(cell) for name, cell in zip(names, cells)]
        if None in names:
            return None
        return _Rows(lines, cast(List[Name], names), *found)

    def _name(self, cell: str) -> Optional[Name]:
        """What a name, with the two blanks that stand before it, means."""
        if cell[:2] != "  ":
            return None
        if len(self._names) >= _MEMO_LIMIT:
            self._names.clear()
        bare, module = split_module(cell[2:])
        name = self._names[cell] = (normalise(bare, self._rules), module)
        return name

    def _careful(self, text: str) -> Histogram:
        """Names with line ends, forged rows, texts of other tools, more than 9,999 classes."""
        if text.count("\r\n") > text.count("\n") // 2:
            text = text.replace("\r\n", "\n")
        numbers: List[Name] = []
        names: List[List[str]] = []  # the lines of each name
        tail: List[str] = []  # a Total and what follows: the end, or more of the last name
        total = None
        for line in text.split("\n"):
            match = _ROW.match(line)
            if match and int(match[1]) == len(names) + 1:
                if names:
                    names[-1] += tail
                tail, total = [], None
                numbers.append((match[2], match[3]))
                names.append([match[4]])
                continue
            found = _TOTAL.match(line)
            if found:
                if names:
                    names[-1] += tail
                tail, total = [line], found
            elif total is not None:
                tail.append(line)
            elif names:
                names[-1].append(line)
        if total is None:
            if not names:
                raise Unreadable("no class histogram in this text (no row '1:' and no Total line)")
            raise Truncated(f"class histogram is cut off: no Total line after {len(names)} rows")
        read = [cast(Name, self._name("  " + "\n".join(name))) for name in names]
        try:
            instances = array("q", [int(count) for count, _ in numbers])
            sizes = array("q", [int(size) for _, size in numbers])
        except OverflowError:
            raise Unreadable(f"number beyond 63 bits in a class histogram of {len(numbers)} rows") from None
        histogram = _summed(Sums(read), instances, sizes, total)
        if histogram is None:
            raise Truncated(
                f"class histogram is cut off or altered: {len(read)} rows hold "
                f"{sum(instances)} instances and {sum(sizes)} bytes, "
                f"its Total line says {total[1]} and {total[2]}"
            )
        return histogram


def _figures(lines: Sequence[str], places: Sequence[int]) -> Optional[Tuple[array[int], array[int]]]:
    """Instances and bytes of rows whose number is their place; None when a column is not where it should be.

    All numbers are read at once. Two a row, blanks as zeros, they are the digits of one large hexadecimal
    number, 16 to each decimal one; what a pair of digits, then of pairs, and so on, is too large by as
    hexadecimal (16 - 10 times the upper one, then 256 - 100 times) is taken off in all of them together.
    """
    count = len(lines)
    heads = "".join(map(_HEAD, lines))
    if len(heads) != 34 * count or not heads.isascii():
        return None
    cells, numbers = heads.encode(), _numbers_to(places[-1] + 1 if places else 0)
    if not (isinstance(places, range) and places == range(count)):
        numbers = b"".join([numbers[5 * at : 5 * at + 5] for at in places])
    digits = bytearray(b"0") * (32 * count)
    for place in range(34):
        column = cells[place::34]
        if place >= 5:
            digits[place - 3 if place < 19 else place - 2 :: 32] = column
        elif column != numbers[place : 5 * count : 5]:
            return None
    if not count:
        return array("q"), array("q")
    ends, digits = digits[15::16], digits.translate(_BLANK_IS_ZERO)
    if not (ends.isdigit() and digits.isdigit()):
        return None
    value = int(digits, 16)
    for bits in (4, 8, 16, 32):
        upper = (value >> bits) & _lanes(bits, -(-count // 256) * 512)
        value -= ((1 << bits) - 10 ** (bits // 4)) * upper
    both = array("q")
    both.frombytes(value.to_bytes(16 * count, "big"))
    if sys.byteorder == "little":
        both.byteswap()
    return both[::2], both[1::2]


@lru_cache(maxsize=8)
def _lanes(bits: int, count: int) -> int:
    """The lower `bits` of every 2 * `bits`, in `count` numbers of 64."""
    return int.from_bytes(((1 << bits) - 1).to_bytes(bits // 4, "big") * (count * 32 // bits), "big")


def _agree(instances: array[int], sizes: array[int], total: re.Match[str]) -> bool:
    if (sum(instances), sum(sizes)) != (int(total[1]), int(total[2])):
        return False
    if int(total[1]) > _LARGEST or int(total[2]) > _LARGEST:
        raise Unreadable(f"number beyond 63 bits in a class histogram: {total[1]} {total[2]}")
    return True


def _summed(
    sums: Sums, instances: array[int], sizes: array[int], total: re.Match[str]
) -> Optional[Histogram]:
    """Rows of one name are added up, in the place of the first. None when the total is another."""
    return sums.histogram(instances, sizes) if _agree(instances, sizes, total) else None
