"""Posts taken in by the thousand: counted by what they changed, found by their places."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from analytics_sync.domain.records import FoundPost
from analytics_sync.store import accounts, businesses, imports, posts
from analytics_sync.store.imports import NewPost
from analytics_sync.store.tables import post

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
STRANGE = ("urn:li:share:1", "5' OR 1=1 --", 'quote " and \\', "日本語 🎈", "1990000000000000001")


@pytest.fixture
def account(database):
    with database.write() as connection:
        business = businesses.add(connection, "Acme", timezone="UTC", now=NOW)
        return accounts.put(
            connection, business_id=business.id, platform="x", platform_account_id="1", kind=None,
            name=None, credential_id=None, now=NOW,
        )  # fmt: skip


def new(account, id, our_id=None, **told):
    return NewPost(account.id, FoundPost(id, NOW - timedelta(days=1), **told), our_id)


def add(database, *wanted):
    with database.write() as connection:
        return imports.add_posts(connection, wanted, NOW)


def test_only_what_tells_something_new_is_counted(database, account):
    assert add(database, new(account, "1"), new(account, "2")) == 2
    assert add(database, new(account, "1"), new(account, "3")) == 1
    assert add(database, new(account, "1", kind="photo"), new(account, "2", text="words")) == 2
    assert add(database, new(account, "1", kind="photo"), new(account, "2", text="others")) == 0
    assert add(database) == 0
    with database.read() as connection:
        assert posts.at(connection, account.id, "2").text == "words"


def test_given_ids_are_kept_and_the_next_ones_lie_above(database, account):
    assert add(database, new(account, "1", 500), new(account, "2")) == 2
    assert add(database, new(account, "3")) == 1
    with database.read() as connection:
        assert posts.at(connection, account.id, "1").id == 500
        assert posts.at(connection, account.id, "3").id > 500
        assert imports.owners(connection, [500, 7]) == {500: (account.id, "1")}
        assert imports.owners(connection, []) == {}


def test_posts_are_found_by_their_places_whatever_their_ids_are(database, account):
    add(database, *(new(account, id) for id in STRANGE))
    wanted = [(account.id, id) for id in (*STRANGE, "unknown")] + [(account.id + 1, "1")]
    with database.read() as connection:
        found = imports.post_ids(connection, wanted)
        assert imports.post_ids(connection, []) == {}
        for id in STRANGE:
            assert posts.at(connection, account.id, id).id == found[account.id, id]
    assert set(found) == {(account.id, id) for id in STRANGE}


def test_older_ids_lead_to_the_newest(database, account):
    add(database, new(account, "3"), new(account, "9"))
    with database.write() as connection:
        connection.execute(
            update(post).where(post.c.platform_post_id == "3").values(versions=["1", "2"])
        )
    with database.read() as connection:
        assert imports.older_ids(connection, account.id) == {"1": "3", "2": "3"}
        assert imports.older_ids(connection, account.id + 1) == {}


def test_an_id_finds_posts_by_either_of_their_ids(database, account):
    add(database, new(account, "2"), new(account, "77"))
    with database.read() as connection:
        assert [row.platform_post_id for row in posts.find(connection, "2")] == ["2", "77"]
        assert [row.id for row in posts.find(connection, "77")] == [2]
        assert posts.find(connection, "9" * 30) == []
        assert posts.find(connection, "\udcff") == []
        assert posts.find(connection, "") == []
