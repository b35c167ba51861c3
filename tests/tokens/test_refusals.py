"""Refused credentials: set aside with their reason, told of once, tried now and then, healed."""

import asyncio
import json
import logging
import shlex
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.domain.credentials import App, OAuth1, Token
from analytics_sync.errors import ExitStatus
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.services._graph.page_tokens import page_token
from analytics_sync.store import accounts, apps, credentials
from analytics_sync.tokens import sealed
from analytics_sync.tokens.apps import settings_with
from support.house import House
from support.renewals import ENDED, Renewals


@pytest.fixture
def house(tmp_path):
    return Renewals(tmp_path)


def warnings(caplog):
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def share(house, businesses):
    """Let one credential serve accounts of these many more businesses."""
    with house.opened() as found, found.database.write() as connection:
        first = accounts.listed(connection)[0]
    for number in range(2, businesses + 2):
        house.add_business(f"Client {number}")
        with house.opened() as found, found.database.write() as connection:
            accounts.put(
                connection, business_id=number, platform=first.platform,
                platform_account_id=first.platform_account_id, kind=first.kind, name=None,
                credential_id=first.credential_id, now=house.clock.now(),
            )  # fmt: skip


def test_a_token_revoked_in_the_middle_of_a_sync_of_20_accounts(tmp_path, caplog):
    house = Renewals(tmp_path, accounts=20)
    house.sync()
    house.pass_time(minutes=30)
    grant, note = house.grants[15], house.world.journal.note
    seen = []

    def withdrawn_in_the_middle(request):
        seen.append(note(request))
        if len(seen) == 10:
            house.x.oauth.withdraw(grant)

    house.world.journal.note = withdrawn_in_the_middle
    caplog.clear()
    record = house.sync()
    house.world.journal.note = note
    outcomes = {r.account.id: r.outcome for r in record.accounts}
    refused = house.accounts[15].id
    assert outcomes == {
        **{account.id: "ok" for account in house.accounts},
        refused: "credential_refused",
    }
    assert record.exit_status() == ExitStatus.CREDENTIAL
    fine = [r for r in record.accounts if r.account.id != refused]
    assert all(r.synced == r.selected for r in fine)
    assert record.total("synced") > 10
    assert len(warnings(caplog)) == 1
    # The next run asks nothing for it, and says why.
    record = house.sync()
    (left,) = [r for r in record.accounts if r.account.id == refused]
    assert (left.outcome, left.requests) == ("credential_refused", 0)
    assert "no longer takes this log-in" in left.failures[0].message
    # Added again with another consent, the account is well, its history kept.
    handle = house.simulator.handles[15][1]
    grant = house.x.oauth.grant(handle.platform_account_id)
    again = house.add_account(replace(handle, token=house.x.token_file(grant)), 1)
    assert again.id == refused
    record = house.sync()
    assert (house.outcomes(record), record.exit_status()) == (["ok"] * 20, ExitStatus.DONE)


def test_one_warning_for_a_credential_of_many_accounts(house, caplog):
    share(house, 3)
    house.x.oauth.withdraw(house.grants[0])
    caplog.clear()
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"] * 4
    assert len(warnings(caplog)) == 1
    assert house.refreshes() == 1
    caplog.clear()
    house.pass_time(minutes=10)
    record = house.sync()
    assert record.requests == 0
    assert len(warnings(caplog)) == 1


def test_a_refused_credential_is_tried_once_in_six_hours_and_healed_by_success(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    # A bare token without an end.
    house.accounts = house.populate("x", posts=2)
    share(house, 2)
    since = house.clock.now()
    house.world.faults.add(Fault("unauthorized", "x", times=None))
    house.sync()
    refused_at = house.row().refused_at
    assert refused_at - since < timedelta(minutes=1)
    house.pass_time(hours=5, minutes=59)
    assert house.sync().requests == 0
    house.pass_time(minutes=1)
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"] * 3
    assert sum(result.requests > 0 for result in record.accounts) == 1
    assert house.row().refused_at == refused_at, "since when it is refused"
    assert house.sync().requests == 0
    house.world.faults.clear()
    house.pass_time(hours=6)
    house.sync()
    assert house.row().refused_at is None
    assert house.outcomes(house.sync()) == ["ok"] * 3


def test_a_clock_that_was_wrong_keeps_nobody_from_trying(house):
    with house.opened() as found, found.database.write() as connection:
        ahead = house.clock.now() + timedelta(days=900)
        credentials.note_refusal(connection, 1, "X refused it.", ahead)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.row().refused_at is None


def test_a_credential_that_was_replaced_meanwhile_is_not_marked(house):
    with house.opened() as found, found.database.write() as connection:
        row = credentials.get(connection, 1)
        credentials.swap(connection, 1, row.version, row.ciphertext, credentials.Facts())
        credentials.note_refusal(connection, 1, "no", house.clock.now(), version=row.version)
    assert house.row().refused_at is None


def test_another_key_fails_its_accounts_alone_and_is_mended_by_the_right_one(house):
    old = house.home.key.read_bytes()
    house.home.key.write_bytes(Fernet.generate_key())
    house.add_x(2)
    before = house.row(0).ciphertext
    record = house.sync()
    assert sorted(house.outcomes(record)) == ["credential_refused", "ok"]
    assert record.exit_status() == ExitStatus.CREDENTIAL
    assert "can't be decrypted" in house.row(0).refused_reason
    assert house.row(0).ciphertext == before
    house.home.key.write_bytes(house.home.key.read_bytes() + b"\n" + old)
    house.pass_time(minutes=1)
    record = house.sync()
    assert house.outcomes(record) == ["ok", "ok"], "at once, not in six hours"
    assert house.row(0).refused_at is None


def test_a_dead_token_of_one_page_sets_nobody_else_aside(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    facebook = house.simulator.services["facebook"]
    pages = [facebook.populate(number, f"Page {number}", 2) for number in (1, 2, 3)]
    person = facebook.add_person([page.platform_account_id for page in pages])
    world = house.world.accounts
    own = {
        page.platform_account_id: page_token(
            facebook.host, person, world["facebook", page.platform_account_id]
        ).value
        for page in pages
    }
    credential = store(house, "facebook", Token(person.value, account_tokens=own), pages)
    house.pass_time(minutes=1)
    assert house.outcomes(house.sync()) == ["ok"] * 3
    house.world.tokens[own[pages[1].platform_account_id]].revoked = "The person lost the role."
    for _ in range(2):
        record = house.sync()
        assert house.outcomes(record) == ["ok", "credential_refused", "ok"]
        assert row_of(house, credential).refused_at is None
    for value in (*own.values(), person.value):
        house.world.tokens[value].revoked = "The password was changed."
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"] * 3
    assert row_of(house, credential).refused_at is not None
    assert house.sync().requests == 0


def store(house, platform, token, handles, *, app_id=None):
    """A credential as a log-in stores it, and the accounts that it serves."""
    now = house.clock.now()
    with house.opened() as found, found.database.write() as connection:
        id = credentials.add(
            connection, platform=platform, facts=credentials.Facts(), now=now, app_id=app_id
        )
        credentials.seal(connection, id, found.vault.seal({"credential": id}, sealed(token)))
        for handle in handles:
            accounts.put(
                connection, business_id=1, platform=handle.platform, kind=handle.kind,
                platform_account_id=handle.platform_account_id, name=None, credential_id=id,
                now=now,
            )  # fmt: skip
    return id


def row_of(house, id):
    with house.opened() as found, found.database.read() as connection:
        return credentials.get(connection, id)


def test_a_command_is_asked_again_once_after_a_refusal(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    handle = house.x.populate(1, "Acme", 2)
    first, second = (house.x.oauth.grant(handle.platform_account_id) for _ in range(2))
    file, asked = tmp_path / "token", tmp_path / "asked"
    file.write_text(json.dumps({"access_token": first.access, "refresh_token": first.refresh}))
    code = f"open({str(asked)!r}, 'a').write('x'); print(open({str(file)!r}).read())"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    new = NewAccount(1, "x", handle.platform_account_id, command=command)
    with house.opened() as found:
        asyncio.run(add_account(found.parts(), found.vault, new, check=False))
    house.world.tokens[first.access].revoked = "It has ended."
    note = house.world.journal.note

    def renewed_by_its_own_program(request):
        note(request)
        file.write_text(second.access)

    house.world.journal.note = renewed_by_its_own_program
    record = house.sync()
    assert house.outcomes(record) == ["ok"]
    assert asked.read_text() == "xx"
    assert first.rotations == 0, "another program renews it"
    house.world.tokens[second.access].revoked = "It has ended."
    asked.write_text("")
    assert house.outcomes(house.sync()) == ["credential_refused"]
    assert asked.read_text() == "xx", "once more, and no further"
    third = house.x.oauth.grant(handle.platform_account_id)
    house.world.journal.note = note
    file.write_text(third.access)
    assert house.outcomes(house.sync()) == ["ok"], "a command is asked in each run"


def test_a_token_that_another_program_renews_is_left_to_it(house):
    token = replace(house.token(), refreshes=False)
    with house.opened() as found, found.database.write() as connection:
        text = found.vault.seal({"credential": 1}, sealed(token))
        credentials.seal(connection, 1, text)
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["credential_refused"]
    assert house.grants[0].rotations == 0


def test_a_credential_is_renewed_through_its_own_app(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    client = house.x.add_app("Second", "second-client", "second-secret")
    application = house.x.oauth.applications[client.client_id]
    handle = house.x.populate(1, "Acme", 2)
    grant = house.x.oauth.grant(handle.platform_account_id, application=application)
    with house.opened() as found, found.database.write() as connection:
        app = apps.add(
            connection, platform="x", name="Second", client_id=client.client_id,
            now=house.clock.now(),
        )  # fmt: skip
        apps.seal(
            connection, app, found.vault.seal({"app": app}, {"client_secret": "second-secret"})
        )
    token = Token(grant.access, grant.refresh, expires_at=house.clock.now() + timedelta(hours=2))
    store(house, "x", token, [handle], app_id=app)
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert grant.rotations == 1

    async def settings(tokens, sender):
        with house.opened() as found, found.database.read() as connection:
            account = accounts.listed(connection)[0]
        return (await tokens.access(account, sender)).settings

    used = house.with_tokens(settings)
    assert (used.client_id, used.client_secret) == ("second-client", "second-secret")


def test_an_app_of_facebook_is_used_behind_instagram():
    facebook = PlatformSettings(base_url="https://f", client_id="1", client_secret="default")
    own = PlatformSettings(
        base_url="https://i", client_id="2", client_secret="own", siblings={"facebook": facebook}
    )
    used = settings_with(own, "instagram", App("facebook", "3", "third"))
    assert (used.client_id, used.client_secret) == ("2", "own")
    there = used.siblings["facebook"]
    assert (there.client_id, there.client_secret, there.base_url) == ("3", "third", "https://f")
    used = settings_with(own, "instagram", App("instagram", "4", "fourth"))
    assert (used.client_id, used.siblings) == ("4", own.siblings)


def test_what_signs_requests_reaches_the_platform(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    handle = house.x.populate(1, "Acme", 2)
    oauth1 = OAuth1(**house.x.oauth1(handle.platform_account_id))
    store(house, "x", Token(oauth1.token, oauth1=oauth1), [handle])

    async def got(tokens, sender):
        with house.opened() as found, found.database.read() as connection:
            account = accounts.listed(connection)[0]
        return await tokens.access(account, sender)

    assert house.with_tokens(got).oauth1 == oauth1
    house.pass_time(days=300)
    assert house.outcomes(house.sync()) == ["ok"], "it never ends"


def test_a_new_token_is_given_the_time_that_its_platform_needs(house, monkeypatch):
    monkeypatch.setattr(
        type(all_platforms()["x"].login()), "settle", timedelta(seconds=5), raising=False
    )
    house.pass_time(**ENDED)
    began = house.clock.monotonic()
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.clock.monotonic() - began >= 5
    began = house.clock.monotonic()
    house.pass_time(minutes=1)
    house.sync()
    assert house.clock.monotonic() == began


def test_a_refusal_that_no_renewal_could_follow_is_for_later(house):
    share(house, 2)
    house.world.faults.add(Fault("unauthorized", "x", "/2/(tweets|users)", times=None))
    house.world.faults.add(Fault("status", "x", "oauth2/token", times=None, status=503))
    record = house.sync()
    assert house.outcomes(record) == ["busy"] * 3
    assert record.exit_status() == ExitStatus.TRY_LATER
    assert record.requests == 3 + 1, "renewal is asked for once, for all its accounts"
    assert house.row().refused_at is None
    house.world.faults.clear()
    assert house.outcomes(house.sync()) == ["ok"] * 3


def test_a_bare_token_of_instagram_is_renewed_after_a_day_without_any_app(tmp_path):
    house = House(tmp_path, settings={})
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        del house.environ[f"ANALYTICS_SYNC_PLATFORMS__INSTAGRAM__{name}"]
    house.add_business()
    (account,) = house.populate("instagram", posts=3)

    def row():
        with house.opened() as found, found.database.read() as connection:
            return credentials.get(connection, account.credential_id)

    house.sync()
    assert (row().version, row().renews, row().expires_at) == (1, True, None)
    house.world.clock.advance(timedelta(days=1, minutes=1))
    house.sync()
    assert row().version == 2
    assert row().expires_at - house.clock.now() > timedelta(days=59)
    house.sync()
    assert row().version == 2
