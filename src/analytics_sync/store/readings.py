"""Stores what platforms answered: the history, and what is newest."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from analytics_sync.domain.history import Fold, Known, fold
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.store.statements import pieces, upsert
from analytics_sync.store.tables import latest, post, snapshot

# A post that the platform doesn't find in this many runs counts as gone: deleted, suspended and
# protected look alike at first.
GONE_AFTER = 3
_NUMBERS = [latest.c[name] for name in COLUMNS]
_KNOWN = select(
    latest.c.post_id, *_NUMBERS, latest.c.extra, latest.c.sources, latest.c.unsaid
).where(latest.c.post_id.in_(bindparam("ids", expanding=True)))
_MARK_READ = update(post).where(post.c.id.in_(bindparam("ids", expanding=True)))


def save(
    connection: Connection,
    results: Sequence[tuple[Post, Reading]],
    *,
    captured_at: datetime,
    slot: datetime,
    today: date,
) -> int:
    """Store readings; returns the number of snapshots, that is: of posts that changed.

    One post may be read once only in `results`. On the same key the later reading replaces.
    `captured_at`: when the run began. `slot`: the due time that it served.
    """
    known = newest_known(connection, [found.id for found, _ in results])
    folds = [(found, fold(known.get(found.id, Known()), reading)) for found, reading in results]
    changed = [(found, folded) for found, folded in folds if folded.changed]
    upsert(connection, snapshot, [_snapshot_row(found, f, captured_at) for found, f in changed])
    upsert(
        connection,
        latest,
        [
            _latest_row(found, f, captured_at)
            for found, f in folds
            if f.changed or known.get(found.id) != f.known
        ],
    )
    _mark_read(connection, results, slot, captured_at, today)
    return len(changed)


def newest_known(connection: Connection, ids: Sequence[int]) -> dict[int, Known]:
    """What is known of each post; one never read is absent."""
    found = {}
    for some in pieces(ids):
        for id, *numbers, extra, sources, unsaid in connection.execute(_KNOWN, {"ids": some}):
            columns = {
                name: value
                for name, value in zip(COLUMNS, numbers, strict=True)
                if value is not None
            }
            found[id] = Known(columns, extra, sources, tuple(unsaid))
    return found


def _snapshot_row(found: Post, folded: Fold, captured_at: datetime) -> dict[str, Any]:
    return {
        "post_id": found.id,
        "captured_at": captured_at,
        **{name: folded.said.get(name) for name in COLUMNS},
        "extra": dict(folded.extra),
    }


def _latest_row(found: Post, folded: Fold, captured_at: datetime) -> dict[str, Any]:
    return {
        "post_id": found.id,
        "captured_at": captured_at,
        **{name: folded.known.columns.get(name) for name in COLUMNS},
        "extra": dict(folded.known.extra),
        "unsaid": list(folded.known.unsaid),
        "sources": dict(folded.known.sources),
    }


def _mark_read(
    connection: Connection,
    results: Sequence[tuple[Post, Reading]],
    slot: datetime,
    now: datetime,
    today: date,
) -> None:
    alike: dict[tuple[bool, bool], list[int]] = {}
    for found, reading in results:
        alike.setdefault((reading.confirmed, reading.charged), []).append(found.id)
    for (confirmed, charged), ids in alike.items():
        told: dict[str, Any] = {"last_read_at": slot, "last_tried_at": slot, "sightings": 0}
        if confirmed:
            told["confirmed_at"] = now
        if charged:
            told["charged_on"] = today
        for some in pieces(ids):
            connection.execute(_MARK_READ, {"ids": some, **told})
    for found, reading in results:
        learned = _learned(found, reading)
        if learned:
            _learn(connection, found, learned)


def _learned(found: Post, reading: Reading) -> Mapping[str, Any]:
    """What a reading told of the post itself."""
    learned: dict[str, Any] = {}
    if reading.kind is not None and reading.kind != found.kind:
        learned["kind"] = reading.kind
    if reading.refused - found.refused or found.doubted:
        learned["refused"] = sorted(found.refused | reading.refused)
    if reading.newest_id not in {None, found.platform_post_id}:
        learned["platform_post_id"] = reading.newest_id
    if reading.versions and set(reading.versions) != set(found.versions):
        learned["versions"] = list(reading.versions)
    return learned


def _learn(connection: Connection, found: Post, learned: Mapping[str, Any]) -> None:
    newest = learned.get("platform_post_id")
    if newest is not None:
        # Another row may have come in under the newest id: that one is the same post.
        owner = select(post.c.account_id).where(post.c.id == found.id).scalar_subquery()
        twin = connection.execute(
            select(post.c.id).where(post.c.platform_post_id == newest, post.c.account_id == owner)
        ).scalar()
        if twin is not None:
            connection.execute(update(post).where(post.c.id == found.id).values(state="superseded"))
            return
    connection.execute(update(post).where(post.c.id == found.id).values(dict(learned)))


def save_failures(
    connection: Connection, failures: Sequence[tuple[Post, PostFailure]], slot: datetime
) -> None:
    """Remember which posts were tried, and which the platform doesn't find."""
    for found, failure in failures:
        if not failure.tried:
            continue
        told: dict[str, Any] = {"last_tried_at": slot}
        if failure.definite:
            told["state"] = "gone"
        elif failure.sighting:
            told["sightings"] = post.c.sightings + 1
        connection.execute(update(post).where(post.c.id == found.id).values(told))
    if any(failure.sighting for _, failure in failures):
        connection.execute(
            update(post)
            .where(post.c.id.in_([found.id for found, failure in failures if failure.sighting]))
            .where(post.c.sightings >= GONE_AFTER)
            .values(state="gone")
        )
