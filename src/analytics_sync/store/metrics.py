"""Metrics that platforms retired."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select

from analytics_sync.clock import AHEAD
from analytics_sync.store.tables import metric_event

# Asked for again after this time: a refusal may have been a fault of the platform.
REMEMBERED = timedelta(days=7)


def retired(connection: Connection, now: datetime) -> dict[tuple[str, str], set[str]]:
    """Names not worth asking for now, by platform and scope."""
    query = select(metric_event).where(
        metric_event.c.event == "retired",
        metric_event.c.at > now - REMEMBERED,
        metric_event.c.at <= now + AHEAD,
    )
    found: dict[tuple[str, str], set[str]] = {}
    for row in connection.execute(query):
        found.setdefault((row.platform, row.scope), set()).add(row.metric)
    return found


def retire(
    connection: Connection,
    *,
    platform: str,
    scope: str,
    metric: str,
    reason: str,
    now: datetime,
) -> bool:
    """Remember a retired metric; whether this is news (not already known in these days)."""
    if metric in retired(connection, now).get((platform, scope), ()):
        return False
    connection.execute(
        insert(metric_event).values(
            platform=platform, scope=scope, metric=metric, event="retired", reason=reason, at=now
        )
    )
    return True
