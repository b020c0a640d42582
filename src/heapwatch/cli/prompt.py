"""The prompt of `heapwatch query`: completion by the server, a history, and a few commands of its own."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Iterable, Mapping, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, ThreadedCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output

from heapwatch.cli.answers import show_logs
from heapwatch.cli.client import Client
from heapwatch.cli.options import ServerOptions
from heapwatch.cli.query import Question, ask, carets
from heapwatch.errors import HeapwatchError, UsageError

HELP = """\
A query, then Enter. Tab completes, Alt-Enter begins a new line, Ctrl-R searches the history.

    .from -6h      .to now        the range of time
    .interval 1m   .interval auto the distance of points
    .output chart                 or table, json, csv
    .logs          .metrics       the language of what is typed
    .quit                         or Ctrl-D"""

KINDS = ("table", "chart", "json", "csv")


class Asker(Protocol):
    """The part of a client that completion needs."""

    def post(self, path: str, body: object = None) -> Any: ...


class Talk:
    """What the prompt remembers from line to line."""

    def __init__(self, client: Client, question: Question) -> None:
        self._client = client
        self.question = question
        self.language = "metrics"
        self.over = False
        self._commands: Mapping[str, Callable[[str], None]] = {
            ".help": lambda _: print(HELP),
            ".from": lambda text: self._set(from_=text),
            ".to": lambda text: self._set(to=text),
            ".interval": lambda text: self._set(interval=None if text == "auto" else text),
            ".output": self._output,
            ".logs": lambda _: self._speak("logs"),
            ".metrics": lambda _: self._speak("metrics"),
            ".quit": lambda _: self._end(),
            ".exit": lambda _: self._end(),
        }

    def take(self, line: str) -> None:
        """One entry: a command or a query; what goes wrong is printed and the talk goes on."""
        text = line.strip()
        if not text:
            return
        try:
            name, _, rest = text.partition(" ")
            if name in self._commands:
                self._commands[name](rest.strip())
            elif text.startswith(".") and "." not in text[1:] and "|" not in text:
                raise UsageError(f"no command {name}: .help lists them")
            elif self.language == "logs":
                self._ask_logs(text)
            else:
                ask(self._client, text, self.question)
        except HeapwatchError as error:
            print(f"heapwatch: {error}")

    def prompt(self) -> str:
        sign = "logs" if self.language == "logs" else "query"
        return f"{sign} {self.question.from_}> "

    def _ask_logs(self, text: str) -> None:
        body = {"query": text, "from": self.question.from_, "to": self.question.to, "limit": 100}
        with carets(text):
            answer = self._client.post("/api/v1/logs/query", body)
        show_logs(answer, "table" if self.question.kind == "chart" else self.question.kind)

    def _set(self, **changed: Any) -> None:
        if "" in changed.values():
            raise UsageError("write .from -6h, .to now, .interval 1m or .interval auto")
        self.question = replace(self.question, **changed)

    def _output(self, kind: str) -> None:
        if kind not in KINDS:
            raise UsageError(f"write .output and one of {', '.join(KINDS)}")
        self._set(kind=kind)

    def _speak(self, language: str) -> None:
        self.language = language

    def _end(self) -> None:
        self.over = True


class Offers(Completer):
    """What the server would go on with."""

    def __init__(self, client: Asker, language: Callable[[], str]) -> None:
        self._client = client
        self._language = language

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterable[Completion]:
        body = {
            "query": document.text,
            "position": document.cursor_position,
            "language": self._language(),
        }
        try:
            found = self._client.post("/api/v1/query/complete", body)
        except HeapwatchError:
            return  # without a server there is nothing to offer; asking the query will say so
        for item in found["items"]:
            begin = found["from"] - document.cursor_position
            yield Completion(item["text"], min(0, begin), display_meta=item["detail"] or item["kind"])


def talk(
    server: ServerOptions, question: Question, given: Input | None = None, output: Output | None = None
) -> int:
    """Until Ctrl-D or .quit."""
    with Client(server) as client, Client(server) as other:
        talk_ = Talk(client, question)
        session: PromptSession[str] = PromptSession(
            completer=ThreadedCompleter(Offers(other, lambda: talk_.language)),
            history=history(),
            auto_suggest=AutoSuggestFromHistory(),
            key_bindings=_keys(),
            complete_while_typing=False,
            multiline=True,  # Enter ends an entry all the same
            input=given,
            output=output,
        )
        print(f"{client.url}: .help says what can be typed, Ctrl-D ends")
        while not talk_.over:
            try:
                talk_.take(session.prompt(talk_.prompt()))
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
    return 0


def history() -> History:
    """In the user's state directory; only in memory where nothing can be written."""
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "heapwatch"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = state / "query_history"
        path.touch(mode=0o600)
        return FileHistory(str(path))
    except OSError:
        return InMemoryHistory()


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _done(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
