"""`heapwatch audit` and `heapwatch audit verify`"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from heapwatch import human
from heapwatch.cli.keepers import HERE, Where
from heapwatch.cli.options import TABLE, TableOutput
from heapwatch.cli.output import Column, clean, write

app = App(
    name="audit",
    help="""Show what was changed, by whom, and whether the record holds.

Tokens, users, sign-ins, dashboards, acknowledged leaks, reloads: each change
by the API or the command line is one line of audit.jsonl in the data folder,
bound to the line before by its SHA-256.

For example:

    heapwatch audit --who ann
    heapwatch audit --what token --outcome refused
    heapwatch audit verify
""",
)


@app.default
def show(
    *,
    who: str = "",
    what: str = "",
    target: str = "",
    outcome: Literal["", "done", "refused", "failed"] = "",
    limit: Annotated[int, Parameter(alias="-n")] = 50,
    output: TableOutput = TABLE,
    where: Where = HERE,
) -> int:
    """Show the newest changes, the newest last.

    Parameters
    ----------
    who
        Only of these: user:ann, token:web1, cli:root; a part will do.
    what
        Only these: token.create, login, ...; a part will do.
    target
        Only of what is called so; a part will do.
    outcome
        Only what was done, refused, or failed.
    limit
        At most so many.
    """
    wanted = {"who": who, "what": what, "target": target, "outcome": outcome}
    found = _asked(where, wanted, limit) if where.server else _read(where, wanted, limit)
    columns = [
        Column("n", "N", right=True, rank=3),
        Column("time", "TIME", human.moment),
        Column("who", "WHO", clean),
        Column("from", "FROM", clean, rank=2),
        Column("what", "WHAT", clean),
        Column("target", "TARGET", lambda text: clean(text) or human.NONE, elastic=True),
        Column("outcome", "OUTCOME"),
        Column("detail", "DETAIL", lambda text: clean(text) or human.NONE, rank=1),
    ]
    rows = list(reversed(found))
    write(columns, rows, output.kind, rows, foot=[] if rows else ["no change"])
    return 0


@app.command
def verify(*, where: Where = HERE) -> int:
    """Say whether the audit of a data folder is as it was written; exit code 1 if not.

    It finds lines that were changed or taken out. Whoever may write the file can
    cut off its end, or write all of it anew: keep the last hash that is printed
    somewhere else, and compare.

    For example:

        heapwatch audit verify --data /var/lib/heapwatch
    """
    from heapwatch.workflow.audit import Audit, Broken

    audit = Audit(where.settings().data)
    try:
        newest, hashed = audit.verify()
    except Broken as error:
        print(f"the audit is broken: {error}", file=sys.stderr)
        return 1
    if newest is None:
        print(f"no audit in {audit.path.parent}")
        return 0
    print(f"{human.plural(newest.n, 'change')}, the last at {human.moment(newest.time)}; last hash {hashed}")
    return 0


def _read(where: Where, wanted: dict[str, str], limit: int) -> list[dict[str, Any]]:
    from heapwatch.workflow.audit import Audit, Wanted

    return [entry.public() for entry in Audit(where.settings().data).newest(limit, wanted=Wanted(**wanted))]


def _asked(where: Where, wanted: dict[str, str], limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = None
    with where.client() as client:
        while len(found) < limit:
            asked = {**wanted, "limit": min(1000, limit - len(found)), "before": before}
            answer = client.get("/api/v1/audit", {name: value for name, value in asked.items() if value})
            found += answer["entries"]
            before = answer["more"]
            if before is None:
                break
    return found
