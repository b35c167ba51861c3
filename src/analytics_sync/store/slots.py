"""Claims and finishes slots: each is run once, whoever is started for it."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from analytics_sync.domain.jobs import TRY_LATER, Claim, Job
from analytics_sync.store.jobs import no_such_job, one_job
from analytics_sync.store.light import over
from analytics_sync.store.statements import upsert
from analytics_sync.store.tables import schedule, slot


def claim(connection: Connection, name: str, now: datetime) -> Claim | None:
    """Take the slot of a job that is due, in a writing transaction; None when none is.

    The caller holds the lock of the job's slots.

    :raises ConfigurationInvalid: there is no such job.
    """
    known = one_job(over(connection), name)
    if known is None:
        raise no_such_job(name)
    due = known.job.due(known.last, now)
    if due is None:
        return None
    missed = _missed(connection, known.job, due, now)
    _forget_all_but(connection, known.job, due)
    row = {
        "schedule_id": known.job.id,
        "due_at": due,
        "claimed_at": now,
        "finished_at": None,
        "status": None,
        "not_before": None,
        "run_id": None,
    }
    upsert(connection, slot, [row])
    return Claim(known.job, due, missed)


def finish(
    connection: Connection,
    claimed: Claim,
    status: int,
    *,
    now: datetime,
    run_id: int | None = None,
    not_before: datetime | None = None,
) -> None:
    """Write what came of a slot; a single time is over, unless it is to be tried again."""
    connection.execute(
        update(slot)
        .where(slot.c.schedule_id == claimed.job.id, slot.c.due_at == claimed.slot)
        .values(finished_at=now, status=status, run_id=run_id, not_before=not_before)
    )
    if status != TRY_LATER:
        connection.execute(
            update(schedule)
            .where(schedule.c.id == claimed.job.id, schedule.c.at == claimed.slot)
            .where(schedule.c.ended_at.is_(None))
            .values(ended_at=now)
        )


def note_fault(connection: Connection, claimed: Claim, status: int) -> None:
    """Write that a fault ended the run and was told; the slot stays to be taken up."""
    connection.execute(
        update(slot)
        .where(slot.c.schedule_id == claimed.job.id, slot.c.due_at == claimed.slot)
        .values(status=status)
    )


def with_own_job(connection: Connection) -> frozenset[int]:
    """Businesses that a job of their own syncs again and again; a paused one counts."""
    query = select(schedule.c.business_id).where(
        schedule.c.business_id.is_not(None), schedule.c.at.is_(None), schedule.c.ended_at.is_(None)
    )
    return frozenset(connection.execute(query).scalars())


def _missed(connection: Connection, job: Job, due: datetime, now: datetime) -> int:
    """How many slots nobody ran between the newest that was run, or the job's begin, and this."""
    finished = connection.execute(
        select(func.max(slot.c.due_at)).where(
            slot.c.schedule_id == job.id, slot.c.finished_at.is_not(None), slot.c.due_at <= due
        )
    ).scalar()
    if finished is None and job.begin(now) != job.since:
        # The clock was set back: nobody knows since when.
        return 0
    begin = job.begin(now) if finished is None else max(finished, job.begin(now))
    return max(0, job.timing.number(begin, due) - 1)


def _forget_all_but(connection: Connection, job: Job, due: datetime) -> None:
    """Keep the newest slot that was run, to count from; and none that a wrong clock claimed."""
    newest = (
        select(func.max(slot.c.due_at))
        .where(slot.c.schedule_id == job.id, slot.c.finished_at.is_not(None), slot.c.due_at <= due)
        .scalar_subquery()
    )
    connection.execute(
        delete(slot).where(
            slot.c.schedule_id == job.id, slot.c.due_at != func.coalesce(newest, due)
        )
    )
