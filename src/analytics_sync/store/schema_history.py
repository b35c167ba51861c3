"""The tables that are written by the thousand, never as objects: slots and the history."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table
from sqlalchemy.types import JSON

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.store.types import Instant


def add_to(metadata: MetaData) -> None:
    """Tell the schema of them."""
    _slot(metadata)
    _latest(metadata)
    _snapshots(metadata)


def _slot(metadata: MetaData) -> None:
    """One due time of a job that a run has claimed.

    Not finished: it runs, or was killed. `status` is the run's exit status; after 75 it stays
    undone until `not_before`.
    """
    Table(
        "slot",
        metadata,
        _key("schedule_id", "schedule.id"),
        Column("due_at", Instant, primary_key=True),
        Column("claimed_at", Instant, nullable=False),
        Column("finished_at", Instant),
        Column("status", Integer),
        Column("not_before", Instant),
        Column("run_id", Integer, ForeignKey("sync_run.id")),
        sqlite_with_rowid=False,
    )


def _latest(metadata: MetaData) -> None:
    """The newest known numbers of each post."""
    Table(
        "latest",
        metadata,
        _key("post_id", "post.id"),
        Column("captured_at", Instant, nullable=False),
        *_numbers(),
        Column("extra", JSON, nullable=False),
        Column("unsaid", JSON, nullable=False),
        Column("sources", JSON, nullable=False),
    )


def _snapshots(metadata: MetaData) -> None:
    """Stored in the order of their keys: a tenth of the size of tables with a row id and an index."""
    Table(
        "snapshot",
        metadata,
        _key("post_id", "post.id"),
        Column("captured_at", Instant, primary_key=True),
        *_numbers(),
        Column("extra", JSON, nullable=False),
        sqlite_with_rowid=False,
    )
    Table(
        "account_snapshot",
        metadata,
        _key("account_id", "account.id"),
        Column("captured_at", Instant, primary_key=True),
        Column("followers", BigInteger),
        Column("extra", JSON, nullable=False),
        sqlite_with_rowid=False,
    )


def _key(name: str, of: str) -> Column[Any]:
    return Column(name, Integer, ForeignKey(of), primary_key=True, autoincrement=False)


def _numbers() -> list[Column[Any]]:
    return [Column(name, BigInteger) for name in COLUMNS]
