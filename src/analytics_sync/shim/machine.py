"""What other machines ask: whether the service is alive, and its numbers in Prometheus' form."""

from fastapi import APIRouter
from starlette.responses import Response

from analytics_sync.shim import answers
from analytics_sync.shim.described import responses
from analytics_sync.shim.desk import opened
from analytics_sync.shim.exposition import exposition
from analytics_sync.shim.route import Route
from analytics_sync.shim.shapes import Health

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

_PROMETHEUS_RESPONSES = {
    **responses(None),
    200: {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}},
}

router = APIRouter(route_class=Route, tags=["machine"])


@router.get("/healthz", summary="Whether the service is alive", responses=responses(Health))
def healthz() -> Response:
    """Alive, and the database can be read."""
    from analytics_sync.store import runs

    with opened() as installation, installation.database.read() as connection:
        runs.listed(connection, 1)
    return answers.success({"database": "reachable"})


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    # Names no form: failures are JSON here too.
    response_class=Response,
    responses=_PROMETHEUS_RESPONSES,
)
def metrics() -> Response:
    """Runs, posts, failures, calls, budgets, the newest sync's age, and the days tokens have."""
    from analytics_sync.store.gauges import gauges

    with opened() as installation:
        with installation.database.read() as connection:
            found = gauges(connection)
        text = exposition(found, installation.clock.now())
    return Response(text, media_type=PROMETHEUS, headers={"Cache-Control": "no-store"})
