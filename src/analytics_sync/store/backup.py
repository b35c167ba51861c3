"""Writes a consistent copy of the database into one SQLite file, while syncs go on.

SQLite and PostgreSQL are copied table by table within one reading transaction, so that a backup has
one form, and nothing is in it, not even in a free page, that was not meant to be.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection, Table, create_engine, select
from sqlalchemy.pool import NullPool

from analytics_sync.errors import AnalyticsSyncError, Busy, WrongUsage
from analytics_sync.store.database import BUSY_SECONDS, Database
from analytics_sync.store.migrate import make_schema
from analytics_sync.store.tables import metadata

ONLY_OWNER: Final = 0o600
# What is said of a backup in the backup: names with JSON values.
FACTS: Final = "backup"
# Columns that hold secrets, with what stands in their place; and tables of nothing else.
SEALED: Final = {"credential": "ciphertext", "app": "ciphertext"}
SECRET_TABLES: Final = frozenset({"api_token"})
ROWS_AT_ONCE: Final = 5_000


def write_backup(
    database: Database, file: Path, facts: Mapping[str, Any], *, secrets: bool, force: bool
) -> None:
    """Copy the database into a file that appears whole or not at all, for its owner alone.

    :raises WrongUsage: there is such a file already, and it is not to be replaced.
    :raises AnalyticsSyncError: it can't be written to the end.
    """
    _check_place(database, file, force=force)
    with _beside(file, force=force) as draft:
        if database.path is not None:
            _copy_sqlite(database.path, draft, secrets=secrets)
        else:
            _copy_postgresql(database, draft, secrets=secrets)
        with closing(sqlite3.connect(draft)) as connection, connection:
            connection.execute(f"CREATE TABLE {FACTS} (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
            rows = [(name, json.dumps(value)) for name, value in facts.items()]
            connection.executemany(f"INSERT INTO {FACTS} VALUES (?, ?)", rows)  # noqa: S608


def _copy_sqlite(source: Path, draft: Path, *, secrets: bool) -> None:
    with closing(_sink(draft)) as connection:
        address = f"file:{quote(str(source))}?mode=ro"
        connection.execute("ATTACH ? AS source", (address,))
        connection.execute("BEGIN")
        query = "SELECT type, name, sql FROM source.sqlite_master WHERE sql IS NOT NULL"
        made = connection.execute(query).fetchall()
        names = [name for kind, name, _ in made if kind == "table" and name != FACTS]
        for kind, name, sql in made:
            if kind == "table" and name in names and not name.startswith("sqlite_"):
                connection.execute(sql)
                _copy_table(connection, name, secrets=secrets)
        for kind, _, sql in made:
            if kind != "table":
                connection.execute(sql)
        connection.execute("COMMIT")


def _copy_table(connection: sqlite3.Connection, name: str, *, secrets: bool) -> None:
    if not secrets and name in SECRET_TABLES:
        return
    columns = [row[1] for row in connection.execute(f'PRAGMA source.table_info("{name}")')]
    values = [_masked(name, f'"{column}"', secrets=secrets) for column in columns]
    targets = ", ".join(f'"{column}"' for column in columns)
    connection.execute(
        f'INSERT INTO main."{name}" ({targets}) SELECT {", ".join(values)} FROM source."{name}"'  # noqa: S608
    )


def _masked(table: str, column: str, *, secrets: bool) -> str:
    """What is copied of a column: an empty text tells that there was a secret."""
    if secrets or SEALED.get(table) != column.strip('"'):
        return column
    return f"CASE WHEN {column} IS NOT NULL THEN '' END"


def _copy_postgresql(database: Database, draft: Path, *, secrets: bool) -> None:
    engine = create_engine("sqlite://", creator=lambda: _sink(draft), poolclass=NullPool)
    try:
        with engine.connect() as target:
            target.exec_driver_sql("BEGIN")
            make_schema(target)
            with database.snapshot() as source:
                for table in metadata.sorted_tables:
                    if secrets or table.name not in SECRET_TABLES:
                        for rows in _pages(source, table, secrets=secrets):
                            target.execute(table.insert(), rows)
            target.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _pages(source: Connection, table: Table, *, secrets: bool) -> Iterator[list[dict[str, Any]]]:
    hidden = None if secrets else SEALED.get(table.name)
    found = source.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table))
    for page in found.mappings().partitions():
        rows = [dict(row) for row in page]
        for row in rows:
            if hidden is not None and row[hidden] is not None:
                row[hidden] = ""
        yield rows


def _sink(draft: Path) -> sqlite3.Connection:
    """The file is made durable as a whole at the end, and removed when anything fails."""
    address = f"file:{quote(str(draft))}?mode=rw"
    connection = sqlite3.connect(
        address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def _check_place(database: Database, file: Path, *, force: bool) -> None:
    if database.path is not None and os.path.realpath(file) == os.path.realpath(database.path):
        raise WrongUsage(f"{file} is the database itself.", hint="Name another file.")
    if file.is_dir():
        raise WrongUsage(f"{file} is a folder.", hint="Name a file in it.")
    if file.exists() and not file.is_file():
        # A device would give way to a file, for every program of the machine.
        raise WrongUsage(
            f"{file} is no ordinary file, and a backup can't be piped.", hint="Name a file."
        )
    if not force and os.path.lexists(file):
        raise _exists(file)


@contextmanager
def _beside(file: Path, *, force: bool) -> Iterator[Path]:
    """A draft beside the file, moved there at the end; after a failure nothing is left.

    It has the same name each time, so that what a kill left is used up by the next backup.
    """
    draft = file.with_name(f".{file.name}.unfinished")
    try:
        descriptor = _own(draft)
        try:
            yield draft
            os.fsync(descriptor)
            _place(draft, file, force=force)
        finally:
            draft.unlink(missing_ok=True)
            os.close(descriptor)
        _sync(file.parent)
    except FileExistsError:
        raise _exists(file) from None
    except (OSError, sqlite3.Error) as error:
        raise _unwritable(file, error) from error


def _own(draft: Path) -> int:
    """An empty file that no other process writes; gives the descriptor that keeps it so.

    :raises Busy: another process writes a backup of this name.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(draft, flags, ONLY_OWNER)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(draft, descriptor):
                os.ftruncate(descriptor, 0)
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise Busy(
                f"Another process writes {draft}.", hint="Try again when it is done."
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        # The other process was done between our two looks, and this is its backup.
        os.close(descriptor)


def _is_still(draft: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(draft.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _place(draft: Path, file: Path, *, force: bool) -> None:
    """:raises FileExistsError: somebody else was faster."""
    if force:
        draft.replace(file)
        return
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        draft.rename(file)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(file: Path) -> WrongUsage:
    return WrongUsage(
        f"{file} exists already.", hint="Name another file, or replace it with --force."
    )


def _unwritable(file: Path, error: Exception) -> AnalyticsSyncError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return AnalyticsSyncError(
        f"The backup {file} can't be written: {why}. Nothing is left of it.",
        hint="Make room, or name a file in a folder that may be written.",
        code="file_unwritable",
    )
