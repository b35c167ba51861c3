"""The schema: made by migrations, equal to the tables, refused when it is another's."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from analytics_sync.errors import StoreUnusable
from analytics_sync.store import migrate
from analytics_sync.store.database import Database
from analytics_sync.store.schema import SQLModel
from analytics_sync.store.version import SCHEMA_VERSION


def test_migrations_make_exactly_the_tables_of_the_schema(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_newest_migration_is_the_version_of_this_release():
    names = sorted(path.name for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert names[-1].startswith(f"{SCHEMA_VERSION}_")


def test_upgrading_twice_changes_nothing(database):
    assert migrate.upgrade(database) == (SCHEMA_VERSION, SCHEMA_VERSION)


def test_a_newer_schema_is_refused_with_words(database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (migrate.ensure, migrate.upgrade):
        with pytest.raises(StoreUnusable, match="newer release"):
            attempt(database)


def test_postgresql_is_never_migrated_by_the_way(postgres_url):
    database = Database(postgres_url)
    with pytest.raises(StoreUnusable) as caught:
        migrate.ensure(database)
    assert "analytics-sync db upgrade" in caught.value.hint
    migrate.upgrade(database)
    migrate.ensure(database)
    database.close()


def test_sqlite_is_copied_beside_the_file_before_it_is_migrated(tmp_path):
    path = tmp_path / "a.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    copy = migrate.copy_beside(path, SCHEMA_VERSION)
    database.close()
    assert copy.suffix == ".bak"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (
            SCHEMA_VERSION,
        )


@pytest.mark.parametrize(
    "content", [b"not a database at all, but some text that is long enough" * 20, b"15807\n"]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match="is not an SQLite database"):
        migrate.ensure(Database(f"sqlite:///{path}"))
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    with pytest.raises(StoreUnusable, match="another program"):
        migrate.ensure(Database(f"sqlite:///{path}"))


@pytest.mark.parametrize("place", ["", "missing/a.db"])
def test_a_folder_or_a_missing_folder_is_told_apart(tmp_path, place):
    with pytest.raises(StoreUnusable):
        migrate.ensure(Database(f"sqlite:///{Path(tmp_path, place)}"))


def test_an_empty_file_becomes_a_database(tmp_path):
    path = tmp_path / "a.db"
    path.touch()
    database = Database(f"sqlite:///{path}")
    migrate.ensure(database)
    assert migrate.current(database) == SCHEMA_VERSION
    database.close()
