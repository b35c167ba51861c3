"""Databases with this release's schema, migrated once in each process and copied from then on."""

import tempfile
from functools import cache
from pathlib import Path

from analytics_sync.store.database import Database
from analytics_sync.store.migrate import upgrade


def put_sqlite(file: Path) -> None:
    """Make the file, unless it is there already."""
    if not file.exists():
        file.write_bytes(_migrated())


def sqlite(file: Path) -> Database:
    """A database in a new file."""
    put_sqlite(file)
    return Database(f"sqlite:///{file}")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ready.db"
        database = Database(f"sqlite:///{file}")
        upgrade(database)
        database.close()
        assert not file.with_name("ready.db-wal").exists(), "all of it is in the file"
        return file.read_bytes()
