"""Transactions that wait for the disk: those that store tokens."""

from datetime import UTC, datetime

import pytest

from analytics_sync.store import businesses


def synchronous(connection):
    word = (
        "PRAGMA synchronous" if connection.dialect.name == "sqlite" else "SHOW synchronous_commit"
    )
    return str(connection.exec_driver_sql(word).scalar())


def test_a_durable_transaction_waits_for_the_disk(database):
    with database.write(durable=True) as connection:
        assert synchronous(connection) in {"2", "on"}
    if database.dialect == "sqlite":
        with database.write() as connection:
            assert synchronous(connection) == "1", "the others need not"


def test_one_that_fails_leaves_nothing_behind(database):
    def fails():
        with database.write(durable=True) as connection:
            businesses.add(connection, "Acme", timezone="UTC", now=datetime.now(UTC))
            raise LookupError

    with pytest.raises(LookupError):
        fails()
    with database.write() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM business").scalar() == 0
        if database.dialect == "sqlite":
            assert synchronous(connection) == "1"
