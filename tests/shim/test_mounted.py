"""The router in somebody else's FastAPI application, behind its own log-in."""

import subprocess
import sys
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse

from analytics_sync.shim import desk, guard, router
from support.asgi import Caller

LOGGED_IN = {"X-Session": "alice"}


async def log_in(x_session: Annotated[str, Header()] = "") -> None:
    if x_session != "alice":
        raise HTTPException(401, "log in first")


@pytest.fixture
def application():
    """An application with routes, handlers of errors and a log-in of its own."""
    made = FastAPI()

    @made.get("/")
    def home():
        return {"mine": True}

    @made.exception_handler(ValueError)
    async def of_mine(request, error):
        return JSONResponse({"mine": str(error)}, 418)

    made.include_router(router, prefix="/stats", dependencies=[Depends(log_in)])
    return made


@pytest.fixture
def ask(application, synced, monkeypatch):
    monkeypatch.setattr(desk, "open_installation", synced.opened)
    return Caller(application, address="192.0.2.7", base_url="https://app.example")


def test_its_own_routes_stay_and_its_log_in_guards_ours(ask):
    assert ask.get("/").json() == {"mine": True}
    assert ask.get("/stats/api/v1/scheduler/jobs").status_code == 401
    assert ask.get("/stats/api/v1/scheduler/jobs", headers=LOGGED_IN).json()["success"]


def test_answers_have_our_form_and_places_are_below_the_mount(ask):
    refused = ask.get("/stats/api/v1/runs/0", headers=LOGGED_IN)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid")
    missing = ask.get("/stats/api/v1/runs/999", headers=LOGGED_IN)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "unknown_run")
    state = ask.get("/stats/api/v1/analytics/refresh?business_id=1", headers=LOGGED_IN).json()
    assert ask.get(state["run"]["location"], headers=LOGGED_IN).json()["run"]["id"] == 2


def test_bodies_are_bounded_there_too(ask):
    answer = ask.post("/stats/api/v1/posts", content=b" " * 2_000_000, headers=LOGGED_IN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_our_rules_are_offered_as_a_dependency(synced, monkeypatch):
    monkeypatch.setattr(desk, "open_installation", synced.opened)
    made = FastAPI()
    made.include_router(router, dependencies=[Depends(guard)])
    path = "/api/v1/scheduler/jobs"
    assert Caller(made).get(path).status_code == 200
    assert Caller(made).get(path, headers={"Host": "evil.example"}).status_code == 421
    assert Caller(made, address="192.0.2.7").get(path).status_code == 401


def test_importing_the_package_loads_no_fastapi():
    program = (
        "import sys, analytics_sync.shim as shim;"
        "assert not hasattr(shim, 'other');"
        "assert not {'fastapi', 'pydantic', 'starlette', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
