"""The screens' files: found, cached as their names allow, and never from outside their folder."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from heapwatch.web.pages import Pages


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>index")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-D3adB33f.js").write_text("js")
    (folder / "assets" / "index-D3adB33f.js.gz").write_bytes(gzip.compress(b"js"))
    (tmp_path / "tokens.json").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "tokens.json")
    return folder


def ask(static: Path, path: str, **headers: str) -> Response:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": "GET", "path": f"/{path}", "headers": raw})
    return Pages(static).respond(request, path)


def sent(response: Response) -> bytes:
    assert isinstance(response, FileResponse)
    return Path(response.path).read_bytes()


@pytest.mark.parametrize("path", ["", "jvm/web1/shop", "class"])
def test_every_page_of_the_ui_is_its_index_asked_for_each_time(static: Path, path: str) -> None:
    response = ask(static, path)
    assert sent(response) == b"<!doctype html>index"
    assert response.headers["cache-control"] == "no-cache"


def test_a_file_whose_name_has_its_digest_is_kept_for_ever(static: Path) -> None:
    response = ask(static, "assets/index-D3adB33f.js")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")
    assert sent(response) == b"js"


def test_a_compressed_twin_is_sent_to_those_who_can_read_it(static: Path) -> None:
    response = ask(static, "assets/index-D3adB33f.js", accept_encoding="gzip, br")
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent(response)) == b"js"
    assert response.headers["content-type"].startswith("text/javascript")


def test_a_file_that_did_not_change_is_not_sent_again(static: Path) -> None:
    tag = ask(static, "favicon.svg").headers["etag"]
    assert ask(static, "favicon.svg", if_none_match=tag).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "../tokens.json",
        "assets/../../tokens.json",
        "/etc/passwd.txt",
        "link.txt",
        "a\0b.js",
        "assets/none.js",
    ],
)
def test_nothing_outside_the_folder_is_sent(static: Path, path: str) -> None:
    assert ask(static, path).status_code == 404


def test_a_link_that_leads_out_of_the_folder_is_not_followed(static: Path) -> None:
    assert sent(ask(static, "link")) == b"<!doctype html>index"


def test_an_api_route_that_does_not_exist_is_an_error_not_a_page(static: Path) -> None:
    response = ask(static, "api/v1/nothing")
    assert response.status_code == 404
    assert b'"code":"not-found"' in bytes(response.body)


def test_without_a_build_the_page_says_what_to_run(tmp_path: Path) -> None:
    response = ask(tmp_path / "none", "")
    assert response.status_code == 200
    assert b"./run setup" in bytes(response.body)
    assert ask(tmp_path / "none", "jvm").status_code == 404
