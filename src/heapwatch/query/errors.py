"""What is wrong with a query, and where: one sentence, one place, what was expected, the nearest word."""

from __future__ import annotations

from collections.abc import Sequence

from heapwatch.errors import UsageError
from heapwatch.query.tree import Span


class QueryError(UsageError):
    """`span` is where in `text`; line and column count from 1. The message is one line and stands alone."""

    def __init__(
        self, message: str, text: str, span: Span, *, expected: Sequence[str] = (), hint: str = ""
    ) -> None:
        self.text = text
        self.span = span
        self.expected = tuple(expected)
        self.hint = hint
        before = text[: span.start]
        self.line = before.count("\n") + 1
        self.column = span.start - (before.rfind("\n") + 1) + 1
        self.reason = message
        more = f"; {hint}" if hint else ""
        super().__init__(f"line {self.line}, column {self.column}: {message}{more}")

    def shown(self) -> str:
        """The line with a caret under the place, for a terminal."""
        line = self.text.split("\n")[self.line - 1] if self.text else ""
        width = max(1, min(self.span.end - self.span.start, len(line) - self.column + 1))
        return f"{line}\n{' ' * (self.column - 1)}{'^' * width}"
