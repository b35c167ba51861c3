"""Past readings: rows of the history, and `latest` as if they had come in order."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from analytics_sync.domain.past import PastReading
from analytics_sync.domain.records import FoundPost, Reading
from analytics_sync.store import accounts, businesses, past, posts, readings
from analytics_sync.store.tables import latest, snapshot

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def known(database):
    """Two posts of one account."""
    with database.write() as connection:
        business = businesses.add(connection, "Acme", timezone="UTC", now=NOW)
        account = accounts.put(
            connection, business_id=business.id, platform="x", platform_account_id="1", kind=None,
            name=None, credential_id=None, now=NOW,
        )  # fmt: skip
        found = [FoundPost(str(n), NOW - timedelta(days=n)) for n in (1, 2)]
        posts.take(connection, account.id, found, now=NOW, listed=True)
        ids = [candidate.id for candidate in posts.candidates(connection, account.id)]
        return posts.load(connection, ids, NOW.date())


def at(hours):
    return NOW - timedelta(days=1) + timedelta(hours=hours)


def add(database, *entries):
    with database.write() as connection:
        return past.add_readings(connection, entries)


def told(found, hours, extra=None, **columns):
    return (found.id, PastReading(at(hours), columns, extra or {}))


def newest(database, found):
    with database.read() as connection:
        return connection.execute(select(latest).where(latest.c.post_id == found.id)).one()


def test_only_rows_that_are_new_or_differ_are_counted(database, known):
    one, two = known
    assert add(database, told(one, 0, likes=1), told(two, 0, likes=1)) == 2
    assert add(database, told(one, 0, likes=1), told(two, 0, likes=2)) == 1
    assert add(database, told(one, 0, {"quotes": 1}, likes=1)) == 1
    assert add(database, told(one, 0, {"quotes": 1}, likes=1)) == 0
    assert add(database, told(one, 0, {"quotes": 1})) == 1
    assert add(database) == 0
    with database.read() as connection:
        assert len(connection.execute(select(snapshot)).all()) == 2


def test_the_end_does_not_depend_on_order_or_portions(database, known):
    one, two = known
    for hours in (5, 1, 9, 3):
        add(database, told(one, hours, {"quotes": hours}, likes=hours))
    add(
        database,
        *(told(two, h, {"quotes": h}, likes=h) for h in (5, 1, 9, 3)),
        told(two, 4, saves=7),
    )
    first, second = newest(database, one), newest(database, two)
    assert (first.likes, first.extra, first.captured_at) == (9, {"quotes": 9}, at(9))
    assert (second.likes, second.saves, second.unsaid) == (9, 7, ["saves"])


def test_a_number_that_is_rarely_said_comes_from_its_newest_reading(database, known):
    one, _ = known
    add(database, told(one, 9, likes=9))
    add(database, told(one, 2, {"quotes": 2}, saves=2))
    add(database, told(one, 6, {"quotes": 6}, saves=6))
    add(database, told(one, 4, {"quotes": 4}, saves=4))
    row = newest(database, one)
    assert (row.likes, row.saves, row.extra) == (9, 6, {"quotes": 6})


def test_a_sync_goes_on_from_what_was_imported(database, known):
    one, _ = known
    add(database, told(one, 1, likes=5, saves=1))
    reading = Reading(one.platform_post_id, {"likes": {"like_count": 5}}, {"like_count": 5})
    with database.write() as connection:
        changed = readings.save(
            connection, [(one, reading)], captured_at=NOW, slot=NOW, today=NOW.date()
        )
    assert changed == 1
    row = newest(database, one)
    assert (row.likes, row.saves, row.unsaid) == (5, 1, ["saves"])
    assert row.sources == {"likes": "like_count"}
    add(database, told(one, 2, likes=99))
    assert newest(database, one).likes == 5
