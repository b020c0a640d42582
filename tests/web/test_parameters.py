"""What a route may be asked with is known from the route itself, as its description says it."""

from __future__ import annotations

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from heapwatch.web.parameters import Spanned, known_to, only_known
from heapwatch.web.routes import ROUTERS


def test_every_route_knows_the_parameters_that_its_description_names() -> None:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    paths = app.openapi()["paths"]
    checked = 0
    for route in (each for router in ROUTERS for each in router.routes if isinstance(each, APIRoute)):
        if not route.include_in_schema or all(
            each.call is not only_known for each in route.dependant.dependencies
        ):
            continue
        for method in route.methods:
            described = paths[route.path][method.lower()].get("parameters", [])
            named = {each["name"] for each in described if each["in"] == "query"}
            assert known_to(route) == named | {"format"}, route.path
            checked += 1
    assert checked > 50


def test_a_question_does_not_wait_for_the_description_of_all_routes_to_be_made() -> None:
    app = FastAPI()

    @app.get("/span", dependencies=[Depends(only_known)])
    def between(span: Spanned) -> dict[str, int]:
        return span.arguments()

    with TestClient(app) as http:
        assert http.get("/span?from=1000&to=2000&label.env=prod").status_code == 200
    assert app.openapi_schema is None
