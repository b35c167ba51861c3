"""From jobs to what the machine's scheduler starts: an entry for each job, and the tick."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.timing import Every, stable_offset
from analytics_sync.schedule._backend import Entry

TICK: Final = "tick"
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


def entries(jobs: Iterable[Job], installation: str) -> list[Entry]:
    """What must be installed for these jobs: no job, no entry; else the tick comes last.

    A job that is paused, or whose business is archived, keeps its entry, which does nothing.
    """
    found = [_entry(job) for job in jobs if job.ended_at is None]
    return [*found, tick(installation)] if found else []


def _entry(job: Job) -> Entry:
    return Entry(job.name, job.title, job.timing, ("sync", "--job", job.name))


def tick(installation: str) -> Entry:
    """Hourly, at a minute of its own that is not :00, when everybody else's jobs start."""
    offset = MINUTE + stable_offset(installation, TICK, HOUR - MINUTE)
    return Entry(TICK, "Make up missed syncs", Every(HOUR, offset), (TICK,))


def unseen(names: Iterable[str], why: str) -> dict[str, str]:
    """The drift of entries that can't be compared: no job is said to be as it should be."""
    return {**{name: "not to be seen" for name in names if name != TICK}, "": why}
