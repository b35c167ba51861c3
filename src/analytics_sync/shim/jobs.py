"""Jobs over HTTP: status, the list, and the schedule of one business."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from analytics_sync.domain.timing import Every
from analytics_sync.schedule.answer import as_document
from analytics_sync.schedule.scheduler import Wish
from analytics_sync.shim import answers
from analytics_sync.shim.bounds import BusinessPath, Hours
from analytics_sync.shim.described import responses
from analytics_sync.shim.desk import opened
from analytics_sync.shim.route import Route
from analytics_sync.shim.shapes import Jobs, Scheduled, Status, Unscheduled
from analytics_sync.wiring import overview, rows, scheduler, watcher

router = APIRouter(route_class=Route, tags=["scheduler"])


@router.get(
    "/api/v1/scheduler/status", summary="The scheduler's state", responses=responses(Status)
)
def status() -> Response:
    """Whether the scheduler runs, what needs a person, the jobs, and how fresh everything is."""
    with opened() as installation, rows(installation) as reading:
        found = watcher(installation).status(reading, installation.clock.now())
        return answers.success({"status": found.as_json()})


@router.get("/api/v1/scheduler/jobs", summary="The jobs", responses=responses(Jobs))
def jobs() -> Response:
    """What is scheduled, with the next and the last run of each job."""
    with opened() as installation, rows(installation) as reading:
        found = overview(installation, reading)
        return answers.success({"jobs": [shown.as_json() for shown in found.jobs]})


@router.post(
    "/api/v1/scheduler/business/{business_id}/schedule",
    summary="Schedule a business",
    responses=responses(Scheduled, 404),
)
def schedule(business_id: BusinessPath, interval_hours: Hours = 24) -> Response:
    """Sync a business every so many hours, as `analytics-sync schedule ID --every 24h` does."""
    with opened() as installation:
        wish = Wish(str(business_id), Every(timedelta(hours=interval_hours)))
        made = scheduler(installation).schedule(wish)
        now = installation.clock.now()
        with rows(installation) as reading:
            cost = watcher(installation).forecast(reading, made.state, now, only=made.job).cost
        document = as_document(made, cost, now)
    message = f"Business {business_id} is synced every {interval_hours} hours."
    return answers.success({"message": message, "job": document})


@router.delete(
    "/api/v1/scheduler/business/{business_id}/schedule",
    summary="Unschedule a business",
    responses=responses(Unscheduled, 404),
)
def unschedule(business_id: BusinessPath) -> Response:
    """Remove the jobs of a business, as `analytics-sync unschedule ID` does; its history stays."""
    with opened() as installation:
        removed = scheduler(installation).unschedule([str(business_id)])
    message = f"Business {business_id} has no schedule of its own any more."
    return answers.success({"message": message, "removed": removed})
