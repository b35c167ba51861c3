"""The refresh protocol in one process: when, how often, and what a kill at each step leaves."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.credentials import OAuth1, Token
from analytics_sync.errors import ExitStatus
from analytics_sync.locks import try_lock
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import accounts, credentials
from analytics_sync.tokens.journal import Draft, Journal
from analytics_sync.tokens.renewal import Renewal, successor
from support.house import START
from support.renewals import ENDED, NEARLY, Renewals


class Killed(BaseException):
    """Stands for kill -9: nothing after it is done. (`test_race` kills for real.)"""


@pytest.fixture
def house(tmp_path):
    return Renewals(tmp_path)


def test_a_token_is_renewed_ahead_of_its_end_and_not_earlier(house):
    house.pass_time(hours=1, minutes=54)
    house.sync()
    assert (house.refreshes(), house.row().version) == (0, 1)
    house.pass_time(minutes=2)
    record = house.sync()
    assert house.outcomes(record) == ["ok"]
    assert (house.refreshes(), house.row().version) == (1, 2)
    assert house.lives()
    assert house.row().expires_at - house.clock.now() == timedelta(hours=2)
    assert house.journals() == []


def test_one_credential_of_many_accounts_is_renewed_once(house):
    account = house.accounts[0]
    for number in (2, 3, 4):
        house.add_business(f"Client {number}")
        with house.opened() as found, found.database.write() as connection:
            house.accounts.append(put(connection, account, number, house.clock.now()))
    house.pass_time(**ENDED)
    record = house.sync()
    assert house.outcomes(record) == ["ok"] * 4
    assert house.refreshes() == house.grants[0].rotations == 1


def put(connection, account, business, now):
    return accounts.put(
        connection, business_id=business, platform="x",
        platform_account_id=account.platform_account_id, kind=None, name=None,
        credential_id=account.credential_id, now=now,
    )  # fmt: skip


def test_a_refused_token_is_renewed_once_and_nothing_is_read_twice(tmp_path):
    house = Renewals(tmp_path, accounts=0)
    house.add_x(1, posts=60)
    house.sync()
    house.pass_time(minutes=30)
    house.world.faults.add(Fault("unauthorized", "x", "/2/tweets", skip=1))
    record = house.sync()
    assert house.outcomes(record) == ["ok"]
    assert house.refreshes() == 1
    assert record.total("synced") == record.total("selected") > 0
    assert record.total("failed") == 0
    assert house.lives()


def test_a_token_that_is_refused_again_is_not_renewed_again(house):
    house.pass_time(minutes=30)
    house.world.faults.add(Fault("unauthorized", "x", "/2/(tweets|users)", times=None))
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"]
    assert house.refreshes() == 1
    assert house.lives()


def killed_at(monkeypatch, step):
    """Let the process die at a step of the protocol."""

    def die(*_, **__):
        raise Killed

    async def die_soon(*_, **__):
        raise Killed

    if step == "before the request":
        monkeypatch.setattr("analytics_sync.platforms._x.login.XLogin.renew", die_soon)
    elif step == "after the answer":
        monkeypatch.setattr(Draft, "put", die)
    elif step == "after the journal":
        monkeypatch.setattr(credentials, "swap", die)
    elif step == "after the commit":
        monkeypatch.setattr(Journal, "remove", die)
    else:
        monkeypatch.setattr("analytics_sync.sync.account.open_context", die)


@pytest.mark.parametrize(
    ("step", "lives"),
    [
        ("before the request", True),
        ("after the answer", False),
        ("after the journal", True),
        ("after the commit", True),
        ("after all of it", True),
    ],
)
def test_a_kill_at_each_step(house, monkeypatch, step, lives):
    house.pass_time(**ENDED)
    with monkeypatch.context() as patched:
        killed_at(patched, step)
        with pytest.raises((Killed, BaseExceptionGroup)):
            house.sync()
    lying = step in {"after the journal", "after the commit"}
    assert house.journals() == (["credential-1.journal"] if lying else [])
    record = house.sync()
    assert house.outcomes(record) == ["ok" if lives else "credential_refused"]
    assert house.lives() is lives
    # What was left after the commit is of no use, and goes with the next renewal.
    house.pass_time(**ENDED)
    house.sync()
    assert house.journals() == []
    assert house.grants[0].rotations == (1 if not lives else 2)


def test_the_same_on_both_databases(tmp_path, monkeypatch, database_url, database):
    house = Renewals(tmp_path, database_url=database_url)
    for step in ("", "after the journal", "after the commit"):
        house.pass_time(**ENDED)
        with monkeypatch.context() as patched:
            if step:
                killed_at(patched, step)
                with pytest.raises((Killed, BaseExceptionGroup)):
                    house.sync()
        assert house.outcomes(house.sync()) == ["ok"]
        assert house.lives()
    assert house.grants[0].rotations == 3


def left_behind(house, monkeypatch):
    """A renewal that died with its journal written; gives the file."""
    house.pass_time(**ENDED)
    with monkeypatch.context() as patched:
        killed_at(patched, "after the journal")
        with pytest.raises((Killed, BaseExceptionGroup)):
            house.sync()
    return house.home.path / "journal" / "credential-1.journal"


def test_a_stale_journal_puts_nothing_old_over_what_is_newer(house, monkeypatch):
    file = left_behind(house, monkeypatch)
    stale = file.read_bytes()
    house.sync()
    house.pass_time(**ENDED)
    house.sync()
    file.write_bytes(stale)
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()
    assert house.journals() == []


def test_the_journal_of_a_deleted_credential_is_nobodys(house, monkeypatch):
    left_behind(house, monkeypatch)
    house.world.clock.advance(timedelta(minutes=1))
    with house.opened() as found, found.database.write() as connection:
        connection.exec_driver_sql("UPDATE account SET credential_id = NULL")
        connection.exec_driver_sql("DELETE FROM credential")
    handle = house.simulator.handles[0][1]
    grant = house.x.oauth.grant(handle.platform_account_id)
    house.grants[0] = grant
    house.add_account(replace(handle, token=house.x.token_file(grant)), 1, check=False)
    assert house.row().id == 1, "the id was given again"
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()
    assert house.journals() == []


def test_what_is_left_of_a_deleted_credential_goes_with_the_next_renewal(tmp_path, monkeypatch):
    house = Renewals(tmp_path, accounts=2)
    house.pass_time(**ENDED)
    both = asyncio.Barrier(2)

    async def die_together(*_):
        await both.wait()
        raise Killed

    with monkeypatch.context() as patched:
        # The first to die ends the other's run, wherever that has got to.
        patched.setattr(Renewal, "_commit", die_together)
        with pytest.raises((Killed, BaseExceptionGroup)):
            house.sync()
    assert house.journals() == ["credential-1.journal", "credential-2.journal"]
    with house.opened() as found, found.database.write() as connection:
        accounts.remove(connection, house.accounts[0].id, house.clock.now())
    assert house.outcomes(house.sync()) == ["ok"]
    assert "credential-1.journal" in house.journals()
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.journals() == []
    assert house.lives(1)


def test_a_journal_that_is_no_journal_is_kept_aside(house):
    folder = house.home.path / "journal"
    folder.mkdir()
    (folder / "credential-1.journal").write_bytes(b"\xff garbage")
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.journals() == ["credential-1.unreadable"]


def test_a_journal_for_which_there_is_no_key_is_not_overwritten(house, monkeypatch):
    file = left_behind(house, monkeypatch)
    version, _, ciphertext = file.read_text().partition(" ")
    other = f"{version} {ciphertext[:40]}A{ciphertext[41:]}"
    file.write_text(other)
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"]
    assert "can't be decrypted" in record.accounts[0].failures[0].message
    assert file.read_text() == other
    assert house.grants[0].rotations == 1, "no request"
    # Connecting again is what heals it; then the file is of no use any more.
    file.write_text(f"{version} {ciphertext}")
    assert house.outcomes(house.sync()) == ["ok"], "the key is back"
    assert house.lives()


def test_a_journal_is_taken_up_though_another_machine_was_refused_meanwhile(house, monkeypatch):
    left_behind(house, monkeypatch)
    with house.opened() as found, found.database.write() as connection:
        credentials.note_refusal(connection, 1, "X refused it.", house.clock.now())
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()
    assert house.row().refused_at is None


def test_another_process_that_renews_is_waited_for_and_its_token_used(house):
    house.pass_time(**ENDED)
    held = try_lock(house.home.path / "locks" / "credential-1.lock")
    sleep = house.clock.sleep

    async def winner(seconds):
        """While this one waits, the other one stores what it got."""
        house.clock.sleep = sleep
        held.release()
        await asyncio.to_thread(house.sync_elsewhere)
        await sleep(seconds)

    house.sync_elsewhere = lambda: house.with_tokens(
        lambda tokens, sender: tokens.access(house.accounts[0], sender)
    )
    house.clock.sleep = winner
    record = house.sync()
    assert house.outcomes(record) == ["ok"]
    assert house.grants[0].rotations == 1
    assert house.lives()


def test_a_process_that_renews_for_too_long(house):
    house.pass_time(**NEARLY)
    with try_lock(house.home.path / "locks" / "credential-1.lock"):
        record = house.sync()
        assert house.outcomes(record) == ["ok"], "the old token is still good"
        house.pass_time(minutes=5)
        record = house.sync()
    assert house.outcomes(record) == ["busy"]
    assert record.exit_status() == ExitStatus.TRY_LATER
    assert house.grants[0].rotations == 0


def test_no_answer_leaves_the_old_token_in_use_while_it_lives(house):
    house.pass_time(**NEARLY)
    house.world.faults.add(Fault("refuse", "x", "oauth2/token", times=None))
    assert house.outcomes(house.sync()) == ["ok"]
    house.pass_time(minutes=5)
    record = house.sync()
    assert house.outcomes(record) == ["busy"]
    assert record.exit_status() == ExitStatus.TRY_LATER
    assert [f.code for f in record.accounts[0].failures] == ["platform_unavailable"]
    assert house.row().refused_at is None
    house.world.faults.clear()
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()


def test_an_answer_that_got_lost_is_not_asked_for_again_in_the_same_run(house):
    house.pass_time(**ENDED)
    house.world.faults.add(Fault("lost", "x", "oauth2/token"))
    assert house.outcomes(house.sync()) == ["busy"]
    assert house.grants[0].rotations == 1
    assert house.outcomes(house.sync()) == ["credential_refused"], "the window nobody can close"


def test_a_renewal_that_is_cancelled_comes_to_its_end(house):
    house.pass_time(**ENDED)
    house.world.faults.add(Fault("late", "x", "oauth2/token", seconds=0.05))

    async def cancelled(tokens, sender):
        renewing = asyncio.ensure_future(tokens.access(house.accounts[0], sender))
        while not house.grants[0].rotations:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)
        renewing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await renewing

    house.with_tokens(cancelled)
    assert house.lives()
    assert house.journals() == []


def test_a_full_disk_is_met_before_the_token_is_spent(house, monkeypatch):
    house.pass_time(**NEARLY)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    record = house.sync()
    assert house.outcomes(record) == ["ok"]
    assert house.grants[0].rotations == 0
    house.pass_time(minutes=5)
    record = house.sync()
    assert house.outcomes(record) == ["failed"]
    assert "No space left" in record.accounts[0].failures[0].message
    assert house.grants[0].rotations == 0


def test_a_row_that_was_sealed_anew_meanwhile_still_takes_the_successor(house, monkeypatch):
    """As a rotation of keys does."""
    put = Draft.put

    def put_and_reseal(draft, version, token, replaced):
        put(draft, version, token, replaced)
        row = house.row()
        with house.opened() as found, found.database.write() as connection:
            secret = found.vault.open({"credential": 1}, row.ciphertext)
            text = found.vault.seal({"credential": 1}, secret)
            credentials.swap(connection, 1, row.version, text, credentials.Facts())

    monkeypatch.setattr(Draft, "put", put_and_reseal)
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()
    assert house.row().version == 3


def test_a_consent_given_anew_meanwhile_is_kept(house, monkeypatch):
    put = Draft.put
    handle = house.simulator.handles[0][1]

    def put_and_connect(draft, version, token, replaced):
        put(draft, version, token, replaced)
        house.grants[0] = house.x.oauth.grant(handle.platform_account_id)
        row, now = house.row(), house.clock.now()
        fresh = {
            "access_token": house.grants[0].access,
            "refresh_token": house.grants[0].refresh,
            "expires_at": (now + timedelta(hours=2)).isoformat(),
        }
        with house.opened() as found, found.database.write() as connection:
            text = found.vault.seal({"credential": 1}, fresh)
            credentials.swap(connection, 1, row.version, text, credentials.Facts())

    monkeypatch.setattr(Draft, "put", put_and_connect)
    house.pass_time(**ENDED)
    assert house.outcomes(house.sync()) == ["ok"]
    assert house.lives()
    assert house.journals() == []


def test_without_an_app_the_token_is_used_as_it_is(tmp_path):
    house = Renewals(tmp_path)
    del house.environ["ANALYTICS_SYNC_PLATFORMS__X__CLIENT_ID"]
    house.pass_time(**ENDED)
    record = house.sync()
    assert house.outcomes(record) == ["credential_refused"]
    assert house.grants[0].rotations == 0


def test_an_app_that_the_platform_does_not_take_is_a_matter_of_settings(tmp_path):
    house = Renewals(tmp_path, settings={"PLATFORMS__X__CLIENT_SECRET": "wrong-secret"})
    house.pass_time(**ENDED)
    record = house.sync()
    assert house.outcomes(record) == ["failed"]
    assert [f.code for f in record.accounts[0].failures] == ["configuration"]
    assert house.row().refused_at is None


texts = st.none() | st.text("abc", min_size=1, max_size=3)
tokens = st.builds(
    Token,
    access_token=st.text("abc", min_size=1),
    refresh_token=texts | st.just(""),
    scopes=st.sampled_from([(), ("a",), ("a", "b")]),
    account_tokens=st.dictionaries(
        st.text("12", min_size=1), st.text("ab", min_size=1), max_size=2
    ),
    oauth1=st.none() | st.just(OAuth1("key", "secret", "token", "token secret")),
)


@given(tokens, tokens)
def test_nothing_known_is_lost_because_it_was_not_said_again(before, answer):
    kept = successor(before, answer, START)
    assert kept.access_token == answer.access_token
    assert kept.refresh_token == (answer.refresh_token or before.refresh_token)
    assert kept.scopes == (answer.scopes or before.scopes)
    assert kept.account_tokens == (answer.account_tokens or before.account_tokens)
    assert kept.oauth1 == (answer.oauth1 or before.oauth1)
    assert kept.issued_at == START
