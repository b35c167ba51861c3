"""Claims runs that a program asks for: one for the same work, and only a few at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select, text, update

from analytics_sync.domain.codes import ErrorCode
from analytics_sync.domain.jobs import EVERY_BUSINESS
from analytics_sync.errors import Busy, WrongUsage
from analytics_sync.store import accounts, businesses, runs, slots
from analytics_sync.store.advisory import SPACES
from analytics_sync.store.tables import sync_error, sync_run

# So many of these runs go on at once.
MOST: Final = 2


class AlreadyRunning(Busy):
    """The run `run_id` does this work now."""

    code = "already_running"

    def __init__(self, run_id: int) -> None:
        super().__init__(
            f"This work is being done by run {run_id}.",
            hint=f"Look at run {run_id}, and try again when it is over.",
        )
        self.run_id = run_id


class TooManyRuns(Busy):
    """As many runs that programs asked for go on as may; `run_ids` are theirs."""

    code = "too_many_runs"

    def __init__(self, run_ids: Sequence[int]) -> None:
        named = " and ".join(map(str, run_ids))
        super().__init__(
            f"The runs {named} go on; no more than {MOST} may be asked for at once.",
            hint="Try again when one of them is over.",
        )
        self.run_ids = tuple(run_ids)


class Claimed(NamedTuple):
    """A run that waits for its process, and those that were found to be killed."""

    run_id: int
    killed: list[int]


def claim(
    connection: Connection, business_id: int | None, *, now: datetime, held: runs.Held
) -> Claimed:
    """Write the row of a run of one business, or of all, unless that work is being done.

    In one writing transaction: what it looks at, nobody changes meanwhile.

    :raises WrongUsage: no such business, it is archived, or there is no account.
    :raises AlreadyRunning: a run that goes on does this work.
    :raises TooManyRuns: as many of these runs go on as may.
    """
    if connection.dialect.name == "postgresql":
        # SQLite has one writer at a time anyhow.
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:space, 0)"), {"space": SPACES["run"]}
        )
    _check(connection, business_id)
    going_on = runs.live(connection, now, held)
    with_own_job = slots.with_own_job(connection)
    for row in going_on:
        if _covers(row, business_id, with_own_job):
            raise AlreadyRunning(row.id)
    asked_for = [row.id for row in going_on if row.trigger == runs.API]
    if len(asked_for) >= MOST:
        raise TooManyRuns(asked_for)
    killed = runs.close_killed(connection, now, held)
    ids = None if business_id is None else [business_id]
    return Claimed(runs.start(connection, trigger=runs.API, now=now, businesses=ids), killed)


def is_open(connection: Connection, run_id: int) -> bool:
    """Whether nobody has written yet what came of a run."""
    query = select(sync_run.c.id).where(sync_run.c.id == run_id, sync_run.c.outcome.is_(None))
    return connection.execute(query).first() is not None


def close_failed(connection: Connection, run_id: int, words: str, now: datetime) -> bool:
    """Write that a run failed, and why, unless it has an outcome; whether it had none."""
    mine = sync_run.c.id == run_id, sync_run.c.outcome.is_(None)
    done = connection.execute(
        update(sync_run).where(*mine).values(outcome="failed", finished_at=now)
    )
    if done.rowcount:
        row = {"run_id": run_id, "code": ErrorCode.INTERNAL, "message": words, "at": now}
        connection.execute(sync_error.insert().values(row))
    return bool(done.rowcount)


def _check(connection: Connection, business_id: int | None) -> None:
    if business_id is not None:
        found = businesses.find(connection, str(business_id))
        if found.archived_at is not None:
            raise WrongUsage(
                f"The business {found.name!r} (id {found.id}) is archived: nothing of it is synced.",
                hint="Add it anew to sync it again.",
                code="archived",
            )
    ids = None if business_id is None else [business_id]
    if not accounts.to_sync(connection, business_ids=ids):
        whose = "No business has an" if business_id is None else f"Business {business_id} has no"
        raise WrongUsage(
            f"{whose} account, so there is nothing to sync.",
            hint="`analytics-sync account add` adds one.",
            code="no_account",
        )


def _covers(row: Row[Any], business_id: int | None, with_own_job: frozenset[int]) -> bool:
    """Whether a run does all of this work."""
    if row.businesses is not None:
        return business_id in row.businesses
    # The job for all businesses leaves out those that have one of their own.
    return row.job != EVERY_BUSINESS or business_id not in with_own_job
