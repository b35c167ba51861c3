"""OAuth applications: add, list, find, remove."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.store.statements import row_id
from analytics_sync.store.tables import account, app, credential


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


def used_by(connection: Connection, business_id: int, platform: str) -> int | None:
    """The stored app behind a business's accounts at this log-in platform, if it is one alone."""
    query = (
        select(credential.c.app_id)
        .join(account, account.c.credential_id == credential.c.id)
        .where(
            account.c.business_id == business_id,
            account.c.removed_at.is_(None),
            credential.c.platform == platform,
            credential.c.app_id.is_not(None),
        )
        .distinct()
    )
    found = list(connection.execute(query).scalars())
    return found[0] if len(found) == 1 else None


def scopes_of(connection: Connection, platform: str, app_id: int | None) -> tuple[str, ...]:
    """All that people granted to an app by log-ins, so that the next one asks no less."""
    query = select(credential.c.scopes).where(
        credential.c.platform == platform,
        credential.c.app_id.is_(None) if app_id is None else credential.c.app_id == app_id,
        # A token from elsewhere may be of another app.
        credential.c.subject_id.is_not(None),
    )
    granted = " ".join(filter(None, connection.execute(query).scalars()))
    return tuple(dict.fromkeys(granted.split()))


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
