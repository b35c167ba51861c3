import asyncio
from dataclasses import replace

import pytest

from analytics_sync.connect.revoking import end_consents, forget_unopened
from analytics_sync.connect.stored import open_stored
from analytics_sync.store import accounts, consents, leaving
from analytics_sync.store.light import over
from support.house import House
from support.log_ins import logged_in_at_x


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.add_business()
    return made


def removed(house, one):
    """Its account is removed, and its consent not ended yet."""
    with house.opened() as found, found.database.write() as connection:
        ids = [one.account.id]
        assert leaving.serve_nobody(connection, [one.credential_id], house.clock.now(), without=ids)
        accounts.remove(connection, one.account.id, house.clock.now())


def ended(house, *ids):
    with house.opened() as found:
        parts, vault = found.parts(), found.vault
        return asyncio.run(end_consents(parts, vault, found.journal, ids))


def left(house):
    with house.opened() as found, found.database.read() as connection:
        return [one.id for one in consents.listed(over(connection))]


def test_a_consent_that_came_into_use_again_is_not_ended(house):
    one = logged_in_at_x(house)
    removed(house, one)
    again = logged_in_at_x(house)
    assert again.credential_id == one.credential_id
    (told,) = ended(house, one.credential_id)
    assert (told.revoked, "meanwhile" in told.reason) == (False, True)
    assert not one.grant.ended
    assert not again.grant.ended
    assert left(house) == [one.credential_id]


def test_what_another_process_has_removed_meanwhile_is_passed_over(house):
    one = logged_in_at_x(house)
    removed(house, one)
    assert [told.revoked for told in ended(house, 7, one.credential_id, 8)] == [True]
    assert left(house) == []
    with house.opened() as found:
        assert forget_unopened(found.database, [one.credential_id], "no key") == []


def test_the_newest_token_is_ended_which_a_dead_process_left_in_its_journal(house):
    """X gave it for the one in the database, which is of no use any more."""
    one = logged_in_at_x(house)
    service = house.simulator.services["x"]
    newer = service.oauth.grant(one.account.platform_account_id)
    one.grant.ended = True
    with house.opened() as found:
        parts = found.parts()
        with found.database.read() as connection:
            stored = open_stored(connection, parts, found.vault, one.credential_id)
        token = replace(stored.token, access_token=newer.access, refresh_token=newer.refresh)
        with found.journal.draft(one.credential_id) as draft:
            draft.put(stored.row.version, token, stored.token)
        path = found.journal.path(one.credential_id)
    assert path.exists()
    removed(house, one)
    assert [told.revoked for told in ended(house, one.credential_id)] == [True]
    assert newer.ended
    assert not path.exists()
