from datetime import timedelta

import pytest
from sqlalchemy import insert

from analytics_sync.store import accounts, businesses, consents, credentials, leaving, overview
from analytics_sync.store.consents import LEAVING
from analytics_sync.store.credentials import Facts
from analytics_sync.store.light import over
from analytics_sync.store.tables import account
from support.fake_clock import START

DAY = timedelta(days=1)


@pytest.fixture
def consent(database):
    """Makes credentials with so many accounts; gives their ids."""
    with database.write() as connection:
        businesses.add(connection, "Acme", timezone="UTC", now=START)

    def make(number=1, **facts):
        with database.write() as connection:
            id = credentials.add(
                connection, platform="x", facts=Facts(**{"subject": "Ada", **facts}), now=START
            )
            rows = [
                {
                    "business_id": 1,
                    "platform": "x",
                    "platform_account_id": f"{id}-{n}",
                    "credential_id": id,
                    "discovered": {},
                    "created_at": START,
                }
                for n in range(number)
            ]
            if rows:
                connection.execute(insert(account), rows)
        return id

    return make


def read(database, query, *values):
    with database.read() as connection:
        return query(over(connection), *values)


def test_credentials_are_listed_with_their_accounts(database, consent):
    consent(2, expires_at=START + DAY, scopes=("a", "b"))
    consent(0, renews=True, renew_until=START + 2 * DAY, expires_at=START)
    one, other = read(database, consents.listed)
    assert [each.platform_account_id for each in one.accounts] == ["1-0", "1-1"]
    assert (one.scopes, one.renews, one.ends_at) == (("a", "b"), False, START + DAY)
    assert (other.accounts, other.renews, other.ends_at) == ((), True, START + 2 * DAY)
    assert one.created_at == START


def test_only_what_ends_soon_and_serves_somebody_is_ending(database, consent):
    consent(expires_at=START + 15 * DAY)
    consent(0, expires_at=START)
    late = consent(expires_at=START + 14 * DAY)
    gone = consent(expires_at=START - DAY)
    consent(expires_at=START, renews=True)
    early = consent(expires_at=START + 60 * DAY, renew_until=START + 3 * DAY)
    assert [one.id for one in read(database, consents.ending, START)] == [gone, early, late]
    with database.write() as connection:
        businesses.archive(connection, 1, START)
    assert read(database, consents.ending, START) == []


def test_one_process_tells_of_a_step(database, consent):
    id = consent(expires_at=START)
    with database.write() as connection:
        assert leaving.take_telling(connection, id, 7)
        assert not leaving.take_telling(connection, id, 7)
        assert not leaving.take_telling(connection, id, 14)
        assert leaving.take_telling(connection, id, 1)
        leaving.give_back_telling(connection, id, 7, None)
        assert not leaving.take_telling(connection, id, 1)
        leaving.give_back_telling(connection, id, 1, 7)
        assert leaving.take_telling(connection, id, 1)


def test_what_leaves_outlives_the_sweep_until_it_is_forgotten(database, consent):
    id, other = consent(2), consent()
    with database.write() as connection:
        ids = [one.id for one in accounts.listed(connection) if one.credential_id == id]
        assert leaving.serve_nobody(connection, [id, other], START, without=ids[:1]) == []
        assert leaving.serve_nobody(connection, [id, other], START, without=ids) == [id]
        for one in ids:
            accounts.remove(connection, one, START)
        assert businesses.forget_unused_credentials(connection) == 0
    (left,) = read(database, overview.left_over, START + DAY)
    assert (left.credential_id, left.subject, left.since) == (id, "Ada", START)
    assert read(database, overview.left_over, START) == []
    assert read(database, consents.listed)[0].refused_reason == LEAVING
    with database.write() as connection:
        assert leaving.forget(connection, [id, other]) == 1


def test_the_same_persons_consent_through_the_same_app_is_found(database, consent):
    ids = [consent(subject_id="7"), consent(subject_id="7"), consent(subject_id="8"), consent()]
    with database.read() as connection:
        rows = [credentials.get(connection, id) for id in ids]
        found = [leaving.same_consent(connection, row) for row in rows]
    assert [[other.id for other in others] for others in found] == [[ids[1]], [ids[0]], [], []]


def test_accounts_go_over_to_another_credential(database, consent):
    old, new = consent(3), consent()
    with database.write() as connection:
        ids = [one.id for one in accounts.listed(connection) if one.credential_id == old]
        assert leaving.hand_over(connection, old, new, ids[:2]) == 2
        assert leaving.release(connection, old) == ids[2:]
        assert leaving.forget(connection, [old, new]) == 1
    assert len(read(database, consents.listed)[0].accounts) == 3


def test_refused_ones_are_told_by_the_way_in_which_they_came(database, consent):
    for facts in ({"subject_id": "7"}, {}):
        id = consent(**facts)
        with database.write() as connection:
            credentials.note_refusal(connection, id, "no", START)
    assert [one.by_login for one in read(database, overview.refused)] == [True, False]
