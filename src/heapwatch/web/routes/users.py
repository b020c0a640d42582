"""Users with passwords, and who else is signed in: for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Security
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from heapwatch.store.errors import NotFound
from heapwatch.web import access_answers as answers
from heapwatch.web import changes
from heapwatch.web.auth import User, Users, passwords
from heapwatch.web.callers import caller, services_of
from heapwatch.web.parameters import only_known
from heapwatch.web.people import people
from heapwatch.web.routes.signin import NO_STORE

router = APIRouter(tags=["access"], dependencies=[Security(caller, scopes=["admin"]), Depends(only_known)])


@router.get("/api/v1/users", response_model=answers.UserList, summary="All users")
async def users(request: Request) -> Response:
    """Users of an OpenID provider are listed while they are signed in: it keeps them, not this server."""
    listed = await run_in_threadpool(people, services_of(request).access)
    rule = {"password_least": passwords.SHORTEST, "password_most": passwords.LONGEST}
    return JSONResponse({"users": listed, **rule}, headers=NO_STORE)


@router.post("/api/v1/users", response_model=answers.UserRow, status_code=201, summary="Add a user")
async def add(request: Request, wanted: answers.NewUser) -> Response:
    """From the first one on nobody gets in without signing in, or a token."""
    changes.told(request, target=wanted.name, detail=wanted.role)
    password = wanted.password.get_secret_value()
    user = await run_in_threadpool(_users(request).add, wanted.name, wanted.role, password)
    return _answer(user, 201)


@router.put("/api/v1/users/{name}/password", response_model=answers.UserRow, summary="Set a password")
async def set_password(request: Request, name: str, wanted: answers.NewPassword) -> Response:
    """All sessions of the user end."""
    await _must_exist(request, name)
    password = wanted.password.get_secret_value()
    return _answer(await run_in_threadpool(_users(request).set_password, name, password))


@router.put("/api/v1/users/{name}/role", response_model=answers.UserRow, summary="Set a role")
async def set_role(request: Request, name: str, wanted: answers.NewRole) -> Response:
    """All sessions of the user end."""
    changes.told(request, detail=wanted.role)
    await _must_exist(request, name)
    return _answer(await run_in_threadpool(_users(request).set_role, name, wanted.role))


@router.delete("/api/v1/users/{name}", response_model=answers.RemovedUser, summary="Remove a user")
async def remove(request: Request, name: str) -> Response:
    """All sessions of the user end."""
    await _must_exist(request, name)
    removed = await run_in_threadpool(_users(request).remove, name)
    return JSONResponse({"removed": removed.name}, headers=NO_STORE)


@router.delete("/api/v1/users/{name}/sessions", response_model=answers.Ended, summary="Sign somebody out")
async def sign_out(request: Request, name: str) -> Response:
    """Ends all sessions, in every browser; works for people of an OpenID provider, too. Tokens stay."""
    known = await run_in_threadpool(_users(request).find, name)
    sessions = services_of(request).access.sessions
    ended = await run_in_threadpool(sessions.end_all, known.name if known else name)
    if not ended and known is None:
        raise NotFound(f"nobody named {name[:100]!r} is signed in, and there is no such user", [])
    changes.told(request, detail=str(ended))
    return JSONResponse({"ended": ended}, headers=NO_STORE)


def _users(request: Request) -> Users:
    return services_of(request).access.users


async def _must_exist(request: Request, name: str) -> None:
    if await run_in_threadpool(_users(request).find, name) is None:
        raise NotFound(f"there is no user named {name[:100]!r}", [])


def _answer(user: User, status: int = 200) -> Response:
    return JSONResponse(user.public(), status, NO_STORE)
