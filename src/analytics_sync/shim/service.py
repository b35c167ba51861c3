"""The whole service: the endpoints, their documentation, and the guard in front of both."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp

from analytics_sync.shim import answers, desk
from analytics_sync.shim.dependency import caller
from analytics_sync.shim.documentation import ROUTES
from analytics_sync.shim.endpoints import router
from analytics_sync.shim.gate import Guard, Rules
from analytics_sync.shim.route import of_bounds
from analytics_sync.version import __version__

METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
ABOUT: Final = (
    "Keeps the history of your LinkedIn, X, Facebook and Instagram posts' numbers. "
    "Every endpoint does what the command of the same name does."
)
TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "`analytics-sync serve token add NAME` makes one.",
}
WORDS: Final = {
    404: ("not_found", "There is nothing here.", "/docs has the documentation."),
    405: ("method_not_allowed", "This is not done here.", "/docs has the documentation."),
}


class _Application(FastAPI):
    """Describes the token too, where everybody needs one."""

    needs_token = False

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        if self.needs_token:
            described["components"]["securitySchemes"] = {"token": TOKEN}
            described["security"] = [{"token": []}]
        return described


def build(rules: Rules | None = None) -> ASGIApp:
    """The application, for any number of processes: it has no state of its own."""
    rules = rules or Rules()
    made = _Application(
        title="analytics-sync",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_logging,
    )
    made.needs_token = rules.needs_token
    made.router.routes.extend(ROUTES)
    made.include_router(router)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(RequestValidationError, _out_of_bounds)
    return Guard(made, rules, caller)


@asynccontextmanager
async def _logging(_: FastAPI) -> AsyncIterator[None]:
    """Log as each command does, where nobody has set up logging yet."""
    from analytics_sync.logs.setup import set_up

    with desk.open_installation() as installation:
        set_up(installation.home.logs, os.environ)
    yield


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message, hint = WORDS.get(error.status_code, ("http", str(error.detail), ""))
    headers = error.headers
    if error.status_code == 405:
        headers = {"Allow": ", ".join(_allowed(request))}
    return answers.failure(error.status_code, code, message, hint, headers=headers)


def _allowed(request: Request) -> list[str]:
    """The methods of all routes with this path: the router itself tells those of the first."""
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(one.matches({**request.scope, "method": method})[0] is Match.FULL for one in routes)
    ]


async def _out_of_bounds(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of_bounds(error.errors())
