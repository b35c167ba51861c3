"""The history, read in pages, so that a long export never keeps a transaction open."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select, tuple_

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.store.database import Database
from analytics_sync.store.schema import account, latest, post, snapshot

PAGE = 5_000
PLACE = ("business_id", "platform", "platform_account_id", "platform_post_id", "published_at")
EXPORT_COLUMNS = (*PLACE, "captured_at", *COLUMNS, "extra")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. `since` and `until` bound `captured_at`: from `since`, to before `until`."""

    business_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_only: bool = False


def rows(database: Database, wanted: Wanted, page: int = PAGE) -> Iterator[Mapping[str, Any]]:
    """Rows in the order of posts and time, with the names of `EXPORT_COLUMNS`.

    Each page is a transaction of its own; rows that come in meanwhile may be left out.
    """
    source = latest if wanted.newest_only else snapshot
    after: tuple[int, datetime] | None = None
    while True:
        with database.read() as connection:
            found = connection.execute(_query(source, wanted, after).limit(page)).all()
        for row in found:
            yield {name: row._mapping[name] for name in EXPORT_COLUMNS}
        if len(found) < page:
            return
        after = (found[-1].post_id, found[-1].captured_at)


def _query(source: Table, wanted: Wanted, after: tuple[int, datetime] | None) -> Any:
    conditions: list[ColumnElement[bool]] = []
    if wanted.business_id is not None:
        conditions.append(account.c.business_id == wanted.business_id)
    if wanted.since is not None:
        conditions.append(source.c.captured_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(source.c.captured_at < wanted.until)
    if after is not None:
        key = tuple_(source.c.post_id, source.c.captured_at)
        conditions.append(
            key > tuple_(*after, types=[source.c.post_id.type, source.c.captured_at.type])
        )
    return (
        select(
            source.c.post_id,
            account.c.business_id,
            account.c.platform,
            account.c.platform_account_id,
            post.c.platform_post_id,
            post.c.published_at,
            source.c.captured_at,
            *(source.c[name] for name in COLUMNS),
            source.c.extra,
        )
        .select_from(
            source.join(post, post.c.id == source.c.post_id).join(
                account, account.c.id == post.c.account_id
            )
        )
        .where(*conditions)
        .order_by(source.c.post_id, source.c.captured_at)
    )
