"""Reads jobs, their newest slots and where they are installed; light, for what must start at once."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from analytics_sync.clock import from_milliseconds
from analytics_sync.domain.jobs import Job, Slot
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.errors import ConfigurationInvalid, WrongUsage
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
BUSINESS: Final = """
    SELECT id, name, timezone, archived_at IS NOT NULL FROM business WHERE removed_at IS NULL
"""
# What PostgreSQL's integer columns can be asked.
LARGEST_ID: Final = 2**31 - 1


class Installed(NamedTuple):
    """What this installation is called on machines, and where its jobs are.

    `made`: folders that did not exist before. `ticked_at`: when its last tick began.
    """

    name: str
    backend: str | None = None
    host: str | None = None
    made: tuple[str, ...] = ()
    ticked_at: datetime | None = None


class Named(NamedTuple):
    """A business that was not removed, as far as scheduling must know it."""

    id: int
    name: str
    timezone: str
    archived: bool


class Known(NamedTuple):
    """A job with its newest slot, when a run claimed that, and the run."""

    job: Job
    last: Slot | None
    claimed_at: datetime | None
    run_id: int | None


def all_jobs(rows: Rows) -> list[Known]:
    """Every job, the one for all businesses first, then by business, single times last."""
    return in_order(map(_known, rows(JOBS)))


def in_order(known: Iterable[Known]) -> list[Known]:
    def place(one: Known) -> tuple[bool, int, int]:
        return isinstance(one.job.timing, Once), one.job.business_id or 0, one.job.id

    return sorted(known, key=place)


def one_job(rows: Rows, name: str) -> Known | None:
    """A job by its id (`sync_business_1`)."""
    return next(map(_known, rows(f"{JOBS} WHERE schedule.job = ?", name)), None)


def installed(rows: Rows) -> Installed | None:
    """Where the jobs are installed; None when nothing ever was."""
    found = rows("SELECT name, backend, host, made, ticked_at FROM installation")
    if not found:
        return None
    name, backend, host, made, ticked_at = found[0]
    # A driver may have read the JSON already.
    folders = json.loads(made) if isinstance(made, str) else made
    return Installed(name, backend, host, tuple(folders), _time(ticked_at))


def businesses(rows: Rows) -> list[Named]:
    """All that were not removed, in the order of their ids."""
    query = f"{BUSINESS} ORDER BY id"
    return [Named(id, name, zone, bool(archived)) for id, name, zone, archived in rows(query)]


def business(rows: Rows, text: str) -> Named:
    """A business by id or name.

    :raises WrongUsage: there is none.
    """
    word = text.strip()
    if word.isascii() and word.isdigit():
        found = rows(f"{BUSINESS} AND id = ?", min(int(word[:20]), LARGEST_ID))
    else:
        # Bytes of another encoding on the command line can't be asked for.
        found = rows(f"{BUSINESS} AND name = ?", word.encode(errors="replace").decode())
    if not found:
        raise unknown_business(word)
    id, name, zone, archived = found[0]
    return Named(id, name, zone, bool(archived))


def unknown_business(word: str) -> WrongUsage:
    """What to say of a business that is not there."""
    return WrongUsage(
        f"There is no business {word!r}.",
        hint="`analytics-sync business list` shows them; `business add NAME` makes one.",
        code="unknown_business",
    )


def no_such_job(name: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        [f"There is no job {name!r}, but something on this machine starts it."],
        hint="`analytics-sync schedule --apply` makes the machine hold the jobs that there are.",
        code="unknown_job",
    )


def _known(row: tuple[Any, ...]) -> Known:
    id, name, business_id, *timing = row[:8]
    since, paused_at, ended_at, archived_at = row[8:12]
    due_at, finished_at, status, not_before, claimed_at, run_id = row[12:]
    job = Job(
        id,
        name,
        business_id,
        _timing(*timing),
        from_milliseconds(since),
        _time(paused_at),
        _time(ended_at),
        archived=archived_at is not None,
    )
    last = None
    if due_at is not None:
        due = from_milliseconds(due_at)
        last = Slot(due, _time(finished_at), status, _time(not_before))
    return Known(job, last, _time(claimed_at), run_id)


def _timing(
    seconds: int | None, offset: int, cron: str | None, timezone: str | None, at: int
) -> Timing:
    if seconds is not None:
        return Every(timedelta(seconds=seconds), timedelta(seconds=offset))
    if cron is not None:
        return Cron(cron, timezone or "UTC")
    return Once(from_milliseconds(at))


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_milliseconds(milliseconds)
