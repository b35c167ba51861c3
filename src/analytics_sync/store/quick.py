"""Answers "is anything due?" of an SQLite database with `sqlite3` alone.

A run with nothing to do may start every few minutes; loading SQLAlchemy for it would take five
times as long as the answer.
"""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from analytics_sync.clock import AHEAD, to_milliseconds
from analytics_sync.domain.cadence import Cadence
from analytics_sync.errors import StoreUnusable
from analytics_sync.locks import WriteLock
from analytics_sync.store.trouble import sqlite_unusable
from analytics_sync.store.version import SCHEMA_VERSION

BUSY_SECONDS = 30
HEADER = b"SQLite format 3\0"
# Many programs have the first of them.
OUR_TABLES = {"alembic_version", "sync_run"}
ACTIVE_ACCOUNT = """
    JOIN business ON business.id = account.business_id
    WHERE account.removed_at IS NULL AND business.removed_at IS NULL
    AND business.archived_at IS NULL AND account.platform = ?
"""
POST_DUE = f"""
    SELECT 1 FROM account JOIN post ON post.account_id = account.id {ACTIVE_ACCOUNT}
    AND post.state = 'active' AND post.published_at <= ? AND post.published_at > ?
    AND (post.last_tried_at IS NULL OR post.last_tried_at <= ? OR post.last_tried_at > ?)
"""  # noqa: S608 - a constant
# A kind that can no longer be read at this age (stories).
STILL_READ = " AND (post.kind IS NULL OR post.kind <> ? OR post.published_at > ?)"
ACCOUNTS = f"SELECT account.discovered, account.totals_at FROM account {ACTIVE_ACCOUNT}"  # noqa: S608


class Rhythm(NamedTuple):
    """How often one platform's posts are read and its listings asked; and how long, by kind."""

    cadence: Cadence
    listings: Mapping[str, timedelta]
    lifetimes: Mapping[str, timedelta]


def write_lock_file(database: Path) -> Path:
    """The file whose lock each write to an SQLite database takes."""
    return database.with_name(f"{database.name}.write.lock")


def sqlite_revision(path: Path) -> str | None:
    """The revision of a file's schema; None for no file or an empty one. Never writes.

    :raises StoreUnusable: not a database, or another program's.
    """
    if path.is_dir():
        raise StoreUnusable(f"The database {path} is a folder.", hint="Name a file.")
    try:
        _undo_first_write(path)
        if not _has_content(path):
            return None
        with closing(read_only(path)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            if tables >= OUR_TABLES:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                return str(row[0]) if row else None
    except (sqlite3.Error, OSError) as error:
        raise sqlite_unusable(str(path), error) from error
    if tables:
        raise StoreUnusable(
            f"The database {path} belongs to another program (its tables: "
            f"{', '.join(sorted(tables)[:5])}).",
            hint="Name another file in database_url.",
        )
    return None


def _has_content(path: Path) -> bool:
    """Whether there is a file with something in it.

    :raises sqlite3.DatabaseError: it is something else than a database. (SQLite itself takes a
        file that is shorter than its header for an empty database, and would write over it.)
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(HEADER))
    except FileNotFoundError:
        return False
    if start not in {b"", HEADER}:
        raise sqlite3.DatabaseError("file is not a database")
    return bool(start)


def _undo_first_write(path: Path) -> None:
    """Let SQLite roll back what a process left that was killed while it made the database.

    From then on there is a WAL and never a journal again. A read-only connection can't do it.
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    with (
        WriteLock(write_lock_file(path)),
        closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection,
    ):
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def nothing_due(
    path: Path,
    now: datetime,
    rhythms: Mapping[str, Rhythm],
) -> bool:
    """Whether a `sync --due` would find nothing to do. False also where only a full run can tell.

    :raises StoreUnusable: the database can't be read.
    """
    if sqlite_revision(path) != SCHEMA_VERSION:
        return False
    try:
        with closing(read_only(path)) as connection:
            return not any(
                _posts_due(connection, name, rhythm, now)
                or _account_due(connection, name, rhythm, now)
                for name, rhythm in rhythms.items()
            )
    except sqlite3.Error as error:
        raise sqlite_unusable(str(path), error) from error
    except (ValueError, TypeError):
        # Values that somebody else wrote: the full run names the account.
        return False


def note_nothing_due(path: Path, trigger: str, now: datetime) -> int:
    """Write the row that tells a quiet hour from a missed one; returns the run's id."""
    at = to_milliseconds(now)
    try:
        with (
            WriteLock(write_lock_file(path)),
            closing(
                sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            cursor = connection.execute(
                "INSERT INTO sync_run (trigger, outcome, started_at, finished_at, requests,"
                " discovered, snapshots, selected, synced, failed, deferred, accounts)"
                " VALUES (?, 'nothing_due', ?, ?, 0, 0, 0, 0, 0, 0, 0, '[]')",
                (trigger, at, at),
            )
            connection.execute("COMMIT")
            return int(cursor.lastrowid or 0)
    except sqlite3.Error as error:
        raise sqlite_unusable(str(path), error) from error


def read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _posts_due(
    connection: sqlite3.Connection, platform: str, rhythm: Rhythm, now: datetime
) -> bool:
    """One look for each step of the cadence: a post of that age, read too long ago."""
    upper, ahead = to_milliseconds(now), to_milliseconds(now + AHEAD)
    steps = [*rhythm.cadence.steps, (None, rhythm.cadence.older)]
    query = f"{POST_DUE}{STILL_READ * len(rhythm.lifetimes)} LIMIT 1"
    ends = [(kind, to_milliseconds(now - life)) for kind, life in rhythm.lifetimes.items()]
    kinds = [value for end in ends for value in end]
    for below, every in steps:
        lower = 0 if below is None else to_milliseconds(now - below)
        if every is not None:
            tried = to_milliseconds(now - every)
            values = (platform, upper, lower, tried, ahead, *kinds)
            if connection.execute(query, values).fetchone():
                return True
        upper = lower
    return False


def _account_due(
    connection: sqlite3.Connection, platform: str, rhythm: Rhythm, now: datetime
) -> bool:
    """Whether a listing may be asked again, or today's totals are not read yet."""
    midnight = to_milliseconds(now.replace(hour=0, minute=0, second=0, microsecond=0))
    ahead = to_milliseconds(now + AHEAD)
    for discovered, totals_at in connection.execute(ACCOUNTS, (platform,)):
        if totals_at is None or not midnight <= totals_at <= ahead:
            return True
        asked = json.loads(discovered)
        if any(
            name not in asked or not to_milliseconds(now - every) < asked[name] <= ahead
            for name, every in rhythm.listings.items()
        ):
            return True
    return False
