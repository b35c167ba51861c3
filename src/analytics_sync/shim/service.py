"""The whole service: the endpoints, their documentation, and the guard in front of both."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from analytics_sync.shim import answers, desk
from analytics_sync.shim.dependency import caller
from analytics_sync.shim.documentation import ROUTES
from analytics_sync.shim.endpoints import router
from analytics_sync.shim.gate import Guard, Rules
from analytics_sync.shim.route import of_bounds
from analytics_sync.version import __version__

ABOUT: Final = (
    "Keeps the history of your LinkedIn, X, Facebook and Instagram posts' numbers. "
    "Every endpoint does what the command of the same name does."
)
WORDS: Final = {
    404: ("not_found", "There is nothing here.", "/docs has the documentation."),
    405: ("method_not_allowed", "This is not done here.", "/docs has the documentation."),
}


def build(rules: Rules | None = None) -> ASGIApp:
    """The application, for any number of processes: it has no state of its own."""
    made = FastAPI(
        title="analytics-sync",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        lifespan=_logging,
    )
    made.router.routes.extend(ROUTES)
    made.include_router(router)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(RequestValidationError, _out_of_bounds)
    return Guard(made, rules or Rules(), caller)


@asynccontextmanager
async def _logging(_: FastAPI) -> AsyncIterator[None]:
    """Log as each command does, where nobody has set up logging yet."""
    from analytics_sync.logs.setup import set_up

    with desk.open_installation() as installation:
        set_up(installation.home.logs, os.environ)
    yield


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message, hint = WORDS.get(error.status_code, ("http", str(error.detail), ""))
    return answers.failure(error.status_code, code, message, hint, headers=error.headers)


async def _out_of_bounds(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of_bounds(error.errors())
