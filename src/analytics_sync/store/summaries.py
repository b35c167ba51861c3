"""What became of posts between two instants: sums, the fastest, histories, falls.

A number "at" an instant is the last one said at or before it. Growth is counted from `since`; a
post published after that began at 0, and one first read after that counts from its first reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, ScalarSelect, Select, case, func, select

from analytics_sync.store.statements import pieces
from analytics_sync.store.tables import account, business, latest, post, snapshot

# A replaced version is part of its successor; an ignored post is nobody's business any more.
LEFT_OUT: Final = ("superseded", "ignored")


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` to `until`; None: to the newest numbers known."""

    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A business on one platform: numbers at the end, and how much they grew. None: not said."""

    business_id: int
    business: str
    platform: str
    posts: int
    numbers: Mapping[str, int | None]
    growth: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class PostPlace:
    """A post with the business and platform that it belongs to."""

    id: int
    business_id: int
    business: str
    platform: str
    platform_post_id: str
    published_at: datetime
    found_at: datetime
    kind: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Grown:
    """A post, one of its numbers at the end, and how much that grew."""

    post: PostPlace
    value: int
    growth: int


@dataclass(frozen=True, slots=True)
class Fallen:
    """A number that was smaller than in the reading before."""

    post: PostPlace
    at: datetime
    before: int
    after: int


def totals(
    connection: Connection, columns: Sequence[str], span: Span, *, business_id: int | None = None
) -> list[Total]:
    """The sums of some canonical columns by business and platform, in that order."""
    measured = [
        column
        for name in columns
        for column in (
            _end(name, span).label(f"end_{name}"),
            _growth(name, span).label(f"growth_{name}"),
        )
    ]
    each = _placed(span, business_id).add_columns(*measured).subquery()
    sums = [func.sum(each.c[column.name]).label(column.name) for column in measured]
    place = (each.c.business_id, each.c.business, each.c.platform)
    query = (
        select(*place, func.count().label("posts"), *sums)
        .group_by(*place)
        .order_by(each.c.business_id, each.c.platform)
    )
    return [_total(row, columns) for row in connection.execute(query)]


def fastest(
    connection: Connection,
    column: str,
    span: Span,
    *,
    limit: int,
    business_id: int | None = None,
) -> list[Grown]:
    """The posts of which one canonical column grew most, the fastest first."""
    growth = _growth(column, span).label("growth")
    each = (
        _placed(span, business_id).add_columns(_end(column, span).label("value"), growth).subquery()
    )
    query = (
        select(each)
        .where(each.c.growth > 0)
        .order_by(each.c.growth.desc(), each.c.platform_post_id)
        .limit(limit)
    )
    return [Grown(_place(row), row.value, row.growth) for row in connection.execute(query)]


def histories(
    connection: Connection, post_ids: Sequence[int], column: str
) -> dict[int, list[tuple[datetime, int]]]:
    """For each post, oldest first, when one canonical column was said and what."""
    found: dict[int, list[tuple[datetime, int]]] = {id: [] for id in post_ids}
    for some in pieces(post_ids):
        query = (
            select(snapshot.c.post_id, snapshot.c.captured_at, snapshot.c[column])
            .where(snapshot.c.post_id.in_(some), snapshot.c[column].is_not(None))
            .order_by(snapshot.c.post_id, snapshot.c.captured_at)
        )
        for id, moment, value in connection.execute(query):
            found[id].append((moment, value))
    return found


def falls(connection: Connection, column: str, span: Span) -> list[Fallen]:
    """Where one canonical column fell from one reading to the next, the deepest falls first."""
    said = snapshot.c[column]
    before = func.lag(said).over(partition_by=snapshot.c.post_id, order_by=snapshot.c.captured_at)
    steps = select(
        snapshot.c.post_id, snapshot.c.captured_at, said.label("after"), before.label("before")
    ).where(said.is_not(None), snapshot.c.captured_at >= span.since)
    if span.until is not None:
        steps = steps.where(snapshot.c.captured_at <= span.until)
    step = steps.subquery()
    query = (
        _placed(span, None)
        .join(step, step.c.post_id == post.c.id)
        .add_columns(step.c.captured_at, step.c.before, step.c.after)
        .where(step.c.after < step.c.before)
        .order_by(step.c.after - step.c.before, step.c.captured_at, post.c.platform_post_id)
    )
    return [
        Fallen(_place(row), row.captured_at, row.before, row.after)
        for row in connection.execute(query)
    ]


def found_since(connection: Connection, moment: datetime) -> list[PostPlace]:
    """The posts that were found after an instant, in the order of their publishing."""
    query = (
        _placed(Span(moment), None)
        .where(post.c.found_at > moment)
        .order_by(post.c.published_at, account.c.id, post.c.platform_post_id)
    )
    return [_place(row) for row in connection.execute(query)]


def _placed(span: Span, business_id: int | None) -> Select[Any]:
    """The posts that count, with their place."""
    query = (
        select(
            post.c.id,
            account.c.business_id,
            business.c.name.label("business"),
            account.c.platform,
            post.c.platform_post_id,
            post.c.published_at,
            post.c.found_at,
            post.c.kind,
            post.c.text,
        )
        .select_from(
            post.join(account, account.c.id == post.c.account_id)
            .join(business, business.c.id == account.c.business_id)
            .outerjoin(latest, latest.c.post_id == post.c.id)
        )
        .where(
            account.c.removed_at.is_(None),
            business.c.removed_at.is_(None),
            post.c.state.not_in(LEFT_OUT),
        )
    )
    if business_id is not None:
        query = query.where(account.c.business_id == business_id)
    if span.until is not None:
        query = query.where(post.c.published_at <= span.until)
    return query


def _end(column: str, span: Span) -> ColumnElement[int]:
    if span.until is None:
        return latest.c[column]
    return _said(column, span.until, newest=True)


def _growth(column: str, span: Span) -> ColumnElement[int]:
    start = func.coalesce(
        _said(column, span.since, newest=True),
        case((post.c.published_at >= span.since, 0)),
        _said(column, span.until, newest=False),
    )
    return _end(column, span) - start


def _said(column: str, until: datetime | None, *, newest: bool) -> ScalarSelect[int]:
    """The newest, or the first, value said at or before an instant; along the primary key."""
    value, moment = snapshot.c[column], snapshot.c.captured_at
    query = select(value).where(snapshot.c.post_id == post.c.id, value.is_not(None))
    if until is not None:
        query = query.where(moment <= until)
    order = moment.desc() if newest else moment.asc()
    return query.order_by(order).limit(1).correlate(post).scalar_subquery()


def _total(row: Row[Any], columns: Sequence[str]) -> Total:
    told = row._mapping

    def numbers(prefix: str) -> dict[str, int | None]:
        """PostgreSQL sums 64-bit numbers to decimals."""
        sums = {name: told[f"{prefix}_{name}"] for name in columns}
        return {name: None if value is None else int(value) for name, value in sums.items()}

    return Total(
        row.business_id, row.business, row.platform, row.posts, numbers("end"), numbers("growth")
    )


def _place(row: Row[Any]) -> PostPlace:
    return PostPlace(
        id=row.id,
        business_id=row.business_id,
        business=row.business,
        platform=row.platform,
        platform_post_id=row.platform_post_id,
        published_at=row.published_at,
        found_at=row.found_at,
        kind=row.kind,
        text=row.text,
    )
