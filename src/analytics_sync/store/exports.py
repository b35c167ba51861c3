"""The history, read in pages, so that a long export never keeps a transaction open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, literal_column, or_, select

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.store.database import Database
from analytics_sync.store.tables import account, latest, post, snapshot

PAGE = 5_000
POSTS = 500
PLACE = ("business_id", "platform", "platform_account_id", "platform_post_id", "published_at")
EXPORT_COLUMNS = (*PLACE, "captured_at", *COLUMNS, "extra")

# The values of PLACE.
Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. `since` and `until` bound `captured_at`: from `since`, to before `until`."""

    business_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_only: bool = False


def rows(database: Database, wanted: Wanted, page: int = PAGE) -> Iterator[Mapping[str, Any]]:
    """Rows in the order of posts and time, with the names of `EXPORT_COLUMNS`.

    Each page is a transaction of its own; rows that come in meanwhile may be left out. Memory
    and the work for a page don't grow with the history.
    """
    for places in _places(database, wanted):
        yield from _of_posts(database, wanted, places, page)


def _places(database: Database, wanted: Wanted) -> Iterator[dict[int, Place]]:
    """Posts in the order of their ids, some hundred at a time, each with its place."""
    owners = _owners(database, wanted)
    query = (
        select(post.c.id, post.c.account_id, post.c.platform_post_id, post.c.published_at)
        .order_by(post.c.id)
        .limit(POSTS)
    )
    if wanted.newest_only:
        # What a newer id stands for now would be counted twice.
        query = query.where(post.c.state != "superseded")
    if wanted.business_id is not None:
        # The sign keeps the database from the index on accounts, by which it would find, and
        # sort, all posts of the business again for each page.
        query = query.where(literal_column("+post.account_id").in_(owners))
    after = 0
    while owners:
        with database.read() as connection:
            found = connection.execute(query.where(post.c.id > after)).all()
        if found:
            yield {row.id: (*owners[row.account_id], *row[2:]) for row in found if row[1] in owners}
        if len(found) < POSTS:
            return
        after = found[-1].id


def _owners(database: Database, wanted: Wanted) -> dict[int, Place]:
    """Accounts by id: business, platform, and the platform's own id."""
    query = select(
        account.c.id, account.c.business_id, account.c.platform, account.c.platform_account_id
    )
    if wanted.business_id is not None:
        query = query.where(account.c.business_id == wanted.business_id)
    with database.read() as connection:
        return {row.id: tuple(row[1:]) for row in connection.execute(query)}


def _of_posts(
    database: Database, wanted: Wanted, places: Mapping[int, Place], page: int
) -> Iterator[Mapping[str, Any]]:
    """All rows of some posts."""
    source = latest if wanted.newest_only else snapshot
    query = _history(source, wanted).limit(page)
    after: Row[Any] | None = None
    while True:
        with database.read() as connection:
            found = connection.execute(query.where(*_below(source, list(places), after))).all()
        for row in found:
            yield dict(zip(EXPORT_COLUMNS, (*places[row.post_id], *row[1:]), strict=True))
        if len(found) < page:
            return
        after = found[-1]


def _history(source: Table, wanted: Wanted) -> Select[Any]:
    query = select(
        source.c.post_id,
        source.c.captured_at,
        *(source.c[name] for name in COLUMNS),
        source.c.extra,
    ).order_by(source.c.post_id, source.c.captured_at)
    if wanted.since is not None:
        query = query.where(source.c.captured_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(source.c.captured_at < wanted.until)
    return query


def _below(
    source: Table, ids: Sequence[int], after: Row[Any] | None
) -> Iterator[ColumnElement[bool]]:
    """These posts, from the row after one on."""
    if after is None:
        yield source.c.post_id.in_(ids)
        return
    yield source.c.post_id.in_([id for id in ids if id >= after.post_id])
    yield or_(source.c.post_id != after.post_id, source.c.captured_at > after.captured_at)
