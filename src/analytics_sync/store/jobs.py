"""Reads jobs and their newest slots; light, so that `status` and a slot that is done start at once."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from analytics_sync.clock import from_milliseconds
from analytics_sync.domain.jobs import Job, Slot
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.store.light import Rows

JOBS: Final = """
    SELECT schedule.id, schedule.job, schedule.business_id, schedule.seconds, schedule."offset",
        schedule.cron, schedule.timezone, schedule.at, schedule.since, schedule.paused_at,
        schedule.ended_at, business.archived_at,
        slot.due_at, slot.finished_at, slot.status, slot.not_before, slot.claimed_at, slot.run_id
    FROM schedule
    LEFT JOIN business ON business.id = schedule.business_id
    LEFT JOIN slot ON slot.schedule_id = schedule.id AND slot.due_at =
        (SELECT max(newest.due_at) FROM slot AS newest WHERE newest.schedule_id = schedule.id)
"""


class Known(NamedTuple):
    """A job with its newest slot, when a run claimed that, and the run."""

    job: Job
    last: Slot | None
    claimed_at: datetime | None
    run_id: int | None


def all_jobs(rows: Rows) -> list[Known]:
    """Every job, the one for all businesses first, then by business, single times last."""
    found = map(_known, rows(JOBS))
    return sorted(
        found, key=lambda known: (isinstance(known.job.timing, Once), known.job.business_id or 0)
    )


def one_job(rows: Rows, name: str) -> Known | None:
    """A job by its id (`sync_business_1`)."""
    return next(map(_known, rows(f"{JOBS} WHERE schedule.job = ?", name)), None)


def _known(row: tuple[Any, ...]) -> Known:
    times = {index: _time(row[index]) for index in (7, 8, 9, 10, 11, 12, 13, 15, 16)}
    since, due_at = times[8], times[12]
    assert since is not None
    job = Job(
        id=row[0],
        name=row[1],
        business_id=row[2],
        timing=_timing(row),
        since=since,
        paused_at=times[9],
        ended_at=times[10],
        archived=times[11] is not None,
    )
    last = None if due_at is None else Slot(due_at, times[13], row[14], times[15])
    return Known(job, last, times[16], row[17])


def _timing(row: tuple[Any, ...]) -> Timing:
    _, _, _, seconds, offset, cron, timezone, at, *_ = row
    if seconds is not None:
        return Every(timedelta(seconds=seconds), timedelta(seconds=offset))
    if cron is not None:
        return Cron(cron, timezone or "UTC")
    return Once(from_milliseconds(at))


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
