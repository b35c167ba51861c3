"""What is stored of readings: history of changes, newest values, and which posts are gone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from analytics_sync.domain.records import FoundPost, PostFailure, Reading
from analytics_sync.store import accounts, businesses, posts, readings
from analytics_sync.store.exports import Wanted, rows
from analytics_sync.store.tables import latest, post, snapshot

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def account(database):
    with database.write() as connection:
        business = businesses.add(connection, "Acme", timezone="UTC", now=NOW)
        return accounts.put(
            connection, business_id=business.id, platform="x", platform_account_id="1", kind=None, name=None,
            credential_id=None, now=NOW,
        )  # fmt: skip


@pytest.fixture
def known(database, account):
    """Three known posts."""
    found = [FoundPost(str(n), NOW - timedelta(days=n)) for n in (1, 2, 3)]
    with database.write() as connection:
        posts.take(connection, account.id, found, now=NOW, listed=True)
    return load(database, account)


def load(database, account):
    with database.read() as connection:
        ids = [candidate.id for candidate in posts.candidates(connection, account.id)]
        return posts.load(connection, ids, TODAY)


def reading(post, columns=None, extra=None, **facts):
    said = {name: {name: value} for name, value in (columns or {}).items()}
    return Reading(post.platform_post_id, said, extra or {}, **facts)


def save(database, pairs, at=NOW):
    with database.write() as connection:
        return readings.save(connection, pairs, captured_at=at, slot=at, today=at.date())


def history(database, found):
    with database.read() as connection:
        query = (
            select(snapshot).where(snapshot.c.post_id == found.id).order_by(snapshot.c.captured_at)
        )
        return [(row.captured_at, row.likes, row.clicks) for row in connection.execute(query)]


def test_a_snapshot_is_added_only_when_a_said_number_differs(database, known):
    first = known[0]
    assert save(database, [(first, reading(first, {"likes": 5, "clicks": 1}))]) == 1
    assert (
        save(
            database, [(first, reading(first, {"likes": 5, "clicks": 1}))], NOW + timedelta(hours=1)
        )
        == 0
    )
    assert (
        save(
            database, [(first, reading(first, {"likes": 4, "clicks": 1}))], NOW + timedelta(hours=2)
        )
        == 1
    )
    assert history(database, first) == [(NOW, 5, 1), (NOW + timedelta(hours=2), 4, 1)]


def test_an_unsaid_number_is_no_change_and_keeps_its_last_value(database, known):
    first = known[0]
    save(database, [(first, reading(first, {"likes": 5, "clicks": 1}))])
    assert save(database, [(first, reading(first, {"likes": 5}))], NOW + timedelta(hours=1)) == 0
    save(database, [(first, reading(first, {"likes": 6}))], NOW + timedelta(hours=2))
    with database.read() as connection:
        row = connection.execute(select(latest).where(latest.c.post_id == first.id)).one()
    assert (row.likes, row.clicks, row.unsaid) == (6, 1, ["clicks"])
    assert history(database, first)[-1] == (NOW + timedelta(hours=2), 6, None)


def test_a_reading_that_says_nothing_leaves_no_snapshot_but_counts_as_read(database, known):
    first = known[0]
    assert save(database, [(first, reading(first))]) == 0
    with database.read() as connection:
        row = connection.execute(select(post).where(post.c.id == first.id)).one()
    assert row.last_read_at == NOW


def test_on_the_same_key_the_later_reading_replaces(database, known):
    first = known[0]
    save(database, [(first, reading(first, {"likes": 5}))])
    save(database, [(first, reading(first, {"likes": 7}))])
    assert history(database, first) == [(NOW, 7, None)]


def test_a_number_in_extra_alone_is_a_change(database, known):
    first = known[0]
    save(database, [(first, reading(first, {"likes": 5}, {"quote_count": 1}))])
    assert (
        save(
            database,
            [(first, reading(first, {"likes": 5}, {"quote_count": 2}))],
            NOW + timedelta(hours=1),
        )
        == 1
    )


def test_the_source_first_said_for_a_column_stays_its_source(database, known):
    first = known[0]
    one = Reading(first.platform_post_id, {"impressions": {"plays": 10, "starts": 8}}, {})
    save(database, [(first, one)])
    other = Reading(first.platform_post_id, {"impressions": {"starts": 9}}, {})
    assert save(database, [(first, other)], NOW + timedelta(hours=1)) == 0
    with database.read() as connection:
        assert connection.execute(select(latest.c.impressions)).scalar() == 10


def test_64_bit_numbers_and_ids_beyond_2_to_the_53_survive(database, account):
    large = str(2**63 - 1)
    with database.write() as connection:
        posts.take(connection, account.id, [FoundPost(large, NOW)], now=NOW, listed=True)
    found = load(database, account)[0]
    save(database, [(found, reading(found, {"impressions": 2**63 - 1}))])
    row = next(iter(rows(database, Wanted())))
    assert (row["platform_post_id"], row["impressions"]) == (large, 2**63 - 1)


def test_a_post_counts_as_gone_after_three_sightings(database, account, known):
    missing = PostFailure(known[0].platform_post_id, "post_gone", "gone", sighting=True)
    for run in range(3):
        assert len(load(database, account)) == 3
        with database.write() as connection:
            readings.save_failures(connection, [(known[0], missing)], NOW + timedelta(hours=run))
    assert [found.id for found in load(database, account)] == [found.id for found in known[1:]]


def test_a_reading_in_between_begins_the_sightings_anew(database, account, known):
    missing = PostFailure(known[0].platform_post_id, "post_gone", "gone", sighting=True)
    for answer in (missing, missing, None, missing, missing):
        if answer is None:
            save(database, [(known[0], reading(known[0], {"likes": 1}))])
        else:
            with database.write() as connection:
                readings.save_failures(connection, [(known[0], answer)], NOW)
    assert len(load(database, account)) == 3


def test_definite_absence_counts_at_once_and_a_listing_brings_a_post_back(database, account, known):
    gone = PostFailure(known[0].platform_post_id, "post_gone", "gone", definite=True)
    with database.write() as connection:
        readings.save_failures(connection, [(known[0], gone)], NOW)
    assert len(load(database, account)) == 2
    again = FoundPost(known[0].platform_post_id, known[0].published_at)
    with database.write() as connection:
        assert posts.take(connection, account.id, [again], now=NOW, listed=True).changed == 1
    assert len(load(database, account)) == 3


def test_a_failed_call_leaves_the_post_due(database, known):
    failed = PostFailure(known[0].platform_post_id, "platform_unavailable", "503", tried=False)
    with database.write() as connection:
        readings.save_failures(connection, [(known[0], failed)], NOW)
        row = connection.execute(select(post).where(post.c.id == known[0].id)).one()
    assert row.last_tried_at is None


def test_an_edited_post_is_kept_under_its_newest_id(database, account, known):
    edited = reading(known[0], {"likes": 3}, newest_id="77", versions=(known[0].platform_post_id,))
    save(database, [(known[0], edited)])
    found = load(database, account)[0]
    assert (found.platform_post_id, found.versions) == ("77", (known[0].platform_post_id,))
    listed = FoundPost("78", known[0].published_at, versions=("1", "77"))
    with database.write() as connection:
        taken = posts.take(connection, account.id, [listed], now=NOW, listed=True)
    assert (taken.new, taken.changed) == (0, 1)
    assert load(database, account)[0].platform_post_id == "78"


def test_the_twin_of_an_edited_post_is_superseded(database, account, known):
    """Both versions were imported by hand: the older row gives way to the newer."""
    edited = reading(known[2], {"likes": 3}, newest_id=known[0].platform_post_id, versions=("3",))
    save(database, [(known[2], edited)])
    assert [found.id for found in load(database, account)] == [known[0].id, known[1].id]


def test_posts_charged_today_are_told_apart(database, account, known):
    save(database, [(known[0], reading(known[0], {"likes": 1}, charged=True))])
    assert [found.charged_today for found in load(database, account)] == [True, False, False]
    with database.read() as connection:
        tomorrow = posts.load(connection, [known[0].id], TODAY + timedelta(days=1))
    assert tomorrow[0].charged_today is False


def test_taking_the_same_posts_twice_changes_nothing(database, account, known):
    found = [FoundPost(one.platform_post_id, one.published_at) for one in known]
    with database.write() as connection:
        taken = posts.take(connection, account.id, found, now=NOW, listed=False)
    assert (taken.new, taken.changed, taken.unchanged) == (0, 0, 3)


def test_a_naive_time_is_refused_and_the_next_write_works(database, account):
    naive = FoundPost("9", datetime(2026, 1, 1))
    with pytest.raises(Exception, match="no zone"), database.write() as connection:
        posts.take(connection, account.id, [naive], now=NOW, listed=True)
    with database.write() as connection:
        assert (
            posts.take(connection, account.id, [FoundPost("9", NOW)], now=NOW, listed=True).new == 1
        )


def test_exports_read_in_pages_lose_and_double_nothing(database, account, known):
    for hour in range(5):
        pairs = [(one, reading(one, {"likes": hour})) for one in known]
        save(database, pairs, NOW + timedelta(hours=hour))
    whole = list(rows(database, Wanted(), page=1000))
    assert len(whole) == 15
    for page in (1, 2, 7, 15):
        assert list(rows(database, Wanted(), page=page)) == whole
    since = NOW + timedelta(hours=3)
    assert len(list(rows(database, Wanted(since=since)))) == 6
    assert len(list(rows(database, Wanted(until=since)))) == 9
    assert len(list(rows(database, Wanted(newest_only=True)))) == 3


def test_instants_come_back_in_utc_to_the_millisecond(database, account):
    exact = datetime(2026, 11, 23, 14, 0, 0, 123_000, tzinfo=UTC)
    with database.write() as connection:
        connection.execute(update(post).values(found_at=exact))
        posts.take(connection, account.id, [FoundPost("5", exact)], now=exact, listed=True)
        row = connection.execute(select(post).where(post.c.platform_post_id == "5")).one()
    assert (row.published_at, row.published_at.tzinfo) == (exact, UTC)
    assert isinstance(row.charged_on, date | None)
