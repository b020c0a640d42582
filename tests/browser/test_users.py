"""Users and tokens: who gets in, as administrators see and change it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from heapwatch.web.auth import Tokens, Users

from .conftest import Server, serving
from .test_screens import look
from .test_signin import PASSWORD, sign_in

OTHERS = ("otto", "operator"), ("vera", "viewer")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with users of each role and two tokens, one of which has ended."""
    data = tmp_path_factory.mktemp("kept")
    users = Users(data / "users.json")
    for name, role in (("ann", "admin"), *OTHERS):
        users.add(name, role, PASSWORD)
    tokens = Tokens(data / "tokens.json")
    tokens.create("web-hosts", ["ingest"], hosts=["web-*", "edge1"])
    tokens.create("last-year", ["read", "act"], expires=1)
    yield from serving(data)


@pytest.fixture(autouse=True)
def refusals(expected_errors: list[str]) -> None:
    expected_errors.append("401")


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name=name)


def row(page: Page, name: str, of: str) -> Locator:
    return table(page, name).get_by_role("row").filter(has_text=of)


def shown(page: Page) -> None:
    expect(row(page, "Users", "ann")).to_contain_text("(you)")
    expect(row(page, "Tokens", "web-hosts")).to_contain_text("web-*, edge1")


def enter(page: Page, server: Server, name: str = "ann") -> None:
    page.goto(f"{server.url}/users")
    sign_in(page, name)


def secret_of(page: Page, name: str) -> str:
    """What is shown once; it is put away then."""
    dialog = page.get_by_role("dialog", name=f"The secret of {name}")
    secret = dialog.get_by_text("hw_").inner_text()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("alert")).to_have_text("It cannot be shown again. Copy it first.")
    dialog.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    dialog.get_by_role("button", name="I have kept it").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(secret)).to_have_count(0)
    return secret


def lets_in(server: Server, secret: str) -> bool:
    asked = urllib.request.Request(
        f"{server.url}/api/v1/whoami", headers={"Authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=60):
            return True
    except urllib.error.HTTPError as error:
        return error.code != 401


def test_the_page_hinders_nobody(page: Page, kept: Server, shoot: Callable[[Page, str], None]) -> None:
    enter(page, kept)
    shown(page)
    look(page, f"{kept.url}/users", shown, "users", shoot)


def test_a_user_is_added_changed_and_removed(page: Page, kept: Server, expected_errors: list[str]) -> None:
    expected_errors.append("400")
    enter(page, kept)
    page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("paula")
    dialog.get_by_label("Password").fill("short")
    expect(dialog.get_by_text("A password has at least 8 characters.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Add")).to_be_disabled()
    dialog.get_by_label("Password").fill(PASSWORD)
    expect(dialog.get_by_text("8 to 1024 characters")).to_be_visible()
    dialog.get_by_label("Name").fill("Vera")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_have_text("There is a user named 'Vera' already")
    dialog.get_by_label("Name").fill("paula")
    page.keyboard.press("Enter")
    expect(row(page, "Users", "paula")).to_contain_text("viewer")
    page.get_by_role("button", name="Change the role of paula").click()
    dialog.get_by_role("radio", name="operator").check()
    dialog.get_by_role("button", name="Change it").click()
    expect(row(page, "Users", "paula")).to_contain_text("operator")
    page.get_by_role("button", name="Set a password for paula").click()
    dialog.get_by_label("Password").fill("another password")
    dialog.get_by_role("button", name="Set it").click()
    expect(dialog).to_have_count(0)
    assert Users(kept.data / "users.json").authenticate("paula", "another password").role == "operator"
    page.get_by_role("button", name="Remove paula").click()
    dialog.get_by_role("button", name="Keep").click()
    expect(row(page, "Users", "paula")).to_be_visible()
    page.get_by_role("button", name="Remove paula").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row(page, "Users", "paula")).to_have_count(0)
    page.get_by_role("button", name="Remove ann").click()
    expect(dialog).to_contain_text("This is the last administrator with a password.")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="What was changed").click()
    expect(row(page, "Changes", "user.remove")).to_contain_text("paula")
    page.go_back()
    page.get_by_role("button", name="Sign ann out").click()
    expect(dialog).to_contain_text("This is you.")
    dialog.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to heapwatch")


def test_a_token_is_made_rotated_and_revoked_and_its_secret_is_shown_once(page: Page, kept: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(page, kept)
    expect(row(page, "Tokens", "last-year")).to_contain_text("has ended")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("edge/agents")
    dialog.get_by_role("checkbox", name="read").check()
    expect(dialog.get_by_label("Hosts")).to_be_disabled()
    dialog.get_by_role("checkbox", name="read").uncheck()
    dialog.get_by_label("Hosts").fill("edge-*, relay1")
    dialog.get_by_role("combobox", name="Ends").select_option("in 90 days")
    dialog.get_by_role("button", name="Make it").click()
    first = secret_of(page, "edge/agents")
    made = row(page, "Tokens", "edge/agents")
    expect(made).to_contain_text("edge-*, relay1")
    expect(made).to_contain_text("never")  # used
    assert lets_in(kept, first)
    page.get_by_role("button", name="Rotate edge/agents").click()
    dialog.get_by_role("button", name="Rotate").click()
    second = secret_of(page, "edge/agents")
    assert not lets_in(kept, first)
    assert lets_in(kept, second)
    page.get_by_role("button", name="Revoke edge/agents").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(made).to_have_count(0)
    assert not lets_in(kept, second)
    page.get_by_role("searchbox", name="Find").fill("web")
    expect(row(page, "Tokens", "web-hosts")).to_be_visible()
    expect(page.get_by_text("No user like that.")).to_be_visible()


def test_others_are_told_which_role_it_takes(page: Page, kept: Server) -> None:
    enter(page, kept, "vera")
    expect(page.get_by_role("heading", level=1)).to_have_text("Users & tokens are for administrators")
    expect(page.locator("main")).to_contain_text(
        "This page needs the role admin; you, vera, have the role viewer. An administrator can change it."
    )
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Users")).to_have_count(0)


def test_a_part_that_cannot_be_had_does_not_hide_the_other(
    page: Page, kept: Server, expected_errors: list[str]
) -> None:
    expected_errors.append("503")

    def away(route: Route) -> None:
        route.fulfill(status=503, json={"error": {"code": "unavailable", "message": "the disk is busy"}})

    page.route("**/api/v1/tokens*", away)
    page.goto(kept.url)
    sign_in(page)
    page.get_by_role("button", name="Live").click()  # else it asks again by itself
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Users").click()
    expect(page.get_by_role("region", name="Tokens").get_by_role("alert")).to_contain_text("the disk is busy")
    expect(row(page, "Users", "otto")).to_contain_text("operator")
    page.unroute("**/api/v1/tokens*")
    page.get_by_role("button", name="Try again").click()
    expect(row(page, "Tokens", "web-hosts")).to_be_visible()


def test_the_first_token_shuts_the_server_but_its_secret_stays_until_it_is_kept(
    page: Page, empty: Server
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{empty.url}/users")
    expect(page.get_by_text("No users yet: whoever reaches this server may do everything.")).to_be_visible()
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("Name").fill("my-laptop")
    expect(page.get_by_text("Add a user first, or choose the scope admin")).to_be_visible()
    page.get_by_role("checkbox", name="ingest").uncheck()
    page.get_by_role("checkbox", name="admin").check()
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_role("button", name="Make it").click()
    secret = secret_of(page, "my-laptop")
    page.get_by_role("dialog", name="This server asks for a token").get_by_label("Token").fill(secret)
    page.get_by_role("button", name="Use it").click()
    expect(row(page, "Tokens", "my-laptop")).to_contain_text("(yours)")
    page.get_by_role("button", name="Add a user").click()
    expect(page.get_by_role("radio", name="viewer")).to_be_checked()
