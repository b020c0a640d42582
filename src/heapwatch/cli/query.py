"""`heapwatch query [TEXT]`"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from heapwatch.cli import saving
from heapwatch.cli.answers import show_query
from heapwatch.cli.client import BadQuery, Client
from heapwatch.cli.options import LAST_HOUR, QUERIED, SERVER, QueryOutput, Range, ServerOptions
from heapwatch.errors import UsageError

Text = Annotated[str, Parameter(allow_leading_hyphen=True)]  # - is standard input
PARQUET = "application/vnd.apache.parquet"
_OPTION = re.compile(r"--?\w[\w-]*(?:=.*)?")


@dataclass(frozen=True)
class Question:
    """How a query is asked."""

    from_: str
    to: str
    interval: str | None
    mode: str
    kind: str


def query(
    text: Text | None = None,
    *,
    file: Annotated[Path | None, Parameter(alias="-f")] = None,
    interval: str | None = None,
    mode: Literal["all", "live"] = "all",
    range_: Range = LAST_HOUR,
    output: QueryOutput = QUERIED,
    server: ServerOptions = SERVER,
) -> int:
    """Ask in the metric language, or at a prompt.

    Without a text, on a terminal: a prompt with completion and history.

    For example:

        heapwatch query 'metric=heap.bytes | sum by host' --from -6h -o chart
        heapwatch query 'memleak3.size.** | parse *.size.** as host, class
            | sum by class | topk(10, max)'
        heapwatch query -f leak.query --interval 1m -o csv
        heapwatch query 'jvm=shop' -o parquet --save shop.parquet
        heapwatch query

    Parameters
    ----------
    text
        The query; - reads it from standard input.
    file
        A file that holds the query.
    interval
        Distance of the points, such as 1m [else one that fits the range].
    mode
        Histograms of all objects, or after a collection, when the query
        names none.
    """
    question = Question(range_.from_, range_.to, interval, mode, output.kind)
    if output.save is not None and output.kind != "parquet":
        raise UsageError("--save is for -o parquet; other forms go into a file with >")
    if output.kind == "parquet":
        saving.check(output.save, "Parquet")
        with Client(server) as client:
            saving.save(packed(client, text_of(text, file), question), output.save)
        return 0
    if text is None and file is None and sys.stdin.isatty():
        from heapwatch.cli.prompt import talk

        return talk(server, question)
    with Client(server) as client:
        ask(client, text_of(text, file), question)
    return 0


def text_of(text: str | None, file: Path | None) -> str:
    """The query as it was given: typed, in a file, or on standard input."""
    if text is not None and file is not None:
        raise UsageError("give the query's text or --file, not both")
    if text is not None and _OPTION.fullmatch(text):
        raise UsageError(f"unknown option {text} (--help lists them)")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot read {file}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageError(f"{file} is not a text in UTF-8") from error
    return sys.stdin.read() if text is None or text == "-" else text


def ask(client: Client, text: str, question: Question) -> None:
    """Put one query and print its answer; an error is shown in its line first."""
    with carets(text):
        answer = client.post("/api/v1/query", _body(text, question))
    show_query(answer, text, question.kind)


def packed(client: Client, text: str, question: Question) -> bytes:
    """The answer to one query as Parquet."""
    with carets(text):
        return client.packed("/api/v1/query", _body(text, question), PARQUET)


def _body(text: str, question: Question) -> dict[str, str | None]:
    return {
        "query": text,
        "from": question.from_,
        "to": question.to,
        "interval": question.interval,
        "mode": question.mode,
    }


class carets:  # noqa: N801 - read as a word: with carets(text)
    """Shows the place of a query's error on stderr before it goes on its way."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BadQuery):
            print(*error.shown(self._text), sep="\n", file=sys.stderr)
