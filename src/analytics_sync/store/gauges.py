"""Sums over an installation, for a monitoring system to look at."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from analytics_sync.store.tables import (
    account,
    business,
    call_budget,
    credential,
    post,
    sync_error,
    sync_run,
)


class Gauges(NamedTuple):
    """All that is told, as rows. `newest_end`: when the newest run that read anything ended."""

    runs: list[Row[Any]]
    failures: list[Row[Any]]
    posts: list[Row[Any]]
    budgets: list[Row[Any]]
    credentials: list[Row[Any]]
    newest_end: datetime | None


def gauges(connection: Connection) -> Gauges:
    """Look at all of it in one transaction."""
    return Gauges(
        runs=_all(connection, _RUNS),
        failures=_all(connection, _FAILURES),
        posts=_all(connection, _POSTS),
        budgets=_all(connection, _BUDGETS),
        credentials=_all(connection, _CREDENTIALS),
        newest_end=connection.execute(_NEWEST_END).scalar(),
    )


def _all(connection: Connection, query: Any) -> list[Row[Any]]:
    return list(connection.execute(query))


_SUMS = ("requests", "synced", "failed", "snapshots")
_RUNS = (
    select(
        sync_run.c.trigger,
        sync_run.c.outcome,
        func.count().label("runs"),
        *(func.sum(sync_run.c[name]).label(name) for name in _SUMS),
    )
    .group_by(sync_run.c.trigger, sync_run.c.outcome)
    .order_by(sync_run.c.trigger, sync_run.c.outcome)
)
_FAILURES = (
    select(sync_error.c.code, func.count().label("number"))
    .group_by(sync_error.c.code)
    .order_by(sync_error.c.code)
)
_POSTS = (
    select(account.c.platform, post.c.state, func.count().label("number"))
    .select_from(
        post.join(account, account.c.id == post.c.account_id).join(
            business, business.c.id == account.c.business_id
        )
    )
    .where(account.c.removed_at.is_(None), business.c.removed_at.is_(None))
    .group_by(account.c.platform, post.c.state)
    .order_by(account.c.platform, post.c.state)
)
_BUDGETS = select(call_budget).order_by(call_budget.c.bucket, call_budget.c.period)
_CREDENTIALS = select(
    credential.c.id,
    credential.c.platform,
    credential.c.expires_at,
    credential.c.renews,
    credential.c.renew_until,
    credential.c.refused_at,
).order_by(credential.c.id)
_NEWEST_END = select(sync_run.c.finished_at).where(
    sync_run.c.id
    == select(func.max(sync_run.c.id))
    .where(sync_run.c.outcome.in_(("complete", "partial", "nothing_due")))
    .scalar_subquery()
)
