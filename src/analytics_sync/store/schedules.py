"""Writes jobs and where they are installed."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from analytics_sync.domain.jobs import job_name, next_once
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.store.jobs import Installed
from analytics_sync.store.statements import pieces
from analytics_sync.store.tables import installation, schedule, slot


def installed(connection: Connection, usual_name: str | None = None) -> Installed:
    """The installation's row; made when it is first asked for, so in a writing transaction."""
    row = connection.execute(select(installation)).first()
    if row is None:
        name = usual_name or secrets.token_hex(4)
        connection.execute(insert(installation).values(id=1, name=name, made=[]))
        return Installed(name)
    return Installed(row.name, row.backend, row.host, tuple(row.made), row.ticked_at)


def note_installed(connection: Connection, now_is: Installed) -> None:
    """Write where the jobs are installed from now on."""
    connection.execute(
        update(installation).values(
            backend=now_is.backend, host=now_is.host, made=list(now_is.made)
        )
    )


def note_tick(connection: Connection, now: datetime) -> None:
    """Where nothing was ever installed nothing is noted."""
    connection.execute(update(installation).values(ticked_at=now))


def put(
    connection: Connection, business_id: int | None, timing: Timing, *, now: datetime
) -> tuple[str, Row[Any] | None]:
    """Schedule a business, or all: replaces their job, unless it is for a single time.

    Returns the job's id and the row that was replaced. Its slots begin after `now`.
    """
    if isinstance(timing, Once):
        name, before = next_once(connection.execute(select(schedule.c.job)).scalars()), None
    else:
        name = job_name(business_id)
        before = connection.execute(select(schedule).where(schedule.c.job == name)).first()
    values = {"job": name, "business_id": business_id, "since": now, **_columns(timing)}
    if before is not None:
        fresh = dict.fromkeys(("paused_at", "ended_at"))
        connection.execute(
            update(schedule).where(schedule.c.id == before.id).values(**fresh, **values)
        )
    else:
        connection.execute(insert(schedule).values(created_at=now, **values))
    return name, before


def kept(connection: Connection, names: Sequence[str]) -> list[Row[Any]]:
    """The rows of these jobs as they are, for `put_back`."""
    return [
        row
        for some in pieces(names)
        for row in connection.execute(select(schedule).where(schedule.c.job.in_(some)))
    ]


def put_back(connection: Connection, names: Sequence[str], rows: Sequence[Row[Any]]) -> None:
    """Undo: these jobs are again as `kept` found them, and those that it did not find are gone."""
    found = {row.job for row in rows}
    forget(connection, [name for name in names if name not in found])
    for row in rows:
        values = dict(row._mapping)
        connection.execute(update(schedule).where(schedule.c.id == values.pop("id")).values(values))


def end(connection: Connection, names: Sequence[str], now: datetime) -> None:
    """Let jobs do nothing any more. `forget` follows when the machine has let go of them.

    Their slots are kept until then, so that nothing is lost if the machine refuses.
    """
    for some in pieces(names):
        connection.execute(update(schedule).where(schedule.c.job.in_(some)).values(ended_at=now))


def forget(connection: Connection, names: Sequence[str]) -> None:
    """Delete jobs with their slots."""
    for some in pieces(names):
        ids = select(schedule.c.id).where(schedule.c.job.in_(some)).scalar_subquery()
        connection.execute(delete(slot).where(slot.c.schedule_id.in_(ids)))
        connection.execute(delete(schedule).where(schedule.c.job.in_(some)))


def forget_ended(connection: Connection) -> None:
    """Delete what a command that was killed had ended; single times that came stay, for the history."""
    ended = schedule.c.ended_at.is_not(None)
    unscheduled = or_(schedule.c.at.is_(None), schedule.c.at > schedule.c.ended_at)
    query = select(schedule.c.job).where(ended, unscheduled)
    forget(connection, list(connection.execute(query).scalars()))


def pause(connection: Connection, names: Sequence[str], now: datetime) -> None:
    """A job that is paused already stays so since then."""
    for some in pieces(names):
        running = schedule.c.job.in_(some), schedule.c.paused_at.is_(None)
        connection.execute(update(schedule).where(*running).values(paused_at=now))


def resume(connection: Connection, names: Sequence[str], now: datetime) -> None:
    """What came while a job was paused is not made up."""
    for some in pieces(names):
        paused = schedule.c.job.in_(some), schedule.c.paused_at.is_not(None)
        connection.execute(update(schedule).where(*paused).values(paused_at=None, since=now))


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
