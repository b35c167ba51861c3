"""What the HTTP shim asks of the database, on both kinds."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.domain.records import FoundPost
from analytics_sync.store import accounts, api_tokens, businesses, pages, posts, runs, triggers
from analytics_sync.store.gauges import gauges

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
AT_ONCE = 8


def never(id):
    return False


@pytest.fixture
def filled(database):
    """Two businesses with an X account each, and five posts of the first, two at one instant."""
    with database.write() as connection:
        for number in (1, 2):
            id = businesses.add(connection, f"Client {number}", timezone="UTC", now=NOW).id
            account = accounts.put(
                connection,
                business_id=id,
                platform="x",
                platform_account_id=str(number),
                kind=None,
                name=None,
                credential_id=None,
                now=NOW,
            )
            found = [
                FoundPost(f"{number}{n}", NOW - timedelta(hours=n // 2)) for n in range(6 - number)
            ]
            posts.take(connection, account.id, found, now=NOW, listed=True)
    return database


def test_of_many_claims_at_one_instant_one_wins(filled):
    def claim(_):
        try:
            with filled.write() as connection:
                return triggers.claim(connection, 1, now=NOW, held=never).run_id
        except triggers.AlreadyRunning as error:
            return -error.run_id

    with ThreadPoolExecutor(AT_ONCE) as pool:
        came = list(pool.map(claim, range(AT_ONCE)))
    won = [id for id in came if id > 0]
    assert len(won) == 1
    assert came.count(-won[0]) == AT_ONCE - 1


def test_the_newest_run_of_a_business_is_one_that_it_took_part_in(filled):
    def newest(business, own=()):
        with filled.read() as connection:
            row = runs.newest_of(connection, business, own)
        return row and row.id

    assert newest(1) is None
    with filled.write() as connection:
        every = runs.start(connection, trigger="manual", now=NOW)
        first = runs.start(connection, trigger="api", now=NOW, businesses=[1])
        runs.start(connection, trigger="api", now=NOW, businesses=[11, 2])
    assert newest(1) == first
    assert newest(2) == first + 1
    assert newest(3) == every


def test_pages_go_on_after_the_last_post_also_among_those_of_one_instant(filled):
    found, after = [], None
    with filled.read() as connection:
        while rows := pages.posts(connection, 1, limit=2, after=after):
            found += [row.platform_post_id for row in rows]
            after = rows[-1].published_at, rows[-1].id
    assert found == ["11", "10", "13", "12", "14"]


def test_a_failed_run_is_closed_once_and_with_its_words(filled):
    with filled.write() as connection:
        id = triggers.claim(connection, None, now=NOW, held=never).run_id
        assert triggers.is_open(connection, id)
        assert triggers.close_failed(connection, id, "gone", NOW)
        assert not triggers.close_failed(connection, id, "again", NOW)
        assert [error.message for error in runs.errors_of(connection, id)] == ["gone"]


def test_gauges_count_what_is_there(filled):
    with filled.write() as connection:
        id = runs.start(connection, trigger="api", now=NOW)
        runs.finish(connection, id, {"outcome": "complete", "finished_at": NOW, "requests": 3})
        runs.start(connection, trigger="api", now=NOW)
    with filled.read() as connection:
        found = gauges(connection)
    assert [(row.platform, row.number) for row in found.posts] == [("x", 9)]
    assert sum(row.runs for row in found.runs) == 2
    assert sum(int(row.requests) for row in found.runs) == 3
    assert found.newest_end == NOW


def test_tokens_are_found_by_their_digest(database):
    with database.write() as connection:
        id = api_tokens.add(connection, " web ", "d" * 64, NOW)
        api_tokens.note_use(connection, id, NOW)
    with database.read() as connection:
        assert api_tokens.kept(connection) == [api_tokens.Kept(id, "web", "d" * 64, NOW)]
        assert (
            json.dumps(dict(api_tokens.listed(connection)[0]._mapping), default=str).find("d" * 64)
            < 0
        )
