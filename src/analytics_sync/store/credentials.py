"""Credentials: one consent of one person, which may serve many accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.store.statements import row_id
from analytics_sync.store.tables import credential

# Built once, as each account of a sync opens its own.
_BY_ID = select(credential).where(credential.c.id == bindparam("credential"))


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential as stored; `ciphertext` is opened by the vault alone."""

    id: int
    platform: str
    ciphertext: str
    version: int
    subject: str | None
    scopes: str | None
    expires_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None


def add(
    connection: Connection,
    *,
    platform: str,
    subject: str | None,
    scopes: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
) -> int:
    """Make a credential without its secret; `seal` follows in the same transaction."""
    made = connection.execute(
        insert(credential).values(
            platform=platform,
            ciphertext="",
            version=1,
            subject=subject,
            scopes=" ".join(scopes) or None,
            expires_at=expires_at,
            created_at=now,
        )
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def seal(connection: Connection, id: int, ciphertext: str) -> None:
    connection.execute(
        update(credential).where(credential.c.id == id).values(ciphertext=ciphertext)
    )


def get(connection: Connection, id: int) -> CredentialRow:
    """:raises WrongUsage: there is no such credential."""
    row = connection.execute(_BY_ID, {"credential": row_id(id)}).first()
    if row is None:
        raise WrongUsage(
            f"There is no credential {id}.",
            hint="`analytics-sync account list` shows which credential each account uses.",
            code="unknown_credential",
        )
    return CredentialRow(
        row.id,
        row.platform,
        row.ciphertext,
        row.version,
        row.subject,
        row.scopes,
        row.expires_at,
        row.refused_at,
        row.refused_reason,
    )


def any_stored(connection: Connection) -> bool:
    """Whether there is a ciphertext that only the old key opens."""
    return connection.execute(select(credential.c.id).limit(1)).first() is not None


def note_refusal(connection: Connection, id: int, reason: str | None, now: datetime) -> None:
    """Remember that the platform refused this credential; None: it is well again."""
    refused_at = now if reason is not None else None
    connection.execute(
        update(credential)
        .where(credential.c.id == id)
        .values(refused_at=refused_at, refused_reason=reason)
    )
