from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.domain.timing import Every
from analytics_sync.store import schedules
from analytics_sync.store.jobs import one_job
from analytics_sync.store.light import over
from analytics_sync.store.told import Told, give_back, is_news, take

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOBODY = Told(None, None)


@pytest.fixture
def job(database):
    with database.write() as connection:
        name, _ = schedules.put(connection, None, Every(HOUR), now=NOON)
        known = one_job(over(connection), name)
    assert known is not None
    return known.job.id


def test_each_status_is_taken_once(database, job):
    with database.write() as connection:
        assert not is_news(over(connection), job, 0)
        assert take(connection, job, Told(0, NOON)) is None
        assert is_news(over(connection), job, 77)
        assert take(connection, job, Told(77, NOON)) == NOBODY
        assert not is_news(over(connection), job, 77)
        assert take(connection, job, Told(77, NOON + HOUR)) is None
        assert take(connection, job, Told(1, NOON + HOUR)) == Told(77, NOON)
        assert take(connection, job, Told(0, NOON + 2 * HOUR)) == Told(1, NOON + HOUR)
        assert take(connection, job, Told(0, NOON + 3 * HOUR)) is None
        assert take(connection, job + 1, Told(1, NOON)) is None


def test_what_could_not_be_told_is_given_back(database, job):
    mine = Told(77, NOON + HOUR)
    with database.write() as connection:
        take(connection, job, Told(1, NOON))
        before = take(connection, job, mine)
        assert before == Told(1, NOON)
        give_back(connection, job, mine, before)
        assert take(connection, job, mine) == before


def test_what_another_told_meanwhile_stays(database, job):
    mine, theirs = Told(77, NOON), Told(78, NOON + HOUR)
    with database.write() as connection:
        take(connection, job, mine)
        take(connection, job, theirs)
        give_back(connection, job, mine, NOBODY)
        assert take(connection, job, theirs) is None
