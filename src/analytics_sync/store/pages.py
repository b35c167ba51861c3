"""Posts and their histories in pages, each of which goes on after the last row of the one before."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, or_, select

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.store.tables import account, business, latest, post, snapshot

# The last post of a page: when it was published, and its id.
After = tuple[datetime, int]
_PLACE: Final = (
    account.c.business_id,
    account.c.platform,
    account.c.platform_account_id,
    post.c.id,
    post.c.platform_post_id,
    post.c.published_at,
    post.c.kind,
    post.c.text,
    post.c.permalink,
    post.c.state,
    post.c.last_read_at,
)


def posts(
    connection: Connection,
    business_id: int,
    *,
    limit: int,
    since: datetime | None = None,
    platforms: Collection[str] | None = None,
    after: After | None = None,
) -> list[Row[Any]]:
    """Posts of a business with their newest numbers, the newest first."""
    query = (
        _placed()
        .where(account.c.business_id == business_id)
        .order_by(post.c.published_at.desc(), post.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(post.c.published_at >= since)
    if platforms is not None:
        query = query.where(account.c.platform.in_(platforms))
    if after is not None:
        moment, id = after
        same = and_(post.c.published_at == moment, post.c.id < id)
        query = query.where(or_(post.c.published_at < moment, same))
    return list(connection.execute(query))


def post_at(
    connection: Connection,
    platforms: Collection[str],
    platform_post_id: str,
    business_id: int | None = None,
) -> list[Row[Any]]:
    """The posts that have this id at a platform: one for each account that it belongs to."""
    query = (
        _placed()
        .where(account.c.platform.in_(platforms), post.c.platform_post_id == platform_post_id)
        .order_by(post.c.id)
    )
    if business_id is not None:
        query = query.where(account.c.business_id == business_id)
    return list(connection.execute(query))


def history(
    connection: Connection,
    post_id: int,
    *,
    limit: int,
    since: datetime | None = None,
    after: datetime | None = None,
) -> list[Row[Any]]:
    """Stored readings of a post in the order of time."""
    query = (
        select(snapshot)
        .where(snapshot.c.post_id == post_id)
        .order_by(snapshot.c.captured_at)
        .limit(limit)
    )
    if since is not None:
        query = query.where(snapshot.c.captured_at >= since)
    if after is not None:
        query = query.where(snapshot.c.captured_at > after)
    return list(connection.execute(query))


def _placed() -> Select[Any]:
    numbers = [latest.c[name] for name in COLUMNS]
    source = (
        post.join(account, account.c.id == post.c.account_id)
        .join(business, business.c.id == account.c.business_id)
        .outerjoin(latest, latest.c.post_id == post.c.id)
    )
    return (
        select(*_PLACE, latest.c.captured_at, *numbers, latest.c.extra, latest.c.unsaid)
        .select_from(source)
        .where(
            account.c.removed_at.is_(None),
            business.c.removed_at.is_(None),
            post.c.state != "superseded",
        )
    )
