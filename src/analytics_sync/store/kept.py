"""Questions about credentials and jobs that come up around backups."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select, update

from analytics_sync.store.tables import account, business, credential, schedule


def all_credentials(connection: Connection) -> list[Mapping[str, Any]]:
    query = select(credential).order_by(credential.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def served(connection: Connection) -> dict[int, list[tuple[int, str]]]:
    """For each credential that serves accounts: their businesses, id and name, one an account."""
    query = (
        select(account.c.credential_id, business.c.id, business.c.name)
        .join(business, business.c.id == account.c.business_id)
        .where(
            account.c.credential_id.is_not(None),
            account.c.removed_at.is_(None),
            business.c.removed_at.is_(None),
        )
        .order_by(account.c.id)
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for id, number, name in connection.execute(query):
        found.setdefault(id, []).append((number, name))
    return found


def version_of(connection: Connection, id: int) -> int | None:
    """None: there is no such credential."""
    return connection.execute(select(credential.c.version).where(credential.c.id == id)).scalar()


def kind_of(connection: Connection, id: int) -> tuple[str, str | None] | None:
    """The platform of a credential, and the kind of its accounts there."""
    query = (
        select(credential.c.platform, account.c.platform.label("of"), account.c.kind)
        .outerjoin(account, account.c.credential_id == credential.c.id)
        .where(credential.c.id == id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return str(row.platform), row.kind if row.of == row.platform else None


def renew(connection: Connection, id: int, values: Mapping[str, Any]) -> None:
    """Put another secret and its facts into a credential, which counts as well again."""
    healed = dict.fromkeys(("refused_at", "refused_reason", "foretold", "tried_at"))
    statement = update(credential).where(credential.c.id == id)
    connection.execute(statement.values({**healed, **values}))


def wanted_jobs(connection: Connection) -> int:
    """How many jobs should be on a machine."""
    query = select(func.count()).select_from(schedule).where(schedule.c.ended_at.is_(None))
    return int(connection.execute(query).scalar_one())
