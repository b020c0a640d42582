"""Bytes that are not for people: into a file, whole or not at all, or a pipe, but not onto a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from heapwatch import human
from heapwatch.errors import UsageError


def check(file: Path | None, kind: str) -> None:
    """Refuse what cannot be written, before anything is asked."""
    if file is None and sys.stdout.isatty():
        raise UsageError(f"{kind} is not for a terminal: name a file with --save, or send it on with | or >")


def save(data: bytes, file: Path | None) -> None:
    """Write to the file, or to standard output where none is named."""
    if file is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_bytes(data)
        os.replace(part, file)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    print(f"{file}: {human.size(len(data))}")
