"""Reads with few imports: for commands that must start at once, on SQLite with `sqlite3` alone.

Queries have `?` for values, instants among them, and give instants as milliseconds since 1970,
whatever the database.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analytics_sync.clock import to_milliseconds
from analytics_sync.errors import StoreUnusable
from analytics_sync.settings.database import sqlite_file
from analytics_sync.store.quick import read_only, sqlite_revision
from analytics_sync.store.trouble import sqlite_unusable
from analytics_sync.store.version import SCHEMA_VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection

Rows = Callable[..., list[tuple[Any, ...]]]


def is_current(url: str) -> bool:
    """Whether a SQLite file has this release's schema; True for PostgreSQL, which says it itself.

    :raises StoreUnusable: not a database, or another program's.
    """
    file = sqlite_file(url)
    return file is None or sqlite_revision(file) == SCHEMA_VERSION


@contextmanager
def reading(url: str) -> Iterator[Rows]:
    """A reading transaction: `rows("SELECT a FROM b WHERE c = ?", value)`.

    :raises StoreUnusable: the database can't be read.
    """
    file = sqlite_file(url)
    if file is None:
        with _reading_postgresql(url) as rows:
            yield rows
        return
    try:
        with closing(read_only(file)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN")
            yield lambda query, *values: connection.execute(query, _stored(values)).fetchall()
    except sqlite3.Error as error:
        raise sqlite_unusable(str(file), error) from error


def over(connection: "Connection") -> Rows:
    """The same on a connection that is open already."""
    sqlite = connection.dialect.name == "sqlite"

    def rows(query: str, *values: object) -> list[tuple[Any, ...]]:
        if sqlite:
            return list(map(tuple, connection.exec_driver_sql(query, _stored(values))))
        found = connection.exec_driver_sql(query.replace("?", "%s"), values)
        return [tuple(map(_plain, row)) for row in found]

    return rows


@contextmanager
def glance(url: str, upgrade: Callable[[], object] | None) -> Iterator[Rows]:
    """Read the database as it is; one that is not there yet has no rows. Writes nothing.

    `upgrade` is called for a schema of an older release; None: that is refused.

    :raises StoreUnusable: the database can't be read.
    """
    file = sqlite_file(url)
    if file is not None and sqlite_revision(file) is None:
        yield _no_rows
        return
    if not is_current(url):
        if upgrade is None:
            raise StoreUnusable(
                f"The database {file} has the schema of another release.",
                hint="Run `analytics-sync db upgrade` first: this command may not write.",
                code="schema_old",
            )
        upgrade()
    with reading(url) as rows:
        yield rows


def _no_rows(query: str, *values: object) -> list[tuple[Any, ...]]:  # noqa: ARG001
    return []


@contextmanager
def _reading_postgresql(url: str) -> Iterator[Rows]:
    from analytics_sync.store.database import Database
    from analytics_sync.store.migrate import ensure

    database = Database(url)
    try:
        ensure(database)
        with database.read() as connection:
            yield over(connection)
    finally:
        database.close()


def _stored(values: tuple[object, ...]) -> tuple[Any, ...]:
    """As SQLite has them."""
    return tuple(map(_plain, values))


def _plain(value: object) -> object:
    return to_milliseconds(value) if isinstance(value, datetime) else value
