"""Notes when the last tick began; light, because most ticks find nothing to do."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

from analytics_sync.clock import to_milliseconds
from analytics_sync.locks import WriteLock
from analytics_sync.settings.database import sqlite_file
from analytics_sync.store.quick import BUSY_SECONDS, write_lock_file
from analytics_sync.store.trouble import sqlite_unusable

if TYPE_CHECKING:
    from analytics_sync.store.database import Database


def note_tick(url: str, database: "Callable[[], Database]", now: datetime) -> None:
    """Write it, if anything was ever installed; on SQLite with `sqlite3` alone.

    :raises StoreUnusable: the database can't be written.
    """
    file = sqlite_file(url)
    if file is None:
        from analytics_sync.store.schedules import note_tick as note

        with database().write() as connection:
            note(connection, now)
        return
    at = to_milliseconds(now)
    try:
        with (
            WriteLock(write_lock_file(file)),
            closing(
                sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)
            ) as connection,
        ):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE installation SET ticked_at = ?", (at,))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise sqlite_unusable(str(file), error) from error
