"""Runs over HTTP: asking for one, looking at one, and the state of a business's last one."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from analytics_sync.report.runs import as_document, error_document, with_errors
from analytics_sync.shim import answers
from analytics_sync.shim.bounds import BusinessQuery, RunPath
from analytics_sync.shim.described import responses
from analytics_sync.shim.desk import opened
from analytics_sync.shim.route import Route
from analytics_sync.shim.shapes import Refresh, RunAnswer, Triggered
from analytics_sync.wiring.triggers import trigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from analytics_sync.wiring import Installation

# In another application, whose routes have names too.
RUN: Final = "analytics_sync_run"
RETRY_SECONDS: Final = "10"
# More of them say the same; `analytics-sync runs ID` shows all.
MOST_ERRORS: Final = 1_000

router = APIRouter(route_class=Route, tags=["runs"])


@router.post(
    "/api/v1/scheduler/trigger-sync",
    status_code=202,
    summary="Start a sync",
    responses=responses(Triggered, 404, 409, 429, statuses=(202,)),
)
def trigger_sync(
    request: Request,
    business_id: Annotated[BusinessQuery | None, Query(description="Else of all.")] = None,
) -> Response:
    """Start a sync of one business, or of all, in a process of its own, and don't wait for it."""
    from analytics_sync.store.triggers import AlreadyRunning, TooManyRuns

    try:
        with opened() as installation:
            run_id = trigger(installation, business_id)
    except AlreadyRunning as error:
        place = _place(request, error.run_id)
        more = {"run_id": error.run_id, "location": place}
        headers = {"Location": place}
        return answers.failure(
            409, error.code, error.message, error.hint, headers=headers, more=more
        )
    except TooManyRuns as error:
        headers = {"Retry-After": RETRY_SECONDS}
        return answers.failure(429, error.code, error.message, error.hint, headers=headers)
    place = _place(request, run_id)
    whose = "all businesses" if business_id is None else f"business {business_id}"
    document = {"message": f"Sync of {whose} started.", "run_id": run_id, "location": place}
    return answers.success(document, 202, Location=place)


@router.get("/api/v1/runs/{run_id}", name=RUN, summary="A run", responses=responses(RunAnswer, 404))
def run(run_id: RunPath) -> Response:
    """A run with every error, and what to do about each; its counts grow while it runs."""
    from analytics_sync.store import runs as stored

    with opened() as installation:
        with installation.database.read() as connection:
            row = stored.get(connection, run_id)
            errors = stored.errors_of(connection, run_id, limit=MOST_ERRORS + 1)
        document = {
            **with_errors(row, errors[:MOST_ERRORS]),
            "running": _is_live(installation, row),
            **_errors(errors),
        }
    return answers.success({"run": document})


@router.get(
    "/api/v1/analytics/refresh",
    summary="The last sync of a business",
    responses=responses(Refresh, 404),
)
def refresh(request: Request, business_id: BusinessQuery) -> Response:
    """The state of the last sync of a business: every error with post, code, and what to do."""
    from analytics_sync.store import businesses, slots
    from analytics_sync.store import runs as stored

    with opened() as installation:
        with installation.database.read() as connection:
            found = businesses.find(connection, str(business_id))
            row = stored.newest_of(connection, found.id, slots.with_own_job(connection))
            errors = _errors_of(connection, row, found.id)
        state = _state(installation, row)
    document: dict[str, Any] = {
        "business_id": found.id,
        "business": found.name,
        "state": state,
        "run": None,
        "accounts": [],
        **_errors(errors),
    }
    if row is not None:
        document["run"] = {**as_document(row), "location": _place(request, row.id)}
        document["accounts"] = [one for one in row.accounts if one["business_id"] == found.id]
    return answers.success(document)


def _errors_of(
    connection: "Connection", row: "Row[Any] | None", business_id: int
) -> "list[Row[Any]]":
    from analytics_sync.store import runs as stored

    if row is None:
        return []
    return stored.errors_of(connection, row.id, business_id=business_id, limit=MOST_ERRORS + 1)


def _errors(found: "Sequence[Row[Any]]") -> dict[str, Any]:
    """The first errors, and whether there are more."""
    shown = [error_document(error) for error in found[:MOST_ERRORS]]
    return {"errors": shown, "more_errors": len(found) > MOST_ERRORS}


def _state(installation: "Installation", row: "Row[Any] | None") -> str:
    """`never`, `running`, or the outcome; a run without one that does not go on was killed."""
    if row is None:
        return "never"
    if row.outcome is not None:
        return str(row.outcome)
    return "running" if _is_live(installation, row) else "interrupted"


def _is_live(installation: "Installation", row: "Row[Any]") -> bool:
    from analytics_sync.store import runs as stored

    held = partial(installation.locks.held, "run")
    return stored.is_live(row, installation.clock.now(), held)


def _place(request: Request, run_id: int) -> str:
    """Where to look at a run, below wherever the router is mounted."""
    return request.url_for(RUN, run_id=run_id).path
