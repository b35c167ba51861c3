"""Writes jobs and where they are installed."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from analytics_sync.domain.jobs import job_name
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.store.tables import installation, schedule, slot


class Installed(NamedTuple):
    """What this installation is called on machines, and where its jobs are."""

    name: str
    backend: str | None
    host: str | None
    made: tuple[str, ...]


def installed(connection: Connection) -> Installed:
    """The installation's row; made when it is first asked for, so in a writing transaction."""
    row = connection.execute(select(installation)).first()
    if row is None:
        name = secrets.token_hex(4)
        connection.execute(insert(installation).values(id=1, name=name, made=[]))
        return Installed(name, None, None, ())
    return Installed(row.name, row.backend, row.host, tuple(row.made))


def note_installed(connection: Connection, now_is: Installed) -> None:
    """Write where the jobs are installed from now on."""
    connection.execute(
        update(installation).values(
            backend=now_is.backend, host=now_is.host, made=list(now_is.made)
        )
    )


def note_tick(connection: Connection, now: datetime) -> None:
    installed(connection)
    connection.execute(update(installation).values(ticked_at=now))


def put(
    connection: Connection, business_id: int | None, timing: Timing, *, now: datetime
) -> tuple[str, Row[Any] | None]:
    """Schedule a business, or all: replaces their job, unless it is for a single time.

    Returns the job's id and the row that was replaced. Its slots begin after `now`.
    """
    if isinstance(timing, Once):
        number = (connection.execute(select(func.max(schedule.c.id))).scalar() or 0) + 1
        name = f"sync_once_{number}"
        before = None
    else:
        name = job_name(business_id)
        before = connection.execute(select(schedule).where(schedule.c.job == name)).first()
    values = {"job": name, "business_id": business_id, "since": now, **_columns(timing)}
    if before is not None:
        connection.execute(
            update(schedule).where(schedule.c.id == before.id).values(paused_at=None, **values)
        )
    else:
        connection.execute(insert(schedule).values(created_at=now, **values))
    return name, before


def restore(connection: Connection, row: Mapping[str, Any]) -> None:
    """Put a job back as it was before `put` or `remove`."""
    connection.execute(delete(schedule).where(schedule.c.id == row["id"]))
    connection.execute(insert(schedule).values(**row))


def remove(connection: Connection, name: str) -> Row[Any] | None:
    """Forget a job with its slots; returns its row, None when there is none."""
    row = connection.execute(select(schedule).where(schedule.c.job == name)).first()
    if row is not None:
        connection.execute(delete(slot).where(slot.c.schedule_id == row.id))
        connection.execute(delete(schedule).where(schedule.c.id == row.id))
    return row


def pause(connection: Connection, names: list[str], now: datetime) -> None:
    connection.execute(update(schedule).where(schedule.c.job.in_(names)).values(paused_at=now))


def resume(connection: Connection, names: list[str], now: datetime) -> None:
    """What came while a job was paused is not made up."""
    connection.execute(
        update(schedule)
        .where(schedule.c.job.in_(names), schedule.c.paused_at.is_not(None))
        .values(paused_at=None, since=now)
    )


def _columns(timing: Timing) -> dict[str, Any]:
    columns: dict[str, Any] = dict.fromkeys(("seconds", "cron", "timezone", "at"))
    columns["offset"] = 0
    match timing:
        case Every(span, offset):
            columns |= {"seconds": span // timedelta(seconds=1)}
            columns |= {"offset": offset // timedelta(seconds=1)}
        case Cron(expression, timezone):
            columns |= {"cron": expression, "timezone": timezone}
        case Once(at):
            columns |= {"at": at}
    return columns
