"""Takes in readings of the past: the history, and what of it is the newest."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, cast, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from analytics_sync.domain.history import Known
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.past import PastReading, Standing, lay_in
from analytics_sync.store.statements import pieces, rows_written, upsert
from analytics_sync.store.tables import latest, post, snapshot

# (our post id, what was said)
Entry = tuple[int, PastReading]


def add_readings(connection: Connection, entries: Sequence[Entry]) -> int:
    """Store past readings, in any order; returns how many were new or said something else.

    On the same key the later one replaces. `latest` then has the numbers said last.
    """
    if not entries:
        return 0
    rows = [_snapshot_row(post_id, reading) for post_id, reading in entries]
    written = rows_written(connection, _insert(connection), rows)
    by_post: dict[int, list[PastReading]] = {}
    for post_id, reading in entries:
        by_post.setdefault(post_id, []).append(reading)
    _bring_up_to_date(connection, by_post)
    return written


def _snapshot_row(post_id: int, reading: PastReading) -> dict[str, Any]:
    return {
        "post_id": post_id,
        "captured_at": reading.captured_at,
        **{name: reading.columns.get(name) for name in COLUMNS},
        "extra": dict(reading.extra),
    }


def _insert(connection: Connection) -> Any:
    """Insert a snapshot; on the same key replace one that says something else."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(snapshot)
    told = statement.excluded
    differs = [snapshot.c[name].is_distinct_from(told[name]) for name in COLUMNS]
    as_text = post.c.text.type
    differs.append(cast(snapshot.c.extra, as_text) != cast(told["extra"], as_text))
    return statement.on_conflict_do_update(
        index_elements=["post_id", "captured_at"],
        set_={name: told[name] for name in (*COLUMNS, "extra")},
        where=or_(*differs),
    )


def _bring_up_to_date(connection: Connection, by_post: Mapping[int, Sequence[PastReading]]) -> None:
    standings = _standings(connection, list(by_post))
    rows = []
    for post_id, readings in by_post.items():
        before = standings[post_id]
        after = lay_in(before, readings, partial(_later, connection, post_id))
        if after != before:
            rows.append(_latest_row(post_id, after))
    upsert(connection, latest, rows)


def _standings(connection: Connection, ids: Sequence[int]) -> dict[int, Standing]:
    """What is known of each post; one never read has an empty standing."""
    source = post.outerjoin(latest, latest.c.post_id == post.c.id)
    query = select(post.c.id, post.c.last_read_at, *latest.c).select_from(source)
    return {
        row.id: _standing(row._mapping)
        for some in pieces(ids)
        for row in connection.execute(query.where(post.c.id.in_(some)))
    }


def _standing(values: Mapping[Any, Any]) -> Standing:
    if values["captured_at"] is None:
        return Standing(read_at=values["last_read_at"])
    known = Known(
        columns={name: values[name] for name in COLUMNS if values[name] is not None},
        extra=values["extra"],
        sources=values["sources"],
        unsaid=tuple(values["unsaid"]),
    )
    return Standing(known, values["captured_at"], values["last_read_at"])


def _latest_row(post_id: int, standing: Standing) -> dict[str, Any]:
    known = standing.known
    return {
        "post_id": post_id,
        "captured_at": standing.captured_at,
        **{name: known.columns.get(name) for name in COLUMNS},
        "extra": dict(known.extra),
        "unsaid": list(known.unsaid),
        "sources": dict(known.sources),
    }


# Asked for many posts of a batch, so put together once.
_LATER = (
    select(snapshot)
    .where(
        snapshot.c.post_id == bindparam("post"),
        snapshot.c.captured_at > bindparam("moment", type_=snapshot.c.captured_at.type),
    )
    .order_by(snapshot.c.captured_at)
    .execution_options(yield_per=10)
)


def _later(connection: Connection, post_id: int, moment: datetime) -> Iterator[PastReading]:
    """Stored readings of a post after a moment, oldest first; most askers stop at the first."""
    with connection.execute(_LATER, {"post": post_id, "moment": moment}) as found:
        for row in found:
            values = row._mapping
            said = {name: values[name] for name in COLUMNS if values[name] is not None}
            yield PastReading(values["captured_at"], said, values["extra"])
