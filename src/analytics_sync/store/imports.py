"""Takes in posts by the thousand, in statements that read nothing first."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from analytics_sync.domain.records import POST_KINDS, FoundPost
from analytics_sync.store.statements import follow_sequence, pieces, rows_written
from analytics_sync.store.tables import post

# (account id, the platform's post id)
Place = tuple[int, str]

_FIND = {
    "sqlite": """
        SELECT post.account_id, post.platform_post_id, post.id FROM json_each(:places) AS place
        JOIN post ON post.account_id = json_extract(place.value, '$[0]')
        AND post.platform_post_id = json_extract(place.value, '$[1]')
    """,
    "postgresql": """
        SELECT post.account_id, post.platform_post_id, post.id
        FROM json_array_elements(CAST(:places AS json)) AS place
        JOIN post ON post.account_id = CAST(place->>0 AS integer)
        AND post.platform_post_id = place->>1
    """,
}


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post as a file tells it; `id` is the one of an old system that is to be kept."""

    account_id: int
    found: FoundPost
    id: int | None = None

    @property
    def place(self) -> Place:
        return (self.account_id, self.found.platform_post_id)


def add_posts(connection: Connection, new: Sequence[NewPost], now: datetime) -> int:
    """Add posts, or fill in what known ones lack; returns how many of these told something new.

    Given ids must be free (`owners`).
    """
    written = 0
    for some in ([n for n in new if n.id is None], [n for n in new if n.id is not None]):
        if some:
            rows = [_row(item, now) for item in some]
            written += rows_written(connection, _insert(connection), rows)
    if any(item.id is not None for item in new):
        follow_sequence(connection, post)
    return written


def owners(connection: Connection, ids: Collection[int]) -> dict[int, Place]:
    """Which posts have these ids."""
    query = select(post.c.id, post.c.account_id, post.c.platform_post_id)
    return {
        row.id: (row.account_id, row.platform_post_id)
        for some in pieces(list(ids))
        for row in connection.execute(query.where(post.c.id.in_(some)))
    }


def post_ids(connection: Connection, places: Collection[Place]) -> dict[Place, int]:
    """Our ids of the posts at these places; an unknown one is absent."""
    if not places:
        return {}
    query = text(_FIND[connection.dialect.name])
    found = connection.execute(query, {"places": json.dumps(list(places))})
    return {(row[0], row[1]): row[2] for row in found}


def older_ids(connection: Connection, account_id: int) -> dict[str, str]:
    """Ids of older versions of an account's edited posts, with the ids that they have now."""
    versions = post.c.versions.cast(post.c.text.type)
    query = select(post.c.platform_post_id, post.c.versions).where(
        post.c.account_id == account_id, versions != "[]"
    )
    return {older: row[0] for row in connection.execute(query) for older in row[1]}


def _row(item: NewPost, now: datetime) -> dict[str, Any]:
    found = item.found
    row = {
        "account_id": item.account_id,
        "platform_post_id": found.platform_post_id,
        "published_at": found.published_at,
        "kind": found.kind,
        "text": found.text,
        "permalink": found.permalink,
        "state": "active",
        "sightings": 0,
        "versions": [],
        "refused": [],
        "found_at": now,
    }
    return row if item.id is None else {**row, "id": item.id}


def _insert(connection: Connection) -> Any:
    """Insert a post; at a known place fill in what is lacking, and touch nothing otherwise."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(post)
    told: Mapping[str, ColumnElement[Any]] = statement.excluded
    # A kind that the platforms don't know counts as none.
    kinds: list[ColumnElement[str]] = [literal_column(f"'{kind}'") for kind in sorted(POST_KINDS)]
    no_kind = or_(post.c.kind.is_(None), post.c.kind.not_in(kinds))
    news = [
        and_(no_kind, told["kind"].is_not(None), told["kind"].is_distinct_from(post.c.kind)),
        and_(post.c.text.is_(None), told["text"].is_not(None)),
        and_(post.c.permalink.is_(None), told["permalink"].is_not(None)),
    ]
    return statement.on_conflict_do_update(
        index_elements=["account_id", "platform_post_id"],
        set_={
            "kind": case((no_kind, func.coalesce(told["kind"], post.c.kind)), else_=post.c.kind),
            "text": func.coalesce(post.c.text, told["text"]),
            "permalink": func.coalesce(post.c.permalink, told["permalink"]),
        },
        where=or_(*news),
    )
