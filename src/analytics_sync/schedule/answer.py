"""What `schedule --json` and the HTTP shim answer of a job that was installed."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics_sync.schedule.words import said

if TYPE_CHECKING:
    from analytics_sync.schedule.scheduler import Scheduled
    from analytics_sync.sync.forecast import Cost


def as_document(made: "Scheduled", cost: "Cost", now: datetime) -> dict[str, Any]:
    """The job, when it runs next, where it is installed, and what a day of it costs."""
    costs = cost.as_json()
    return {
        "id": made.job.name,
        "name": made.job.title,
        "trigger": said(made.job.timing),
        "next_run_time": made.job.next_run(now),
        "business_id": made.job.business_id,
        "timezone": made.business.timezone if made.business else "UTC",
        "backend": made.backend,
        "replaces": said(made.replaced.timing) if made.replaced else None,
        "left_out": made.left_out,
        "calls_per_day": costs["calls_per_day"],
        "reads_per_day": costs["reads_charged_per_day"],
        "dollars_per_day": costs["dollars_per_day"],
        "advice": made.advice,
    }
