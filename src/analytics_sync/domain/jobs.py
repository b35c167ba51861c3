"""Jobs: what is scheduled, and which slot of a job is due."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from analytics_sync.clock import EPOCH, is_ahead, iso
from analytics_sync.domain.timing import Once, Timing

EVERY_BUSINESS: Final = "sync_all_businesses"
ONCE: Final = "sync_once_"
# The backend for which nothing is written: something else starts the tick.
EXTERNAL: Final = "external"
# The status with which a slot stays undone: try later.
TRY_LATER: Final = 75


class Slot(NamedTuple):
    """The newest slot of a job that a run has claimed; not finished: running, or killed."""

    due_at: datetime
    finished_at: datetime | None = None
    status: int | None = None
    not_before: datetime | None = None

    @property
    def done(self) -> bool:
        return self.finished_at is not None and self.status != TRY_LATER


class Job(NamedTuple):
    """Something scheduled. `business_id` None: all businesses. `since`: its slots begin later.

    `ended_at`: a single time whose run is over. `archived`: its business is, so nothing is due.
    """

    id: int
    name: str
    business_id: int | None
    timing: Timing
    since: datetime
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    archived: bool = False

    @property
    def title(self) -> str:
        """What people read."""
        whose = "All Businesses" if self.business_id is None else f"Business {self.business_id}"
        once = " Once" if isinstance(self.timing, Once) else ""
        return f"Sync Analytics for {whose}{once}"

    @property
    def at_rest(self) -> bool:
        """Whether it does nothing for now: paused, ended, or its business archived."""
        return self.paused_at is not None or self.ended_at is not None or self.archived

    def due(self, last: Slot | None, now: datetime) -> datetime | None:
        """The slot to run now: the newest one that has come, unless it is done; else None.

        Older slots that nobody ran are made up by the same run. The caller holds the job's lock,
        so a slot that is claimed and not finished belongs to a run that was killed.
        """
        slot = None if self.at_rest else self.timing.until(now)
        if slot is None or slot <= self.begin(now):
            return None
        if last is None or last.due_at < slot or is_ahead(last.due_at, now):
            return slot
        if last.done or (last.not_before is not None and last.not_before > now):
            return None
        return last.due_at

    def next_run(self, now: datetime) -> datetime | None:
        """The next slot to come; None while nothing is due."""
        return None if self.at_rest else self.timing.after(max(now, self.begin(now)))

    def begin(self, now: datetime) -> datetime:
        """After this its slots begin. A time that can't be was noted by a wrong clock."""
        return EPOCH if is_ahead(self.since, now) else self.since


class Claim(NamedTuple):
    """A slot that a run has taken; it makes up so many older ones, which nobody ran."""

    job: Job
    slot: datetime
    made_up: int = 0

    @property
    def interval(self) -> timedelta:
        """To the nearer neighbour of the slot."""
        return self.job.timing.distance(self.slot)

    def as_json(self) -> dict[str, object]:
        return {"job": self.job.name, "slot": iso(self.slot), "made_up": self.made_up}


def job_name(business_id: int | None) -> str:
    """The id of the job that syncs one business, or all."""
    return EVERY_BUSINESS if business_id is None else f"sync_business_{business_id}"


def next_once(names: Iterable[str]) -> str:
    """The id of one more job for a single time, among jobs of these ids."""
    numbers = (name.removeprefix(ONCE) for name in names if name.startswith(ONCE))
    return f"{ONCE}{max(map(int, numbers), default=0) + 1}"
