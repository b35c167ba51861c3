"""Call budgets that outlive the process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from analytics_sync.clock import EPOCH
from analytics_sync.store.statements import upsert
from analytics_sync.store.tables import call_budget
from analytics_sync.transport.call import Cap, Limit

# No platform makes one wait longer: a later time was reckoned by a clock that was wrong.
LONGEST_BLOCK = timedelta(days=35)

# Built once: where reading is charged, each account of a sync asks.
_HERE = (call_budget.c.bucket == bindparam("of")) & (call_budget.c.period == bindparam("every"))
_USED = select(call_budget).where(_HERE).with_for_update()
_USE = update(call_budget).where(_HERE)


@dataclass(frozen=True, slots=True)
class Block:
    """A bucket that must not be used before an instant."""

    bucket: str
    until: datetime
    reason: str | None


def window_start(now: datetime, period: timedelta) -> datetime:
    """Where the window that `now` lies in began; windows are counted from 1970."""
    return now - (now - EPOCH) % period


def blocks(connection: Connection, now: datetime) -> dict[str, Block]:
    """Buckets that must not be used now."""
    until = call_budget.c.not_before
    query = select(call_budget).where(
        call_budget.c.period == 0, until > now, until < now + LONGEST_BLOCK
    )
    return {
        row.bucket: Block(row.bucket, row.not_before, row.reason)
        for row in connection.execute(query)
    }


def block(connection: Connection, bucket: str, until: datetime, reason: str) -> None:
    """Remember a "not before"; a later one already known stays."""
    known = connection.execute(
        select(call_budget.c.not_before).where(
            call_budget.c.bucket == bucket, call_budget.c.period == 0
        )
    ).scalar()
    if known is None or known < until:
        row = {"bucket": bucket, "period": 0, "not_before": until, "reason": reason, "used": 0}
        upsert(connection, call_budget, [row])


def observe(connection: Connection, limits: Sequence[Limit]) -> None:
    """Remember what answers told of their buckets, newest last."""
    rows = {
        limit.bucket: {
            "bucket": limit.bucket,
            "period": 0,
            "used": 0,
            "ceiling": limit.limit,
            "remaining": limit.remaining,
            "resets_at": limit.resets_at,
        }
        for limit in limits
    }
    upsert(connection, call_budget, list(rows.values()))


def spend(connection: Connection, cap: Cap, wanted: int, now: datetime) -> int:
    """Take up to `wanted` from a counted budget; returns how many it still had.

    One statement reads and writes under the write lock (SQLite) or a row lock (PostgreSQL).
    """
    start = window_start(now, cap.period)
    period = int(cap.period.total_seconds())
    empty = {"bucket": cap.bucket, "period": period, "period_start": start, "used": 0}
    upsert(connection, call_budget, [empty], replace=False)
    here = {"of": cap.bucket, "every": period}
    row = connection.execute(_USED, here).one()
    used = row.used if row.period_start == start else 0
    granted = max(0, min(wanted, cap.calls - used))
    told = {"period_start": start, "used": used + granted, "ceiling": cap.calls}
    connection.execute(_USE, here | told)
    return granted


def give_back(connection: Connection, cap: Cap, unused: int, now: datetime) -> None:
    """Return what was taken in this window and not used."""
    connection.execute(
        update(call_budget)
        .where(
            call_budget.c.bucket == cap.bucket,
            call_budget.c.period == int(cap.period.total_seconds()),
            call_budget.c.period_start == window_start(now, cap.period),
            call_budget.c.used >= unused,
        )
        .values(used=call_budget.c.used - unused)
    )
