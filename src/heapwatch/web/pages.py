"""The screens: files that the UI's build left in `static`, and the index for every route of its own.

File names that carry a digest never change their content, so browsers may keep them for ever; the index
must be asked for each time.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from heapwatch.web.errors import answer

STATIC = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
HASHED = re.compile(r"[-.][A-Za-z0-9_-]{8,}\.[a-z0-9]+$")

NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>heapwatch</title></head>
<body><h1>heapwatch is running, its screens were not built</h1>
<p>In a checkout, run <code>./run setup</code> once. Packages from an index have them.</p>
<p>The API works: see <a href="/docs">/docs</a>.</p></body></html>
"""


class Pages:
    """Serves one folder; `folder` is looked at on each request, so that a new build shows at once."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder.resolve()

    def respond(self, request: Request, path: str) -> Response:
        """A file, or the index for what is a page of the UI."""
        file = self._file(path)
        if file is not None:
            return self._send(request, file, forever=bool(HASHED.search(file.name)))
        if path.startswith(("api/", "-/")) or "." in path.rpartition("/")[2]:
            return answer(404, "not-found", f"there is nothing at /{path[:200]}")
        index = self._file("index.html")
        if index is None:
            return HTMLResponse(NOT_BUILT, 200 if not path else 404, {"Cache-Control": "no-cache"})
        return self._send(request, index, forever=False)

    def _file(self, path: str) -> Path | None:
        if not path or "\0" in path:
            return None
        file = (self._folder / path).resolve()
        return file if file.is_relative_to(self._folder) and file.is_file() else None

    def _send(self, request: Request, file: Path, *, forever: bool) -> Response:
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Cache-Control": FOREVER if forever else "no-cache", "Vary": "Accept-Encoding"}
        packed = file.with_name(file.name + ".gz")
        if "gzip" in request.headers.get("accept-encoding", "") and packed.is_file():
            headers["Content-Encoding"] = "gzip"
            file = packed
        status = file.stat()
        headers["ETag"] = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return FileResponse(file, media_type=kind, headers=headers, stat_result=status)


def robots() -> Response:
    """Nothing here is for search engines."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
