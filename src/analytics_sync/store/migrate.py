"""Brings a database to this release's schema, after a copy beside the file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, inspect, text

from analytics_sync.errors import StoreUnusable
from analytics_sync.store.advisory import SPACE
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
    refuse_unknown(found)
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
    """Migrate to this release's schema; returns the revisions before and after.

    :raises StoreUnusable: another schema than releases up to this one make, or not a database.
    """
    # Before anything opens the file for writing, which alone would change one that is not ours.
    current(database)
    with database.write() as connection:
        if database.path is None:
            # Ends with the transaction. Two machines may be upgraded at the same time.
            connection.execute(text("SELECT pg_advisory_xact_lock(:space, 0)"), {"space": SPACE})
        # Read again under the lock: another process may have migrated meanwhile.
        found = _revision(connection)
        refuse_unknown(found)
        if found == SCHEMA_VERSION:
            return found, found
        if database.path is not None and found is not None:
            copy_beside(database.path, found)
        make_schema(connection)
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
    found = inspect(connection)
    if not found.has_table("alembic_version"):
        return None
    if not found.has_table("sync_run"):
        raise StoreUnusable(
            "The database belongs to another program that keeps its schema with Alembic too.",
            hint="Name another one in database_url; on PostgreSQL a schema of its own will do: "
            "?options=-csearch_path%3DNAME.",
        )
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def refuse_unknown(found: str | None) -> None:
    """:raises StoreUnusable: a schema that releases up to this one don't make."""
    if found is None or found in known_revisions():
        return
    if not (found.isdigit() and found > SCHEMA_VERSION):
        raise StoreUnusable(
            f"The database has a schema {found[:40]!r}, which no release of this program made.",
            hint="Name another database in database_url.",
            code="schema_unknown",
        )
    raise StoreUnusable(
        f"The database was written by a newer release (schema {found[:40]}, this release knows "
        f"{SCHEMA_VERSION}).",
        hint="Install the newer release again: pip install --upgrade analytics-sync",
        code="schema_newer",
    )


def known_revisions() -> set[str]:
    """All schemas up to this release's."""
    files = (MIGRATIONS / "versions").glob("*.py")
    return {SCHEMA_VERSION, *(file.name.partition("_")[0] for file in files)}


def make_schema(connection: Connection) -> None:
    """Bring the schema behind a connection to this release's; `upgrade` looks first whose it is."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
