"""Businesses and accounts: made, named, moved, removed, purged."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from analytics_sync.domain.records import AccountTotals, FoundPost, Reading
from analytics_sync.errors import WrongUsage
from analytics_sync.store import accounts, businesses, credentials, posts, readings
from analytics_sync.store.tables import account_snapshot, metadata

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def connection(database):
    with database.write() as opened:
        yield opened


def add(connection, name="Acme", **more):
    return businesses.add(connection, name, timezone="UTC", now=NOW, **more)


def add_account(connection, business_id, name="1", credential_id=None, platform="x"):
    return accounts.put(
        connection,
        business_id=business_id,
        platform=platform,
        platform_account_id=name,
        kind=None,
        name=None,
        credential_id=credential_id,
        now=NOW,
    )


def add_credential(connection):
    return credentials.add(
        connection,
        platform="x",
        facts=credentials.Facts(subject="me", scopes=("a",)),
        now=NOW,
    )


def rows(connection):
    """How many rows each table has, the empty ones left out."""
    counts = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar()
        for table in metadata.sorted_tables
    }
    return {name: count for name, count in counts.items() if count}


def test_ids_may_be_given_and_others_follow_after_them(connection):
    assert add(connection, "Given", id=41).id == 41
    assert add(connection, "Next").id == 42


def test_a_business_is_found_by_id_and_by_name(connection):
    made = add(connection, "Käse & Söhne")
    assert businesses.find(connection, str(made.id)) == businesses.find(
        connection, " Käse & Söhne "
    )


@pytest.mark.parametrize("text", ["99", "Nobody", "", "9" * 30, "٣", "-1"])
def test_an_unknown_business_is_wrong_usage(connection, text):
    with pytest.raises(WrongUsage, match="There is no business"):
        businesses.find(connection, text)


@pytest.mark.parametrize(("name", "id"), [("Acme", None), ("Other", 1), ("12", None), ("  ", None)])
def test_taken_or_unusable_names_and_ids_are_refused(connection, name, id):
    add(connection, "Acme", id=1)
    with pytest.raises(WrongUsage):
        add(connection, name, id=id)


def test_a_name_can_be_given_again_after_its_business_was_removed(connection):
    businesses.remove(connection, add(connection).id, NOW)
    assert add(connection).name == "Acme"


def test_renaming_to_a_taken_name_is_refused(connection):
    add(connection)
    other = add(connection, "Other")
    with pytest.raises(WrongUsage, match="already a business"):
        businesses.rename(connection, other.id, "Acme")


def test_an_archived_business_takes_no_part_in_a_sync(connection):
    made = add(connection)
    add_account(connection, made.id)
    assert len(accounts.to_sync(connection)) == 1
    businesses.archive(connection, made.id, NOW)
    assert accounts.to_sync(connection) == []
    assert len(accounts.listed(connection)) == 1


def test_removing_keeps_the_history_and_forgets_the_token(connection):
    made = add(connection)
    with_token = add_account(connection, made.id, credential_id=add_credential(connection))
    posts.take(connection, with_token.id, [FoundPost("1", NOW)], now=NOW, listed=True)
    businesses.remove(connection, made.id, NOW)
    assert rows(connection) == {"business": 1, "account": 1, "post": 1}
    assert businesses.listed(connection) == []


def test_purging_leaves_no_trace_and_touches_nobody_else(connection):
    purged, kept = add(connection, "Purged"), add(connection, "Kept")
    for owner in (purged, kept):
        made = add_account(connection, owner.id, credential_id=add_credential(connection))
        posts.take(connection, made.id, [FoundPost("1", NOW)], now=NOW, listed=True)
        ids = [candidate.id for candidate in posts.candidates(connection, made.id)]
        post = posts.load(connection, ids, NOW.date())[0]
        reading = Reading("1", {"likes": {"likes": 1}}, {})
        readings.save(connection, [(post, reading)], captured_at=NOW, slot=NOW, today=NOW.date())
        accounts.save_totals(connection, made.id, AccountTotals(5), NOW)
    deleted = businesses.purge(connection, purged.id)
    assert all(
        deleted[name] == 1 for name in ("snapshot", "latest", "post", "account", "credential")
    )
    expected = dict.fromkeys(
        ("business", "account", "credential", "post", "snapshot", "latest", "account_snapshot"), 1
    )
    assert rows(connection) == expected


def test_an_account_added_again_keeps_its_id_and_forgets_its_old_credential(connection):
    made = add(connection)
    first = add_account(connection, made.id, credential_id=add_credential(connection))
    accounts.remove(connection, first.id, NOW)
    again = add_account(connection, made.id, credential_id=add_credential(connection))
    assert again.id == first.id
    assert rows(connection)["credential"] == 1


def test_a_credential_that_another_account_uses_is_kept(connection):
    made = add(connection)
    shared = add_credential(connection)
    first, _ = (add_account(connection, made.id, n, credential_id=shared) for n in "12")
    assert accounts.remove(connection, first.id, NOW) == 0


def test_an_account_is_moved_with_its_history_unless_it_is_there_already(connection):
    here, there = add(connection, "Here"), add(connection, "There")
    moved = add_account(connection, here.id)
    accounts.move(connection, moved.id, there.id)
    assert accounts.get(connection, moved.id).business_id == there.id
    double = add_account(connection, here.id)
    with pytest.raises(WrongUsage, match="already"):
        accounts.move(connection, double.id, there.id)


def test_followers_are_stored_when_they_differ(connection):
    made = add_account(connection, add(connection).id)
    for hour, followers in enumerate([5, 5, 4, None]):
        moment = NOW + timedelta(hours=hour)
        accounts.save_totals(connection, made.id, AccountTotals(followers), moment)
    query = select(account_snapshot.c.followers).order_by(account_snapshot.c.captured_at)
    assert list(connection.execute(query).scalars()) == [5, 4, None]
