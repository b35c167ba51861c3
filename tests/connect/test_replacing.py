import asyncio

import pytest

from analytics_sync.connect.replacing import replace_credential
from analytics_sync.connect.revoking import end_consents
from analytics_sync.errors import CredentialRefused, WrongUsage
from analytics_sync.store import consents
from analytics_sync.store.light import over
from support.house import House
from support.log_ins import logged_in, logged_in_at_x


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.add_business()
    made.add_business("Other")
    return made


def replaced(house, old, new, *, force=False):
    with house.opened() as found:
        parts, vault = found.parts(), found.vault
        came = asyncio.run(replace_credential(parts, vault, old, new, force=force, revoke=True))
        asyncio.run(end_consents(parts, vault, found.journal, came.leaving))
    return came


def served(house):
    with house.opened() as found, found.database.read() as connection:
        return {one.id: len(one.accounts) for one in consents.listed(over(connection))}


def test_pages_move_with_tokens_of_their_own_that_the_new_person_has_for_them(house):
    """Grace logged in for one Page, and got roles on Ada's Pages later."""
    facebook = house.simulator.services["facebook"]
    ada = facebook.add_user("Ada", pages=3, posts=2)
    grace = facebook.add_user("Grace", pages=1, posts=1)
    old, new = logged_in(house, "facebook", ada.id), logged_in(house, "facebook", grace.id, 2)
    numbers = old.credential_id, new.credential_id
    with pytest.raises(WrongUsage, match="does not reach"):
        replaced(house, *numbers)
    grace.pages.update(ada.pages)
    came = replaced(house, *numbers)
    assert (len(came.moved), came.unreached, came.leaving) == (3, (), (old.credential_id,))
    assert served(house) == {new.credential_id: 4}
    # Ada's consent is ended at the platform, and Grace's reads all the same.
    assert [one.subject for one in facebook.grants() if one.alive] == [grace.id]
    record = house.sync()
    assert {one.outcome for one in record.accounts} == {"ok"}
    assert record.total("synced") == record.total("selected") >= 4


def test_an_expired_token_is_renewed_before_it_is_asked_what_it_reaches(house):
    old = logged_in_at_x(house)
    new = logged_in_at_x(house, 2, business=2)
    house.pass_time(hours=3)
    with pytest.raises(WrongUsage, match="does not reach"):
        replaced(house, old.credential_id, new.credential_id)
    assert new.grant.rotations == 1
    assert old.grant.rotations == 0


def test_a_dead_credential_takes_nothing_over(house):
    old, new = logged_in_at_x(house), logged_in_at_x(house, 2, business=2)
    house.simulator.services["x"].withdraw(new.account.platform_account_id)
    with pytest.raises(CredentialRefused):
        replaced(house, old.credential_id, new.credential_id, force=True)
    assert served(house) == {old.credential_id: 1, new.credential_id: 1}


def test_a_dead_credential_is_replaced_all_the_same(house):
    old = logged_in_at_x(house)
    new = logged_in_at_x(house, 2, business=2)
    house.simulator.services["x"].withdraw(old.account.platform_account_id)
    assert len(replaced(house, old.credential_id, new.credential_id, force=True).moved) == 1
    assert served(house) == {new.credential_id: 2}
