"""Businesses: add, find, rename, archive, remove."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unicodedata import category

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from analytics_sync.errors import WrongUsage
from analytics_sync.store.consents import LEAVING
from analytics_sync.store.statements import follow_sequence, row_id
from analytics_sync.store.tables import (
    account,
    account_snapshot,
    business,
    credential,
    latest,
    post,
    schedule,
    slot,
    snapshot,
    sync_error,
)

LONGEST_NAME = 200
# Control characters, line separators, and bytes that were no UTF-8.
UNUSABLE = frozenset(["Cc", "Cs", "Zl", "Zp"])


@dataclass(frozen=True, slots=True)
class BusinessRow:
    """A business as `business list` shows it."""

    id: int
    name: str
    timezone: str
    created_at: datetime
    archived_at: datetime | None
    accounts: int = 0


def add(
    connection: Connection, name: str, *, timezone: str, now: datetime, id: int | None = None
) -> BusinessRow:
    """Make a business, with a given id where one is wanted.

    :raises WrongUsage: the name or the id is taken.
    """
    name = _free_name(connection, name)
    if id is not None:
        _refuse_taken(connection, id)
    values: dict[str, Any] = {"name": name, "timezone": timezone, "created_at": now}
    if id is not None:
        values["id"] = id
    made = connection.execute(insert(business).values(values)).inserted_primary_key
    if id is not None:
        follow_sequence(connection, business)
    assert made is not None
    return BusinessRow(made[0], name, timezone, now, None)


def _free_name(connection: Connection, text: str, but: int | None = None) -> str:
    """The name in its stored form, if no business has it (`but` itself may).

    :raises WrongUsage: taken, or no name.
    """
    name = text.strip()
    unusable = any(category(character) in UNUSABLE for character in name)
    if not name or name.isdigit() or unusable or len(name) > LONGEST_NAME:
        raise WrongUsage(
            f"A business can't be called {name[:LONGEST_NAME]!r}.",
            hint=f"Give it a name of one line, at most {LONGEST_NAME} characters, that is not a "
            "number: numbers are ids.",
        )
    taken = connection.execute(
        select(business.c.id).where(business.c.name == name, business.c.removed_at.is_(None))
    ).scalar()
    if taken not in {None, but}:
        raise WrongUsage(
            f"There is already a business {name!r} (id {taken}).",
            hint="Choose another name, or use that one.",
            code="business_exists",
        )
    return name


def _refuse_taken(connection: Connection, id: int) -> None:
    row = connection.execute(select(business).where(business.c.id == id)).one_or_none()
    if row is None:
        return
    hint = "Choose another id."
    if row.removed_at is not None:
        hint = f"It was removed; free the id with `analytics-sync business remove {id} --purge`."
    raise WrongUsage(
        f"The id {id} belongs to the business {row.name!r}.", hint=hint, code="business_exists"
    )


def find(connection: Connection, text: str, *, removed: bool = False) -> BusinessRow:
    """A business by id or name.

    :raises WrongUsage: there is none.
    """
    word = text.strip()
    # A name may have been used again: the business that is there goes before those removed.
    query = select(business).order_by(business.c.removed_at.is_not(None), business.c.id.desc())
    if word.isascii() and word.isdigit():
        query = query.where(business.c.id == row_id(int(word[:20])))
    else:
        # Bytes of another encoding on the command line can't be asked for.
        query = query.where(business.c.name == word.encode(errors="replace").decode())
    if not removed:
        query = query.where(business.c.removed_at.is_(None))
    row = connection.execute(query).first()
    if row is None:
        from analytics_sync.store.jobs import unknown_business

        raise unknown_business(word)
    return _record(row)


def listed(connection: Connection) -> list[BusinessRow]:
    """All businesses that were not removed, with the number of their accounts."""
    accounts = (
        select(func.count())
        .where(account.c.business_id == business.c.id, account.c.removed_at.is_(None))
        .scalar_subquery()
    )
    query = (
        select(business, accounts.label("accounts"))
        .where(business.c.removed_at.is_(None))
        .order_by(business.c.id)
    )
    return [_record(row, row.accounts) for row in connection.execute(query)]


def rename(connection: Connection, id: int, name: str) -> None:
    """:raises WrongUsage: another business has this name, or it is none."""
    values = {"name": _free_name(connection, name, but=id)}
    connection.execute(update(business).where(business.c.id == id).values(values))


def archive(connection: Connection, id: int, now: datetime) -> None:
    """Stop syncing it; everything is kept."""
    connection.execute(update(business).where(business.c.id == id).values(archived_at=now))


def remove(connection: Connection, id: int, now: datetime) -> None:
    """Take it out of all lists and forget its tokens; posts and history are kept."""
    connection.execute(
        update(account)
        .where(account.c.business_id == id, account.c.removed_at.is_(None))
        .values(removed_at=now, credential_id=None)
    )
    connection.execute(update(business).where(business.c.id == id).values(removed_at=now))
    forget_unused_credentials(connection)


def purge(connection: Connection, id: int) -> dict[str, int]:
    """Delete it with all that hangs on it; returns what was deleted, in numbers of rows."""
    accounts = select(account.c.id).where(account.c.business_id == id).scalar_subquery()
    jobs = select(schedule.c.id).where(schedule.c.business_id == id).scalar_subquery()
    posts = select(post.c.id).where(post.c.account_id.in_(accounts)).scalar_subquery()
    deleted = {}
    for table, condition in (
        (slot, slot.c.schedule_id.in_(jobs)),
        (schedule, schedule.c.business_id == id),
        (snapshot, snapshot.c.post_id.in_(posts)),
        (latest, latest.c.post_id.in_(posts)),
        (sync_error, sync_error.c.account_id.in_(accounts)),
        (account_snapshot, account_snapshot.c.account_id.in_(accounts)),
        (post, post.c.account_id.in_(accounts)),
        (account, account.c.business_id == id),
        (business, business.c.id == id),
    ):
        deleted[table.name] = connection.execute(delete(table).where(condition)).rowcount
    deleted["credential"] = forget_unused_credentials(connection)
    return deleted


def forget_unused_credentials(connection: Connection) -> int:
    """Delete credentials that serve no account any more; not those whose consent is to be ended."""
    used = select(account.c.credential_id).where(account.c.credential_id.is_not(None))
    stays = or_(credential.c.refused_reason.is_(None), credential.c.refused_reason != LEAVING)
    return connection.execute(
        delete(credential).where(credential.c.id.not_in(used), stays)
    ).rowcount


def _record(row: Row[Any], accounts: int = 0) -> BusinessRow:
    return BusinessRow(row.id, row.name, row.timezone, row.created_at, row.archived_at, accounts)
