"""Each platform is the simulated one, asked through the real transport."""

import asyncio
from datetime import timedelta

import pytest

from analytics_sync.connect.checking import check_accounts
from analytics_sync.domain.credentials import Reachable, Token
from analytics_sync.simulator.services._linkedin.oauth import DEFAULT_APPLICATION
from analytics_sync.store import accounts, consents
from analytics_sync.store.light import over
from support.house import House
from support.log_ins import kept, logged_in, logged_in_at_x
from support.rows import changed

PAGES = frozenset({"rw_organization_admin", "r_organization_social"})


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.add_business()
    return made


def checked(house):
    house.world.journal.clear()
    with house.opened() as found:
        with found.database.read() as connection:
            chosen = accounts.listed(connection)
        return asyncio.run(check_accounts(found.parts(), found.vault, chosen))


def consent(house):
    with house.opened() as found, found.database.read() as connection:
        (one,) = consents.listed(over(connection))
    return one


def pages_of_ada(house, number=3):
    """Ada's log-in at LinkedIn with so many pages, and what of it the platform can change."""
    service = house.simulator.services["linkedin"]
    for name, value in (
        ("ID", DEFAULT_APPLICATION.client_id),
        ("SECRET", DEFAULT_APPLICATION.client_secret),
    ):
        house.environ[f"ANALYTICS_SYNC_PLATFORMS__LINKEDIN__CLIENT_{name}"] = value
    pages = [service.add_organization(f"Page {n}", 0, number=n) for n in range(1, number + 1)]
    urns = [page.id for page in pages]
    given = service.authority.consent(service.add_person("Ada"), PAGES, administers=list(urns))
    token = Token(
        service.authority.issue(given).value,
        expires_at=house.clock.now() + timedelta(days=60),
        scopes=tuple(PAGES),
    )
    reached = [Reachable("linkedin", urn, "organization", f"Page {urn}") for urn in urns]
    return kept(house, "linkedin", token, reached, grant=given, subject_id=given.member)


def test_a_living_log_in_is_told_with_whose_it_is_and_until_when(house):
    logged_in_at_x(house)
    (one,) = checked(house)
    assert (one.outcome, one.status) == ("ok", 0)
    assert one.inspection.role == "owner"
    assert "offline.access" in one.inspection.scopes
    assert house.labels() == {"x me": 1}


def test_a_withdrawn_one_is_noted_as_refused_and_a_healed_one_is_not(house):
    one = logged_in_at_x(house)
    house.simulator.services["x"].withdraw(one.account.platform_account_id)
    (told,) = checked(house)
    assert (told.outcome, told.status) == ("refused", 77)
    assert consent(house).refused_at == house.clock.now()
    assert consent(house).refused_reason == told.reason

    logged_in_at_x(house)
    changed(house.home.path, "UPDATE credential SET refused_at = 1, refused_reason = 'once'")
    (told,) = checked(house)
    assert told.outcome == "ok"
    assert consent(house).refused_at is None


def test_an_expired_token_is_renewed_by_the_protocol_and_that_is_said(house):
    one = logged_in_at_x(house)
    house.pass_time(hours=3)
    (told,) = checked(house)
    assert told.outcome == "ok"
    assert "renewed" in " ".join(told.notes)
    assert one.grant.rotations == 1
    assert consent(house).expires_at == house.clock.now() + timedelta(hours=2)


def test_a_living_token_is_never_renewed_for_a_look(house):
    one = logged_in_at_x(house)
    house.pass_time(minutes=119)
    assert checked(house)[0].outcome == "ok"
    assert one.grant.rotations == 0


def test_one_look_serves_all_pages_of_a_person(house):
    pages_of_ada(house, 3)
    assert [one.outcome for one in checked(house)] == ["ok"] * 3
    assert sum(house.labels().values()) <= 4


def test_a_page_on_which_the_role_was_lost_is_named_and_the_others_are_well(house):
    ada = pages_of_ada(house)
    lost = ada.grant.administers.pop()
    found = {one.account.platform_account_id: one for one in checked(house)}
    assert (found.pop(lost).status, {one.outcome for one in found.values()}) == (1, {"ok"})


def test_a_dead_consent_is_told_of_each_of_its_pages(house):
    ada = pages_of_ada(house)
    house.simulator.services["linkedin"].authority.withdraw(ada.grant)
    assert {(one.outcome, one.status) for one in checked(house)} == {("refused", 77)}


def test_tokens_of_pages_outlive_that_of_their_person(house):
    """And the end of the consent to have data read is known from the log-in on."""
    ada = house.simulator.services["facebook"].add_user("Ada", pages=3)
    logged_in(house, "facebook", ada.id)
    known = consent(house)
    assert (len(known.accounts), known.expires_at, known.renews) == (3, None, False)
    assert 60 < (known.ends_at - house.clock.now()).days <= 90
    assert {one.outcome for one in checked(house)} == {"ok"}
    house.pass_time(days=61)
    found = checked(house)
    assert {one.outcome for one in found} == {"ok"}
    assert "goes on" in " ".join(found[0].notes)
    assert consent(house).ends_at == known.ends_at


def test_a_task_that_a_page_lacks_is_told_of_that_page_alone(house):
    ada = house.simulator.services["facebook"].add_user("Ada", pages=3, without_analyze=1)
    logged_in(house, "facebook", ada.id)
    assert sorted(one.outcome for one in checked(house)) == ["lacking", "ok", "ok"]


def test_a_later_end_that_was_learned_is_foretold_anew(house):
    pages_of_ada(house, 1)
    changed(house.home.path, "UPDATE credential SET foretold = 1, expires_at = 1800000000000")
    checked(house)
    assert (consent(house).ends_at - house.clock.now()).days == 60
    assert consent(house).foretold is None


def test_a_token_of_a_command_is_tried(house, tmp_path):
    logged_in_at_x(house)
    service = house.simulator.services["x"]
    grant = service.oauth.grant(consent(house).subject_id)
    program = tmp_path / "token"
    program.write_text(f"#!/bin/sh\necho {grant.access}\n")
    program.chmod(0o700)
    with house.opened() as found, found.database.write() as connection:
        from analytics_sync.store import credentials

        sealed = found.vault.seal({"credential": 1}, {"command": str(program)})
        credentials.seal(connection, 1, sealed)
    assert checked(house)[0].outcome == "ok"
    program.write_text("#!/bin/sh\nexit 1\n")
    told = checked(house)[0]
    assert (told.outcome, told.status) == ("refused", 77)


def test_a_platform_that_is_down_says_nothing_of_the_token(house):
    logged_in_at_x(house)
    house.environ["ANALYTICS_SYNC_PLATFORMS__X__BASE_URL"] = "http://127.0.0.1:9/nowhere"
    told = checked(house)[0]
    assert (told.outcome, told.status) == ("unknown", 1)
    assert consent(house).refused_at is None


def test_an_account_without_credential_is_refused(house):
    logged_in_at_x(house)
    changed(house.home.path, "UPDATE account SET credential_id = NULL")
    assert checked(house)[0].reason == "The account has no credential."


def test_a_secret_that_can_not_be_opened_is_refused_and_nothing_is_overwritten(house):
    logged_in_at_x(house)
    changed(house.home.path, "UPDATE credential SET ciphertext = 'gAAAAother'")
    assert checked(house)[0].status == 77
