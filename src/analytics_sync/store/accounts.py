"""Accounts: add, find, move, remove, and what was last asked of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from analytics_sync.domain.metrics import Number
from analytics_sync.domain.records import Account, AccountTotals
from analytics_sync.errors import WrongUsage
from analytics_sync.store.businesses import forget_unused_credentials
from analytics_sync.store.statements import follow_sequence, row_id, upsert
from analytics_sync.store.tables import account, account_snapshot, business, credential
from analytics_sync.store.trouble import changed_meanwhile

# Built once, as every account of a sync is asked for it.
_SYNC_STATE = select(account.c.discovered, account.c.totals_at).where(
    account.c.id == bindparam("account")
)


@dataclass(frozen=True, slots=True)
class SyncState:
    """When an account was last listed and its totals read."""

    discovered: Mapping[str, int]
    totals_at: datetime | None


def _accounts() -> Select[Any]:
    return select(
        account.c.id,
        account.c.business_id,
        account.c.platform,
        account.c.platform_account_id,
        account.c.kind,
        account.c.name,
        account.c.credential_id,
        credential.c.app_id,
    ).select_from(account.outerjoin(credential, credential.c.id == account.c.credential_id))


def to_sync(
    connection: Connection,
    *,
    business_ids: Collection[int] | None = None,
    platforms: Collection[str] | None = None,
) -> list[Account]:
    """Accounts that take part in a sync, by business: not removed, business not archived."""
    query = (
        _accounts()
        .join(business, business.c.id == account.c.business_id)
        .where(
            account.c.removed_at.is_(None),
            business.c.removed_at.is_(None),
            business.c.archived_at.is_(None),
        )
        .order_by(account.c.business_id, account.c.id)
    )
    if business_ids is not None:
        query = query.where(account.c.business_id.in_(business_ids))
    if platforms is not None:
        query = query.where(account.c.platform.in_(platforms))
    return [_record(row) for row in connection.execute(query)]


def listed(connection: Connection, business_id: int | None = None) -> list[Account]:
    """All accounts that were not removed."""
    query = _accounts().where(account.c.removed_at.is_(None))
    if business_id is not None:
        query = query.where(account.c.business_id == business_id)
    rows = connection.execute(query.order_by(account.c.business_id, account.c.id))
    return [_record(row) for row in rows]


def get(connection: Connection, id: int) -> Account:
    """:raises WrongUsage: there is no such account, or it was removed."""
    row = connection.execute(
        _accounts().where(account.c.id == row_id(id), account.c.removed_at.is_(None))
    ).first()
    if row is None:
        raise WrongUsage(
            f"There is no account {id}.",
            hint="`analytics-sync account list` shows them.",
            code="unknown_account",
        )
    return _record(row)


def find(
    connection: Connection, business_id: int, platform: str, platform_account_id: str
) -> Account | None:
    """The account at this place, a removed one too."""
    row = connection.execute(
        _accounts().where(
            account.c.business_id == business_id,
            account.c.platform == platform,
            account.c.platform_account_id == platform_account_id,
        )
    ).first()
    return _record(row) if row else None


def holder(connection: Connection, id: int) -> Account | None:
    """The account that has this id, a removed one too."""
    row = connection.execute(_accounts().where(account.c.id == id)).first()
    return _record(row) if row else None


def put(
    connection: Connection,
    *,
    business_id: int,
    platform: str,
    platform_account_id: str,
    kind: str | None,
    name: str | None,
    credential_id: int | None,
    now: datetime,
    id: int | None = None,
) -> Account:
    """Make the account, or bring it back with another credential and its history kept."""
    known = find(connection, business_id, platform, platform_account_id)
    values: dict[str, Any] = {"kind": kind, "credential_id": credential_id, "removed_at": None}
    if name is not None:
        values["name"] = name
    if known is not None:
        connection.execute(update(account).where(account.c.id == known.id).values(values))
        forget_unused_credentials(connection)
        return get(connection, known.id)
    if id is not None:
        values["id"] = id
    made = connection.execute(
        insert(account).values(
            business_id=business_id,
            platform=platform,
            platform_account_id=platform_account_id,
            discovered={},
            created_at=now,
            **values,
        )
    ).inserted_primary_key
    if id is not None:
        follow_sequence(connection, account)
    assert made is not None
    return get(connection, made[0])


def move(connection: Connection, id: int, business_id: int) -> None:
    """Give the account, with its history, to another business.

    :raises WrongUsage: that business has this account already.
    """
    moved = get(connection, id)
    there = find(connection, business_id, moved.platform, moved.platform_account_id)
    if there is not None and there.id != id:
        raise WrongUsage(
            f"Business {business_id} has this {moved.platform} account already (account "
            f"{there.id}).",
            hint=f"Remove one of the two: `analytics-sync account remove {there.id}`.",
        )
    connection.execute(update(account).where(account.c.id == id).values(business_id=business_id))


def remove(connection: Connection, id: int, now: datetime) -> int:
    """Stop syncing the account and forget its token; posts and history are kept.

    Returns the number of credentials that were deleted because nothing else used them.
    """
    connection.execute(
        update(account).where(account.c.id == id).values(removed_at=now, credential_id=None)
    )
    return forget_unused_credentials(connection)


def sync_state(connection: Connection, id: int) -> SyncState:
    """:raises Busy: the account was deleted meanwhile."""
    row = connection.execute(_SYNC_STATE, {"account": id}).first()
    if row is None:
        raise changed_meanwhile()
    return SyncState(row.discovered, row.totals_at)


def note_discovery(connection: Connection, id: int, discovered: Mapping[str, int]) -> None:
    connection.execute(
        update(account).where(account.c.id == id).values(discovered=dict(discovered))
    )


def save_totals(
    connection: Connection, id: int, totals: AccountTotals, captured_at: datetime
) -> bool:
    """Store the account's numbers when one differs from the newest stored; whether one did."""
    connection.execute(update(account).where(account.c.id == id).values(totals_at=captured_at))
    before = connection.execute(
        select(account_snapshot.c.followers, account_snapshot.c.extra)
        .where(account_snapshot.c.account_id == id)
        .order_by(account_snapshot.c.captured_at.desc())
        .limit(1)
    ).first()
    now_said: tuple[int | None, Mapping[str, Number]] = (totals.followers, dict(totals.extra))
    if before is not None and (before.followers, before.extra) == now_said:
        return False
    row = {
        "account_id": id,
        "captured_at": captured_at,
        "followers": totals.followers,
        "extra": dict(totals.extra),
    }
    upsert(connection, account_snapshot, [row])
    return True


def _record(row: Row[Any]) -> Account:
    return Account(
        id=row.id,
        business_id=row.business_id,
        platform=row.platform,
        platform_account_id=row.platform_account_id,
        kind=row.kind,
        name=row.name,
        credential_id=row.credential_id,
        app_id=row.app_id,
    )
