"""Brings a database to this release's schema, after a copy beside the file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, inspect, text

from analytics_sync.errors import StoreUnusable
from analytics_sync.store.database import Database
from analytics_sync.store.quick import sqlite_revision
from analytics_sync.store.version import SCHEMA_VERSION

MIGRATIONS = Path(__file__).parent / "migrations"


def ensure(database: Database) -> None:
    """Make sure of the schema before the first query.

    SQLite: made or migrated here, under the write lock. PostgreSQL: never by the way, because
    other machines may run another release on it.

    :raises StoreUnusable: a newer schema, no schema (PostgreSQL), or not a database.
    """
    found = current(database)
    if found == SCHEMA_VERSION:
        return
    _refuse_newer(found)
    if database.path is None:
        state = "has none of this program's tables" if found is None else f"has schema {found}"
        raise StoreUnusable(
            f"The PostgreSQL database {state}; this release needs schema {SCHEMA_VERSION}.",
            hint="Run `analytics-sync db upgrade`.",
            code="schema_old",
        )
    upgrade(database)


def current(database: Database) -> str | None:
    """The schema's revision; None when there is no schema yet."""
    if database.path is not None:
        return sqlite_revision(database.path)
    with database.read() as connection:
        return _revision(connection)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Migrate to this release's schema; returns the revisions before and after."""
    with database.write() as connection:
        # Read again under the lock: another process may have migrated meanwhile.
        found = _revision(connection)
        _refuse_newer(found)
        if found == SCHEMA_VERSION:
            return found, found
        if database.path is not None and found is not None:
            copy_beside(database.path, found)
        _run_alembic(connection)
    return found, SCHEMA_VERSION


def copy_beside(path: Path, revision: str) -> Path:
    """A consistent copy `FILE.before-REVISION.bak`, WAL included; it is no `.db`."""
    target = path.with_name(f"{path.name}.before-{revision}.bak")
    unfinished = target.with_suffix(".unfinished")
    source_address = f"file:{quote(str(path))}?mode=ro"
    with (
        closing(sqlite3.connect(source_address, uri=True)) as source,
        closing(sqlite3.connect(unfinished)) as copy,
    ):
        source.backup(copy)
    shutil.move(unfinished, target)
    return target


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > SCHEMA_VERSION:
        raise StoreUnusable(
            f"The database was written by a newer release (schema {found}, this release knows "
            f"{SCHEMA_VERSION}).",
            hint="Install the newer release again: pip install --upgrade analytics-sync",
            code="schema_newer",
        )


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
