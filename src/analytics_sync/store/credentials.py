"""Credentials: one consent of one person, which may serve many accounts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

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
    app_id: int | None
    subject_id: str | None
    renews: bool
    renew_until: datetime | None
    tried_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What stands beside the secret, in plain text, for lists and warnings.

    `expires_at`: end of the access token. `renews`: it is renewed without a person, until
    `renew_until` where that is known.
    """

    subject: str | None = None
    subject_id: str | None = None
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None
    renews: bool = False
    renew_until: datetime | None = None

    def values(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "subject_id": self.subject_id,
            "scopes": " ".join(self.scopes) or None,
            "expires_at": self.expires_at,
            "renews": self.renews,
            "renew_until": self.renew_until,
        }


def add(
    connection: Connection,
    *,
    platform: str,
    facts: Facts,
    now: datetime,
    app_id: int | None = None,
) -> int:
    """Make a credential without its secret; `seal` follows in the same transaction."""
    made = connection.execute(
        insert(credential).values(
            platform=platform,
            app_id=app_id,
            ciphertext="",
            version=1,
            created_at=now,
            **facts.values(),
        )
    ).inserted_primary_key
    assert made is not None
    return int(made[0])


def seal(connection: Connection, id: int, ciphertext: str) -> None:
    connection.execute(
        update(credential).where(credential.c.id == id).values(ciphertext=ciphertext)
    )


def swap(connection: Connection, id: int, version: int, ciphertext: str, facts: Facts) -> bool:
    """Put another secret in place of the one of this version; whether that was still there.

    The credential counts as well again: nothing is refused, nothing foretold.
    """
    healed = dict.fromkeys(("refused_at", "refused_reason", "foretold", "tried_at"))
    statement = (
        update(credential)
        .where(credential.c.id == id, credential.c.version == version)
        .values(ciphertext=ciphertext, version=version + 1, **facts.values(), **healed)
    )
    return connection.execute(statement).rowcount == 1


def of_person(
    connection: Connection, platform: str, app_id: int | None, subject_id: str
) -> CredentialRow | None:
    """The newest consent of a person through an app."""
    row = connection.execute(
        select(credential)
        .where(
            credential.c.platform == platform,
            credential.c.app_id.is_(None) if app_id is None else credential.c.app_id == app_id,
            credential.c.subject_id == subject_id,
        )
        .order_by(credential.c.id.desc())
    ).first()
    return _record(row) if row is not None else None


def get(connection: Connection, id: int) -> CredentialRow:
    """:raises WrongUsage: there is no such credential."""
    row = connection.execute(_BY_ID, {"credential": row_id(id)}).first()
    if row is None:
        raise WrongUsage(
            f"There is no credential {id}.",
            hint="`analytics-sync account list` shows which credential each account uses.",
            code="unknown_credential",
        )
    return _record(row)


def known(connection: Connection, ids: Collection[int]) -> set[int]:
    """Those of these credentials that there are."""
    return set(
        connection.execute(select(credential.c.id).where(credential.c.id.in_(ids))).scalars()
    )


def note_refusal(
    connection: Connection,
    id: int,
    reason: str | None,
    now: datetime,
    *,
    version: int | None = None,
    asked: bool = True,
) -> None:
    """Remember that this credential is refused, and since when; None: it is well again.

    `version`: only where the secret is still this one. `asked`: it was the platform that refused
    it; where it can't be used for a reason of our own (no key for it), trying costs no request.
    """
    values: dict[str, Any] = dict.fromkeys(("refused_at", "refused_reason", "tried_at"))
    if reason is not None:
        since = func.coalesce(
            credential.c.refused_at, bindparam("at", now, credential.c.tried_at.type)
        )
        values = {"refused_at": since, "refused_reason": reason, "tried_at": now if asked else None}
    statement = update(credential).where(credential.c.id == id)
    if version is not None:
        statement = statement.where(credential.c.version == version)
    connection.execute(statement.values(values))


def take_trial(connection: Connection, id: int, before: datetime | None, now: datetime) -> bool:
    """Be the one who tries a refused credential now, last tried `before`; whether nobody else is."""
    tried = credential.c.tried_at
    unchanged = tried.is_(None) if before is None else tried == before
    statement = update(credential).where(credential.c.id == id, unchanged).values(tried_at=now)
    return connection.execute(statement).rowcount == 1


def _record(row: Row[Any]) -> CredentialRow:
    return CredentialRow(**{name: getattr(row, name) for name in _NAMES})


_NAMES = tuple(field.name for field in fields(CredentialRow))
