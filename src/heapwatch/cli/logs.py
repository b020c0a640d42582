"""`heapwatch logs [TEXT]`"""

from __future__ import annotations

import sys
import time
from typing import Annotated

from cyclopts import Parameter

from heapwatch.cli.answers import messages, show_logs, warn
from heapwatch.cli.client import Client
from heapwatch.cli.options import LAST_HOUR, SERVER, TABLE, Range, ServerOptions, TableOutput
from heapwatch.cli.output import write_json
from heapwatch.cli.query import Text, carets, text_of
from heapwatch.errors import Unavailable, UsageError

AGAIN_S = 2.0


def logs(
    text: Text = "",
    *,
    follow: Annotated[bool, Parameter(alias="-F")] = False,
    limit: Annotated[int, Parameter(alias="-n")] = 100,
    range_: Range = LAST_HOUR,
    output: TableOutput = TABLE,
    server: ServerOptions = SERVER,
) -> int:
    """Search log messages, or follow them.

    Words and "phrases" that a message must have, label=value, then operators
    after | that parse, filter and count. The newest message is the last.

    For example:

        heapwatch logs 'error host=web1'
        heapwatch logs 'timeout NOT retry' --from -6h -n 1000 -o json
        heapwatch logs 'error | timeslice 5m | count by _timeslice, host'
        heapwatch logs 'level=warn' --follow

    Parameters
    ----------
    text
        The query; - reads it from standard input. Without it: all messages.
    follow
        Go on with what arrives, until Ctrl-C.
    limit
        Most messages; with --follow so many of the newest come first.
    """
    wanted = text_of(text, None)
    with Client(server) as client, carets(wanted):
        if follow:
            if output.kind == "csv":
                raise UsageError("--follow prints a table or JSON lines: -o table or -o json")
            return _follow(client, wanted, min(limit, 1000), output.kind)
        body = {"query": wanted, "from": range_.from_, "to": range_.to, "limit": limit}
        show_logs(client.post("/api/v1/logs/query", body), output.kind)
    return 0


def _follow(client: Client, text: str, last: int, kind: str) -> int:
    """Until interrupted; a server that restarts is waited for once it has answered."""
    answered = False
    while True:
        try:
            with client.events("/api/v1/logs/tail", {"query": text, "last": last}) as pages:
                answered = True
                for event, page in pages:
                    if event == "logs":
                        _print(page, kind)
        except Unavailable as error:
            if not answered:
                raise
            print(f"heapwatch: {error}; trying again", file=sys.stderr)
        last = 0
        time.sleep(AGAIN_S)


def _print(page: dict[str, object], kind: str) -> None:
    columns, names = page["columns"], page["order"]
    assert isinstance(columns, dict)
    assert isinstance(names, list)
    if kind == "json":
        for place in range(len(columns["_time"])):
            write_json({name: columns[name][place] for name in names})
    else:
        messages(columns, names)
    warn(page)
    sys.stdout.flush()
