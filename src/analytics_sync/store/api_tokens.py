"""Tokens that open the HTTP shim to a program; only their digests are kept."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from unicodedata import category

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.store.businesses import UNUSABLE
from analytics_sync.store.tables import api_token

LONGEST_NAME: Final = 100


class Kept(NamedTuple):
    """A token as it is kept. `digest`: SHA-256, in hexadecimal digits."""

    id: int
    name: str
    digest: str
    used_at: datetime | None


def add(connection: Connection, name: str, digest: str, now: datetime) -> int:
    """Keep a new token; returns its id.

    :raises WrongUsage: the name is none, or taken.
    """
    word = name.strip()
    if not word or len(word) > LONGEST_NAME or any(category(one) in UNUSABLE for one in word):
        raise WrongUsage(
            f"A token can't be called {word[:LONGEST_NAME]!r}.",
            hint=f"Give it a name of one line, at most {LONGEST_NAME} characters.",
        )
    if connection.execute(select(api_token.c.id).where(api_token.c.name == word)).first():
        raise WrongUsage(
            f"There is already a token {word!r}.",
            hint=f"Choose another name, or `analytics-sync serve token revoke {word}` first.",
            code="token_exists",
        )
    values = {"name": word, "digest": digest, "created_at": now}
    made = connection.execute(insert(api_token).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def listed(connection: Connection) -> list[Row[Any]]:
    """All tokens, without their digests, by name."""
    columns = (api_token.c.id, api_token.c.name, api_token.c.created_at, api_token.c.used_at)
    return list(connection.execute(select(*columns).order_by(api_token.c.name)))


def kept(connection: Connection) -> list[Kept]:
    """All tokens with their digests, to compare one that was shown with each of them."""
    query = select(api_token.c.id, api_token.c.name, api_token.c.digest, api_token.c.used_at)
    return [Kept(*row) for row in connection.execute(query.order_by(api_token.c.id))]


def any_kept(connection: Connection) -> bool:
    """Whether there is a token at all."""
    return bool(connection.execute(select(func.count()).select_from(api_token)).scalar())


def note_use(connection: Connection, id: int, now: datetime) -> None:
    connection.execute(update(api_token).where(api_token.c.id == id).values(used_at=now))


def revoke(connection: Connection, name: str) -> None:
    """Forget a token: it opens nothing any more.

    :raises WrongUsage: there is none of this name.
    """
    if not connection.execute(delete(api_token).where(api_token.c.name == name.strip())).rowcount:
        raise WrongUsage(
            f"There is no token {name.strip()!r}.",
            hint="`analytics-sync serve token list` shows them.",
            code="unknown_token",
        )
