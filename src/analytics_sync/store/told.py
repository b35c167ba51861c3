"""Keeps what people were last told of each job, so that they are told once, by one process."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from analytics_sync.store.light import Rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Told(NamedTuple):
    """The exit status that people know of, and since when; None: they were never told any."""

    status: int | None
    at: datetime | None


def is_news(rows: Rows, schedule_id: int, status: int) -> bool:
    """Whether people know another status of a job; one of which nobody was told is well."""
    query = "SELECT 1 FROM schedule WHERE id = ? AND coalesce(told, 0) <> ?"
    return bool(rows(query, schedule_id, status))


def take(connection: "Connection", schedule_id: int, now_is: Told) -> Told | None:
    """Be the one who tells of a new status: what was told before; None when it is no news.

    In one writing transaction, so that of two processes one tells.
    """
    from sqlalchemy import func, select

    from analytics_sync.store.tables import schedule

    row = connection.execute(
        select(schedule.c.told, schedule.c.told_at)
        .where(schedule.c.id == schedule_id, func.coalesce(schedule.c.told, 0) != now_is.status)
        .with_for_update()
    ).first()
    if row is None:
        return None
    _write(connection, schedule_id, now_is)
    return Told(row.told, row.told_at)


def give_back(connection: "Connection", schedule_id: int, taken: Told, before: Told) -> None:
    """Nobody could be told: the next one may try. Nothing when more was told meanwhile."""
    from sqlalchemy import select

    from analytics_sync.store.tables import schedule

    mine = schedule.c.told == taken.status, schedule.c.told_at == taken.at
    if connection.execute(select(schedule.c.id).where(schedule.c.id == schedule_id, *mine)).first():
        _write(connection, schedule_id, before)


def _write(connection: "Connection", schedule_id: int, told: Told) -> None:
    from sqlalchemy import update

    from analytics_sync.store.tables import schedule

    values = {"told": told.status, "told_at": told.at}
    connection.execute(update(schedule).where(schedule.c.id == schedule_id).values(values))
