"""The desk at which files are imported, for each test of this folder."""

from collections.abc import Iterator

import pytest

from analytics_sync.store.database import Database
from support import ready
from support.file_desk import Desk


def furnished(database: Database) -> Desk:
    """A desk with one business that has one X account."""
    made = Desk(database)
    made.business()
    made.account()
    return made


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    """A desk on SQLite."""
    database = ready.sqlite(tmp_path / "desk.db")
    yield furnished(database)
    database.close()


@pytest.fixture
def each_desk(database) -> Desk:
    """A desk on each kind of database: where it must count and replace alike."""
    return furnished(database)
