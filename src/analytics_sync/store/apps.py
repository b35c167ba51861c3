"""OAuth applications: add, list, find, remove."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.store.statements import row_id
from analytics_sync.store.tables import app, credential


@dataclass(frozen=True, slots=True)
class AppRow:
    """An application as stored; `ciphertext` (None: a public client) is opened by the vault alone.

    `credentials`: how many consents were given through it.
    """

    id: int
    platform: str
    name: str
    client_id: str
    ciphertext: str | None
    created_at: datetime
    credentials: int = 0


def add(connection: Connection, *, platform: str, name: str, client_id: str, now: datetime) -> int:
    """Make an app without its secret; `seal` follows in the same transaction.

    :raises WrongUsage: the platform has an app of this name.
    """
    known = connection.execute(
        select(app.c.id).where(app.c.platform == platform, app.c.name == name)
    ).first()
    if known is not None:
        raise WrongUsage(
            f"--name: there is a {platform} app {name!r} already (app {known.id}).",
            hint=f"Take another name, or remove that one: `analytics-sync app remove {known.id}`.",
            code="app_exists",
        )
    values = {"platform": platform, "name": name, "client_id": client_id, "created_at": now}
    made = connection.execute(insert(app).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def seal(connection: Connection, id: int, ciphertext: str) -> None:
    connection.execute(update(app).where(app.c.id == id).values(ciphertext=ciphertext))


def listed(connection: Connection, platform: str | None = None) -> list[AppRow]:
    """By platform, the oldest first."""
    uses = (
        select(func.count())
        .where(credential.c.app_id == app.c.id)
        .scalar_subquery()
        .label("credentials")
    )
    query = select(app, uses).order_by(app.c.platform, app.c.id)
    if platform is not None:
        query = query.where(app.c.platform == platform)
    return [AppRow(**row._mapping) for row in connection.execute(query)]


def get(connection: Connection, id: int) -> AppRow:
    """:raises WrongUsage: there is no such app."""
    row = connection.execute(select(app).where(app.c.id == row_id(id))).first()
    if row is None:
        raise WrongUsage(
            f"There is no app {id}.",
            hint="`analytics-sync app list` shows them.",
            code="unknown_app",
        )
    return AppRow(**row._mapping)


def remove(connection: Connection, id: int) -> None:
    """Delete the app.

    :raises WrongUsage: credentials were given through it; without it they can't be renewed.
    """
    get(connection, id)
    uses = connection.execute(select(credential.c.id).where(credential.c.app_id == id)).scalars()
    if used_by := list(uses):
        numbers = ", ".join(map(str, used_by))
        raise WrongUsage(
            f"App {id} is used by the credentials {numbers}.",
            hint="Remove or replace those first: `analytics-sync credential list`.",
            code="app_in_use",
        )
    connection.execute(delete(app).where(app.c.id == id))
