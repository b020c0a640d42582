"""The root of every error that heapwatch raises on purpose.

An error's class says what happened, its message says what, where and what to do. A door (the command
line, an HTTP route, an agent's log) prints the message as one line; a traceback is always a bug.
"""


class HeapwatchError(Exception):
    """Something that a user can act on; `str(error)` is one line for them."""


class Unreadable(HeapwatchError):
    """Bytes or text that are not in the format they should be in."""


class Truncated(Unreadable):
    """The input ends before its end: a cut-off histogram, batch or file. Never used in part."""


class Unavailable(HeapwatchError):
    """The other side cannot be reached or is too busy now; the same call may succeed later.

    `retry_after` is in seconds, where the other side said one.
    """

    def __init__(self, message: str, retry_after: "float | None" = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(HeapwatchError):
    """The other side understood and said no (wrong token, bad data); repeating it changes nothing."""


class UsageError(HeapwatchError):
    """A command, setting or parameter that cannot be carried out as written."""
