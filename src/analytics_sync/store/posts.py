"""Posts: which are known, which are found, and those that a sync chooses from."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, or_, select, update

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import POST_KINDS, FoundPost, Post
from analytics_sync.store.statements import pieces
from analytics_sync.store.tables import account, latest, post

# Days after which a post is asked again for metrics that were refused for it, each post on a day
# of its own. No divisor of a week, so that posts read once a week have their day too.
DOUBTED_EVERY = 6

# Queries of every account of a sync are built once: that takes as long as running them.
_CANDIDATES = (
    select(post.c.id, post.c.published_at, post.c.last_tried_at, post.c.kind)
    .where(post.c.account_id == bindparam("account"), post.c.state == "active")
    .order_by(post.c.published_at.desc(), post.c.id.desc())
)
_READABLE = (
    select(
        post.c.id,
        post.c.platform_post_id,
        post.c.published_at,
        post.c.kind,
        post.c.versions,
        post.c.refused,
        post.c.confirmed_at,
        post.c.charged_on,
        *[latest.c[name] for name in COLUMNS],
    )
    .select_from(post.outerjoin(latest, latest.c.post_id == post.c.id))
    .where(post.c.id.in_(bindparam("ids", expanding=True)))
)
_OF_ACCOUNT = select(post).where(post.c.account_id == bindparam("account"))
_NAMED = _OF_ACCOUNT.where(post.c.platform_post_id.in_(bindparam("ids", expanding=True)))
_EDITED = _OF_ACCOUNT.where(post.c.versions.cast(post.c.text.type) != "[]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """The few columns by which a post is chosen."""

    id: int
    published_at: datetime
    last_tried_at: datetime | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """How many of some found posts were new, and how many told something new of a known one."""

    new: int
    changed: int
    unchanged: int


def candidates(connection: Connection, account_id: int) -> list[Candidate]:
    """All posts of an account that may be read, newest first."""
    return [
        Candidate(id, published_at, last_tried_at, _known_kind(kind))
        for id, published_at, last_tried_at, kind in connection.execute(
            _CANDIDATES, {"account": account_id}
        )
    ]


def load(connection: Connection, ids: Sequence[int], today: date) -> list[Post]:
    """Posts with what platforms need to read them, in the order asked for."""
    found: dict[int, Post] = {}
    for some in pieces(ids):
        for row in connection.execute(_READABLE, {"ids": some}):
            found[row.id] = _record(row, today)
    return [found[id] for id in ids if id in found]


def newest_id(connection: Connection, account_id: int, until: datetime) -> str | None:
    """The platform's id of the newest known post that was published until then."""
    query = (
        select(post.c.platform_post_id)
        .where(post.c.account_id == account_id, post.c.published_at <= until)
        .order_by(post.c.published_at.desc(), post.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def take(
    connection: Connection,
    account_id: int,
    found: Sequence[FoundPost],
    *,
    now: datetime,
    listed: bool,
    charged_on: date | None = None,
) -> Taken:
    """Add what is new, and fill in what a known post lacked.

    `listed`: the platform listed them just now, so they exist (a gone post comes back).
    """
    known = _known(connection, account_id, found)
    new: dict[str, dict[str, Any]] = {}
    changed = 0
    for item in found:
        row = next(
            (known[id] for id in (item.platform_post_id, *item.versions) if id in known), None
        )
        # A listing charges the newest version alone; a reading charges the older ones too.
        charged = None if item.versions else charged_on
        if row is not None:
            changed += _fill_in(connection, row, item, now if listed else None, charged)
        elif item.platform_post_id not in new:
            new[item.platform_post_id] = _new_row(
                account_id, item, now, confirmed=listed, charged_on=charged
            )
    if new:
        connection.execute(insert(post), list(new.values()))
    return Taken(len(new), changed, len(found) - len(new) - changed)


def _known(
    connection: Connection, account_id: int, found: Sequence[FoundPost]
) -> dict[str, Row[Any]]:
    """Known posts by every id that `found` has for them, and by their own older ids."""
    ids = [id for item in found for id in (item.platform_post_id, *item.versions)]
    rows: dict[str, Row[Any]] = {}
    for some in pieces(ids):
        named = connection.execute(_NAMED, {"account": account_id, "ids": some})
        rows |= {row.platform_post_id: row for row in named}
    for row in connection.execute(_EDITED, {"account": account_id}):
        rows |= {id: row for id in row.versions if id not in rows}
    return rows


def _new_row(
    account_id: int, item: FoundPost, now: datetime, *, confirmed: bool, charged_on: date | None
) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "platform_post_id": item.platform_post_id,
        "published_at": item.published_at,
        "kind": item.kind,
        "text": item.text,
        "permalink": item.permalink,
        "state": "active",
        "sightings": 0,
        "versions": list(item.versions),
        "refused": [],
        "found_at": now,
        "confirmed_at": now if confirmed else None,
        "charged_on": charged_on,
    }


def _fill_in(
    connection: Connection,
    row: Row[Any],
    item: FoundPost,
    confirmed_at: datetime | None,
    charged_on: date | None,
) -> bool:
    """Whether the item told something that a reader of the post would see as new."""
    told: dict[str, Any] = {
        name: value
        for name in ("kind", "text", "permalink")
        if getattr(row, name) is None and (value := getattr(item, name)) is not None
    }
    versions = [id for id in item.versions if id != item.platform_post_id]
    if versions and set(versions) - set(row.versions):
        # Versions that came since the last reading are still to be paid.
        told |= {"platform_post_id": item.platform_post_id, "versions": versions}
        told["charged_on"] = None
    news = bool(told)
    if confirmed_at is not None:
        told |= {"confirmed_at": confirmed_at, "sightings": 0}
        if row.state == "gone":
            told["state"], news = "active", True
    if charged_on is not None:
        told["charged_on"] = charged_on
    if told:
        connection.execute(update(post).where(post.c.id == row.id).values(told))
    return news


def ignore(connection: Connection, id: int) -> None:
    """Never read this post again; its history is kept."""
    connection.execute(update(post).where(post.c.id == id).values(state="ignored"))


def find(connection: Connection, text: str) -> list[Row[Any]]:
    """Posts that have this id, at the platform or with us; several platforms may use the same."""
    if not text.isprintable():
        # What no database can be asked for, half characters too, is no id.
        return []
    meant = post.c.platform_post_id == text
    if text.isascii() and text.isdigit() and len(text) < 10:
        meant = or_(meant, post.c.id == int(text))
    return list(connection.execute(_placed().where(meant).order_by(post.c.id)))


def at(connection: Connection, account_id: int, platform_post_id: str) -> Row[Any] | None:
    """The post of an account by the platform's id, with its place and newest numbers."""
    query = _placed().where(
        post.c.account_id == account_id, post.c.platform_post_id == platform_post_id
    )
    return connection.execute(query).first()


def listed(
    connection: Connection,
    *,
    business_id: int | None = None,
    platforms: Collection[str] | None = None,
    limit: int | None = None,
) -> Iterator[Row[Any]]:
    """Posts with their place and newest numbers, newest first."""
    query = (
        _placed()
        .where(account.c.removed_at.is_(None))
        .order_by(post.c.published_at.desc(), post.c.id.desc())
        .execution_options(yield_per=1_000)
    )
    if business_id is not None:
        query = query.where(account.c.business_id == business_id)
    if platforms is not None:
        query = query.where(account.c.platform.in_(platforms))
    if limit is not None:
        query = query.limit(limit)
    yield from connection.execute(query)


def _placed() -> Select[Any]:
    numbers = [latest.c[name] for name in COLUMNS]
    place = (account.c.business_id, account.c.platform, account.c.platform_account_id)
    source = post.join(account, account.c.id == post.c.account_id).outerjoin(
        latest, latest.c.post_id == post.c.id
    )
    return select(post, *place, *numbers).select_from(source)


def _record(row: Row[Any], today: date) -> Post:
    refused = frozenset(row.refused)
    in_doubt = (today.toordinal() + row.id) % DOUBTED_EVERY == 0
    return Post(
        id=row.id,
        platform_post_id=row.platform_post_id,
        published_at=row.published_at,
        kind=_known_kind(row.kind),
        versions=tuple(row.versions),
        refused=frozenset() if in_doubt else refused,
        doubted=refused if in_doubt else frozenset(),
        said={name: value for name in COLUMNS if (value := getattr(row, name)) is not None},
        confirmed_at=row.confirmed_at,
        charged_today=row.charged_on == today,
    )


def _known_kind(kind: str | None) -> str | None:
    """A kind that came from a file may be any word; one that is not known counts as none."""
    return kind if kind in POST_KINDS else None
