"""How jobs and their times are said to people."""

from datetime import timedelta
from typing import Final

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.timing import Every, Timing

HOUR: Final = timedelta(hours=1)
# What mends every difference between database and machine.
MOVE: Final = "analytics-sync schedule --apply"


def said(timing: Timing) -> str:
    """When a job is due: `hourly at :17`, `every 24h`, `cron 0 9-17 * * 1-5 (Europe/Berlin)`."""
    if isinstance(timing, Every) and timing.span == HOUR:
        return f"hourly at :{timing.offset // timedelta(minutes=1):02}"
    return timing.words()


def job_title(job: Job) -> str:
    """What a job does, as the log says it."""
    return "Sync all businesses" if job.business_id is None else f"Sync business {job.business_id}"
