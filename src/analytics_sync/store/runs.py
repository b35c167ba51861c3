"""Runs and what failed in them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, insert, or_, select, text, update

from analytics_sync.clock import AHEAD
from analytics_sync.domain.jobs import EVERY_BUSINESS, Claim, job_name
from analytics_sync.errors import WrongUsage
from analytics_sync.store.statements import row_id
from analytics_sync.store.tables import account, sync_error, sync_run

COUNTS = ("requests", "discovered", "snapshots", "selected", "synced", "failed", "deferred")
# So long a run whose lock nobody holds may just be about to take it.
STARTING: Final = timedelta(seconds=30)
# What started a run that has a row before it has a process.
API: Final = "api"

_NAMED: Final = {
    "sqlite": "EXISTS (SELECT 1 FROM json_each(sync_run.businesses) WHERE value = :business)",
    "postgresql": "CAST(sync_run.businesses AS jsonb) @> to_jsonb(CAST(:business AS integer))",
}

# Whether a process holds the lock of this run.
Held = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Something that failed: of a post, or of an account as a whole."""

    account_id: int
    platform_post_id: str | None
    code: str
    message: str


def start(
    connection: Connection,
    *,
    trigger: str,
    now: datetime,
    claim: Claim | None = None,
    businesses: Sequence[int] | None = None,
) -> int:
    """Write the run's row, without an outcome yet; returns its id. `businesses` None: all."""
    values: dict[str, Any] = {"trigger": trigger, "started_at": now, "accounts": [], "made_up": 0}
    values["businesses"] = None if businesses is None else sorted(businesses)
    values |= dict.fromkeys(COUNTS, 0)
    if claim is not None:
        values |= {"job": claim.job.name, "slot_at": claim.slot, "made_up": claim.made_up}
    made = connection.execute(insert(sync_run).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def finish(connection: Connection, id: int, values: Mapping[str, Any]) -> None:
    """Write what came of it: outcome, times, sums, and the accounts' results."""
    connection.execute(update(sync_run).where(sync_run.c.id == id).values(dict(values)))


def take_up(connection: Connection, id: int, now: datetime) -> None:
    """Begin the run of a row that waits for its process, which holds the run's lock already.

    :raises WrongUsage: there is no such run, or it does not wait.
    """
    row = get(connection, id)
    if row.trigger != API or row.outcome is not None:
        raise WrongUsage(
            f"Run {id} does not wait for a process.",
            hint=f"`analytics-sync runs {id}` shows what came of it.",
            code="run_over",
        )
    connection.execute(update(sync_run).where(sync_run.c.id == id).values(started_at=now))


def note_progress(connection: Connection, id: int, counts: Mapping[str, int]) -> None:
    """Write what a run has done so far, unless it is over."""
    mine = sync_run.c.id == id, sync_run.c.outcome.is_(None)
    connection.execute(update(sync_run).where(*mine).values(dict(counts)))


def live(connection: Connection, now: datetime, held: Held) -> list[Row[Any]]:
    """Runs that go on, the oldest first: their lock is held, or they have only just begun."""
    return [row for row in _unended(connection) if _is_live(row, now, held)]


def is_live(row: Row[Any], now: datetime, held: Held) -> bool:
    """Whether this run goes on."""
    return row.outcome is None and _is_live(row, now, held)


def close_killed(connection: Connection, now: datetime, held: Held) -> list[int]:
    """Call runs without an outcome that don't go on interrupted; returns their ids."""
    killed = [row.id for row in _unended(connection) if not _is_live(row, now, held)]
    if killed:
        mine = sync_run.c.id.in_(killed), sync_run.c.outcome.is_(None)
        connection.execute(update(sync_run).where(*mine).values(outcome="interrupted"))
    return killed


def _unended(connection: Connection) -> list[Row[Any]]:
    query = select(sync_run).where(sync_run.c.outcome.is_(None)).order_by(sync_run.c.id)
    return list(connection.execute(query))


def _is_live(row: Row[Any], now: datetime, held: Held) -> bool:
    return now - STARTING <= row.started_at <= now + AHEAD or held(row.id)


def add_errors(
    connection: Connection, run_id: int, errors: Sequence[ErrorRow], now: datetime
) -> None:
    """Write what failed; of an account that was deleted meanwhile, without naming it."""
    ids = {error.account_id for error in errors}
    here = set(connection.execute(select(account.c.id).where(account.c.id.in_(ids))).scalars())
    if errors:
        rows = [
            {
                "run_id": run_id,
                "account_id": error.account_id if error.account_id in here else None,
                "platform_post_id": error.platform_post_id,
                "code": error.code,
                "message": error.message,
                "at": now,
            }
            for error in errors
        ]
        connection.execute(insert(sync_error), rows)


def listed(connection: Connection, limit: int = 20) -> list[Row[Any]]:
    """The newest runs first."""
    query = select(sync_run).order_by(sync_run.c.id.desc()).limit(limit)
    return list(connection.execute(query))


def get(connection: Connection, id: int) -> Row[Any]:
    """:raises WrongUsage: there is no such run."""
    row = connection.execute(select(sync_run).where(sync_run.c.id == row_id(id))).first()
    if row is None:
        raise WrongUsage(
            f"There is no run {id}.", hint="`analytics-sync runs` shows them.", code="unknown_run"
        )
    return row


def newest_of(
    connection: Connection, business_id: int, with_own_job: Collection[int] = ()
) -> Row[Any] | None:
    """The newest run that a business took part in; None when there was none.

    `with_own_job`: businesses that the job for all of them leaves out.
    """
    jobs = [job_name(business_id), *([] if business_id in with_own_job else [EVERY_BUSINESS])]
    every = and_(
        sync_run.c.businesses.is_(None), or_(sync_run.c.job.is_(None), sync_run.c.job.in_(jobs))
    )
    named = text(_NAMED[connection.dialect.name])
    query = select(sync_run).where(or_(every, named)).order_by(sync_run.c.id.desc()).limit(1)
    return connection.execute(query, {"business": business_id}).first()


def errors_of(
    connection: Connection,
    run_id: int,
    *,
    business_id: int | None = None,
    limit: int | None = None,
) -> list[Row[Any]]:
    """The errors of a run, or those of one business in it, with the account's place."""
    query = (
        select(
            sync_error,
            account.c.platform,
            account.c.business_id,
            account.c.platform_account_id,
        )
        .outerjoin(account, account.c.id == sync_error.c.account_id)
        .where(sync_error.c.run_id == run_id)
        .order_by(sync_error.c.id)
        .limit(limit)
    )
    if business_id is not None:
        query = query.where(account.c.business_id == business_id)
    return list(connection.execute(query))
