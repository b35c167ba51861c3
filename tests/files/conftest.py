"""The desk at which files are imported, for each test of this folder."""

import pytest

from support.file_desk import Desk


@pytest.fixture
def desk(database):
    """One business with one X account, on each kind of database."""
    made = Desk(database)
    made.business()
    made.account()
    return made
