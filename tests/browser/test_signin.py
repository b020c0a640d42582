"""Signing in and out in a browser: passwords, tokens, a provider, sessions that end, and the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openid_provider import CLIENT, SECRET, OpenIdProvider
from playwright.sync_api import Page, expect

from heapwatch.web.auth import Users

from .conftest import Server, serving
from .test_screens import look

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with users; nobody has sent anything."""
    data = tmp_path_factory.mktemp("peopled")
    users = Users(data / "users.json")
    users.add("ann", "admin", PASSWORD)
    users.add("vera", "viewer", PASSWORD)
    yield from serving(data)


@pytest.fixture(autouse=True)
def refusals(expected_errors: list[str]) -> None:
    expected_errors.append("401")


def sign_in(page: Page, name: str = "ann", password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def sign_in_page(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to heapwatch")


def status_page(page: Page) -> None:
    expect(page.get_by_role("heading", name="Agents & doors")).to_be_visible()


def test_who_signs_in_is_where_they_wanted_to_be(page: Page, peopled: Server) -> None:
    page.goto(f"{peopled.url}/doors?from=-6h")
    sign_in_page(page)
    expect(page).to_have_title("Sign in · heapwatch")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("vera")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    status_page(page)
    expect(page).to_have_url(f"{peopled.url}/doors?from=-6h")
    expect(page.get_by_role("group", name="Signed in")).to_contain_text("vera")
    expect(page.get_by_role("link", name="What was changed")).to_have_count(0)
    page.reload()
    status_page(page)


def test_who_signs_out_is_out_and_back_does_not_bring_anything_back(page: Page, peopled: Server) -> None:
    page.goto(peopled.url)
    sign_in(page)
    page.get_by_role("link", name="Agents & doors").click()
    status_page(page)
    page.get_by_role("button", name="Sign out").click()
    sign_in_page(page)
    page.go_back()
    sign_in_page(page)
    page.reload()
    sign_in_page(page)


def test_a_wrong_password_is_said_and_asked_for_again(page: Page, peopled: Server) -> None:
    page.goto(peopled.url)
    sign_in(page, password="wrong password")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_have_value("ann")
    expect(page.get_by_label("Password")).to_have_value("")
    sign_in(page)
    expect(page.get_by_role("heading", name="No JVM has sent anything yet")).to_be_visible()


def test_a_session_that_ends_asks_anew_and_leads_back_to_the_page(page: Page, peopled: Server) -> None:
    users = Users(peopled.data / "users.json")
    users.add("otto", "operator", PASSWORD)
    page.goto(f"{peopled.url}/doors")
    sign_in(page, "otto")
    status_page(page)
    users.set_password("otto", "another password")
    sign_in_page(page)  # by itself: the page reads again every few seconds
    sign_in(page, "otto", "another password")
    status_page(page)
    expect(page).to_have_url(f"{peopled.url}/doors")


def test_users_change_their_own_password(page: Page, peopled: Server, expected_errors: list[str]) -> None:
    expected_errors.append("403")
    Users(peopled.data / "users.json").add("paula", "viewer", PASSWORD)
    page.goto(f"{peopled.url}/doors")
    sign_in(page, "paula")
    page.get_by_role("button", name="paula").click()
    dialog = page.get_by_role("dialog", name="Change your password")
    dialog.get_by_label("Password until now").fill("wrong password")
    dialog.get_by_label("New password", exact=True).fill("another password")
    dialog.get_by_label("New password once more").fill("a third password")
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog.get_by_role("alert")).to_have_text("The two new passwords differ.")
    dialog.get_by_label("New password once more").fill("another password")
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog.get_by_role("alert")).to_have_text("The password until now is another one")
    dialog.get_by_label("Password until now").fill(PASSWORD)
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog).to_be_hidden()
    page.reload()
    status_page(page)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "paula", "another password")
    status_page(page)


def test_what_a_signed_in_user_changes_carries_its_proof(page: Page, peopled: Server) -> None:
    page.goto(f"{peopled.url}/dashboards")
    sign_in(page)
    page.get_by_role("button", name="Copy Fleet").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("mine")
    dialog.get_by_role("button", name="Copy").click()
    expect(page).to_have_url(f"{peopled.url}/dashboards/mine")
    page.reload()
    expect(page.get_by_role("group", name="Signed in")).to_contain_text("ann")
    page.goto(f"{peopled.url}/audit?what=dashboard")
    changes = page.get_by_role("table", name="Changes")
    expect(changes).to_contain_text("dashboard.store")
    expect(changes).to_contain_text("user:ann")


def test_a_token_still_opens_the_screens(page: Page, peopled: Server, expected_errors: list[str]) -> None:
    from heapwatch.web.auth import Tokens

    secret, _ = Tokens(peopled.data / "tokens.json").create("screens", ["read"])
    page.goto(f"{peopled.url}/doors")
    page.get_by_role("button", name="Use a token").click()
    prompt = page.get_by_role("dialog", name="This server asks for a token")
    prompt.get_by_label("Token").fill("hw_wrong")
    prompt.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("alert")).to_contain_text("The token was not accepted")
    page.get_by_role("button", name="Use a token").click()
    prompt.get_by_label("Token").fill(secret)
    prompt.get_by_role("button", name="Use it").click()
    status_page(page)
    expect(page.get_by_role("group", name="Signed in")).to_contain_text("screens")
    page.get_by_role("button", name="Sign out").click()
    sign_in_page(page)


def test_the_audit_is_read_and_filtered(page: Page, peopled: Server) -> None:
    page.goto(f"{peopled.url}/doors")
    sign_in(page)
    page.get_by_role("link", name="What was changed").click()
    changes = page.get_by_role("table", name="Changes")
    expect(changes).to_contain_text("login")
    page.get_by_label("Who").fill("nobody of this name")
    expect(page.get_by_text("No change like that.")).to_be_visible()
    page.get_by_label("Who").fill("ann")
    expect(changes).to_contain_text("user:ann")
    page.get_by_role("group", name="Outcome").get_by_role("button", name="Done").click()
    expect(page).to_have_url(f"{peopled.url}/audit?who=ann&outcome=done")
    expect(changes).to_contain_text("user:ann")


def test_the_sign_in_page_hinders_nobody(
    page: Page, peopled: Server, shoot: Callable[[Page, str], None]
) -> None:
    look(page, peopled.url, sign_in_page, "sign-in", shoot)


def test_the_audit_hinders_nobody(page: Page, peopled: Server, shoot: Callable[[Page, str], None]) -> None:
    page.goto(peopled.url)
    sign_in(page)
    expect(page.get_by_role("group", name="Signed in")).to_be_visible()

    def read(page: Page) -> None:
        expect(page.get_by_role("table", name="Changes")).to_contain_text("login")

    look(page, f"{peopled.url}/audit", read, "audit", shoot)


def test_who_signs_in_at_a_provider_is_where_they_wanted_to_be(
    page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with OpenIdProvider() as provider:
        port = free_port()
        flags: dict[str, Any] = {
            "--public-url": f"http://127.0.0.1:{port}",
            "--oidc-issuer": provider.url,
            "--oidc-client-id": CLIENT,
            "--oidc-client-secret": SECRET,
            "--oidc-roles": "heap-admins=viewer",
            "--oidc-name": "our provider",
        }
        words = [word for pair in flags.items() for word in pair]
        data = tmp_path_factory.mktemp("provider")
        for server in serving(data, *words, listen=f"127.0.0.1:{port}"):
            page.goto(f"{server.url}/doors?from=-6h")
            sign_in_page(page)
            expect(page.get_by_label("Password")).to_have_count(0)
            page.get_by_role("link", name="Sign in with our provider").click()
            status_page(page)
            expect(page).to_have_url(f"{server.url}/doors?from=-6h")
            expect(page.get_by_role("group", name="Signed in")).to_contain_text("ann")
            page.get_by_role("button", name="Sign out").click()
            sign_in_page(page)


def free_port() -> int:
    """One that was free a moment ago: a provider must know where to send back before the server starts."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
