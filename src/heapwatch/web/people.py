"""Everybody who can sign in or is signed in: users with passwords, and people whom an OpenID provider let in.

The provider keeps its users and tells nobody who they are. So one of them is known while a session lasts.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from heapwatch.web.access import Access
from heapwatch.web.auth import Session


def people(access: Access) -> list[dict[str, Any]]:
    """One row each, users with passwords first; `sessions` is in how many browsers they are signed in."""
    living = access.sessions.living()
    of_users = Counter((each.name, each.generation) for each in living if each.kind == "user")
    with_password = [
        {**user.public(), "sessions": of_users[user.name, user.generation]} for user in access.users.all()
    ]
    return with_password + (_of_provider(living) if access.openid else [])


def _of_provider(living: list[Session]) -> list[dict[str, Any]]:
    newest: dict[str, Session] = {}
    sessions: Counter[str] = Counter()
    for each in sorted((each for each in living if each.kind == "oidc"), key=lambda each: each.created):
        newest[each.name] = each
        sessions[each.name] += 1
    return [
        {
            "name": name,
            "role": last.role,
            "source": "oidc",
            "created": None,
            "changed": None,
            "last_signin": last.created,
            "sessions": sessions[name],
        }
        for name, last in sorted(newest.items())
    ]
