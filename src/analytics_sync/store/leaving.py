"""Writes what people do with credentials: check, replace, remove; and what they were told of them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from analytics_sync.domain.credentials import Inspection
from analytics_sync.store.consents import LEAVING
from analytics_sync.store.credentials import CredentialRow
from analytics_sync.store.tables import account, credential

# A later end by less than this is the same end, told once more with other rounding.
SAME_END = timedelta(hours=12)


class Other(NamedTuple):
    """Another credential of the same person through the same app."""

    id: int
    accounts: int


def serve_nobody(
    connection: Connection, ids: Collection[int], now: datetime, *, without: Collection[int]
) -> list[int]:
    """Of these credentials, those that serve no account but `without`: they are marked as leaving.

    Such a one outlives its accounts, so that its consent can still be ended at the platform; it is
    set aside, so that nobody uses it meanwhile.
    """
    others = select(account.c.credential_id).where(
        account.c.credential_id.is_not(None), account.c.id.not_in(without)
    )
    leaving = list(
        connection.execute(
            select(credential.c.id)
            .where(credential.c.id.in_(ids), credential.c.id.not_in(others))
            .order_by(credential.c.id)
        ).scalars()
    )
    connection.execute(
        update(credential)
        .where(credential.c.id.in_(leaving))
        .values(refused_at=now, refused_reason=LEAVING, tried_at=now)
    )
    return leaving


def forget(connection: Connection, ids: Collection[int]) -> int:
    """Delete credentials that still serve no account; returns how many."""
    used = select(account.c.credential_id).where(account.c.credential_id.is_not(None))
    return connection.execute(
        delete(credential).where(credential.c.id.in_(ids), credential.c.id.not_in(used))
    ).rowcount


def release(connection: Connection, id: int) -> list[int]:
    """Take a credential from all its accounts, which stay; returns their ids."""
    served = select(account.c.id).where(account.c.credential_id == id).order_by(account.c.id)
    ids = list(connection.execute(served).scalars())
    values = {"credential_id": None}
    connection.execute(update(account).where(account.c.credential_id == id).values(values))
    return ids


def hand_over(connection: Connection, old: int, new: int, accounts: Sequence[int]) -> int:
    """Let these accounts of one credential use another; returns how many did."""
    return connection.execute(
        update(account)
        .where(account.c.credential_id == old, account.c.id.in_(accounts))
        .values(credential_id=new)
    ).rowcount


def same_consent(connection: Connection, row: CredentialRow) -> list[Other]:
    """Other credentials of this person and app, which end with it at the platform."""
    if row.subject_id is None:
        return []
    app = credential.c.app_id
    others = connection.execute(
        select(credential.c.id).where(
            credential.c.id != row.id,
            credential.c.platform == row.platform,
            credential.c.subject_id == row.subject_id,
            app.is_(None) if row.app_id is None else app == row.app_id,
            or_(credential.c.refused_reason.is_(None), credential.c.refused_reason != LEAVING),
        )
    ).scalars()
    return [Other(id, len(_served(connection, id))) for id in others]


def note_check(
    connection: Connection, id: int, version: int, found: Inspection, now: datetime
) -> bool:
    """Keep what a platform said of the secret of this version; whether it is still that one."""
    row = connection.execute(
        select(credential).where(credential.c.id == id, credential.c.version == version)
    ).first()
    if row is None:
        return False
    values: dict[str, Any] = {
        name: value
        for name, value in (
            ("expires_at", found.expires_at),
            ("renew_until", found.renew_until),
            ("scopes", " ".join(found.scopes)),
            ("subject", found.subject),
        )
        if value
    }
    if _ends_later(row, values):
        values["foretold"] = None
    if found.alive:
        values |= dict.fromkeys(("refused_at", "refused_reason", "tried_at"))
    else:
        values |= {"refused_at": row.refused_at or now, "refused_reason": found.reason}
        values["tried_at"] = now
    connection.execute(update(credential).where(credential.c.id == id).values(values))
    return True


def take_telling(connection: Connection, id: int, step: int) -> bool:
    """Be the one who tells people of the end of a credential, so many days ahead."""
    news = or_(credential.c.foretold.is_(None), credential.c.foretold > step)
    return (
        connection.execute(
            update(credential).where(credential.c.id == id, news).values(foretold=step)
        ).rowcount
        == 1
    )


def give_back_telling(connection: Connection, id: int, step: int, before: int | None) -> None:
    """Nobody could be told: the next one may try. Nothing when more was told meanwhile."""
    mine = credential.c.id == id, credential.c.foretold == step
    connection.execute(update(credential).where(*mine).values(foretold=before))


def _served(connection: Connection, id: int) -> Sequence[int]:
    return (
        connection.execute(select(account.c.id).where(account.c.credential_id == id))
        .scalars()
        .all()
    )


def _ends_later(row: Any, values: dict[str, Any]) -> bool:
    name = "renew_until" if row.renews else "expires_at"
    before, after = getattr(row, name), values.get(name)
    return after is not None and (before is None or after - before > SAME_END)
