from datetime import UTC, datetime, timedelta

import pytest

from support.consents import put_credential
from support.log_ins import logged_in_at_x
from support.rows import changed

DAY = timedelta(days=1)


@pytest.fixture
def home(house):
    return house.home.path


@pytest.fixture
def offline(house, command):
    """The program in the house, where no platform can be reached."""
    command.set(house.environ)
    return command


def listed(command):
    return command.call("credential", "list").document["credentials"]


def revocations(result):
    return [(one["credential_id"], one["revoked"]) for one in result.document["revocations"]]


def test_each_credential_is_listed_with_its_accounts_and_its_end(offline, home):
    now = datetime.now(UTC)
    put_credential(home, 1, accounts=3, expires_at=now + 5.5 * DAY, scopes="a b")
    put_credential(home, 2, renews=1, renew_until=now + 300.5 * DAY)
    put_credential(home, 3, renews=1, expires_at=now - DAY)
    put_credential(home, 4, refused_at=now, refused_reason="withdrawn")
    put_credential(home, 5, expires_at=now - DAY)
    put_credential(home, 6, accounts=0)
    found = listed(offline)
    assert [one["days_left"] for one in found] == [5, 300, None, None, 0, None]
    assert [len(one["accounts"]) for one in found] == [3, 1, 1, 1, 1, 0]
    assert found[0]["scopes"] == ["a", "b"]
    assert found[3]["refused_reason"] == "withdrawn"
    told = offline.say("credential", "list").output
    assert "sealed" not in told
    for words in (
        "Page 1 +2",
        "ends in 5 days",
        "renews itself, for 300 days",
        "renews itself\n",
        "refused since",
        "ended on",
        "no end known",
    ):
        assert words in told


def test_what_ends_soon_stands_in_the_status_with_what_mends_it(offline, home):
    now = datetime.now(UTC)
    put_credential(home, 1, accounts=5, expires_at=now + 13.5 * DAY, subject_id="77")
    put_credential(home, 2, expires_at=now - DAY)
    put_credential(home, 3, expires_at=now + 15 * DAY)
    ended, soon = offline.call("status").document["status"]["attention"]
    assert {ended["code"], soon["code"]} == {"credential_ends"}
    assert "Page 1 of Acme" in ended["message"]
    assert ended["since"] is not None
    assert ended["command"].startswith("analytics-sync account add 1 linkedin --platform-account")
    assert "Credential 1 (linkedin, Ada) ends in 13 days" in soon["message"]
    assert "and 2 more accounts" in soon["message"]
    assert (soon["since"], soon["command"]) == (None, "analytics-sync account connect 1 linkedin")


def test_removing_an_account_ends_its_consent_at_the_platform(at_platforms, house):
    one = logged_in_at_x(house)
    result = at_platforms.call("account", "remove", str(one.account.id))
    assert revocations(result) == [(one.credential_id, True)]
    assert result.document["deleted"] == {"credential": 1}
    assert one.grant.ended
    assert listed(at_platforms) == []


def test_a_consent_that_another_account_needs_is_kept(at_platforms, house):
    house.add_business("Other")
    first = logged_in_at_x(house)
    changed(
        house.home.path,
        "INSERT INTO account (business_id, platform, platform_account_id, credential_id,"
        " discovered, created_at) VALUES (2, 'x', '77', ?, '{}', 0)",
        first.credential_id,
    )
    result = at_platforms.call("account", "remove", str(first.account.id))
    assert revocations(result) == []
    assert not first.grant.ended


def test_a_consent_of_the_same_person_in_another_credential_is_kept(at_platforms, house):
    one = logged_in_at_x(house)
    put_credential(house.home.path, 9, platform="x", subject_id=one.account.platform_account_id)
    result = at_platforms.call("account", "remove", str(one.account.id))
    assert "credential 9" in result.document["revocations"][0]["reason"]
    assert not one.grant.ended


def test_nothing_is_revoked_where_nobody_wants_it(at_platforms, house):
    one = logged_in_at_x(house)
    result = at_platforms.call("account", "remove", str(one.account.id), "--no-revoke")
    assert (revocations(result), result.document["deleted"]) == ([], {"credential": 1})
    assert not one.grant.ended


def test_a_token_from_elsewhere_is_revoked_only_when_asked(at_platforms, house):
    (account,) = house.populate("x", posts=1)
    result = at_platforms.call("account", "remove", str(account.id))
    (told,) = result.document["revocations"]
    assert not told["revoked"]
    assert "made elsewhere" in told["reason"]
    assert "Connected apps" in told["by_hand"]
    (account,) = house.populate("x", posts=1)
    said = at_platforms.say("account", "remove", str(account.id), "--revoke")
    assert "Revoked at the platform" in said.output


@pytest.mark.slow
def test_a_platform_that_is_down_blocks_no_removal_and_the_way_by_hand_is_told(at_platforms, house):
    one = logged_in_at_x(house)
    at_platforms.set({"ANALYTICS_SYNC_PLATFORMS__X__TOKEN_URL": "http://127.0.0.1:9/token"})
    said = at_platforms.say("account", "remove", str(one.account.id))
    assert said.status == 0
    assert "Not revoked at the platform" in said.output
    assert "By hand: At x.com" in said.output
    assert listed(at_platforms) == []


def test_without_the_key_an_account_is_removed_all_the_same(at_platforms, house):
    one = logged_in_at_x(house)
    house.home.key.unlink()
    result = at_platforms.call("account", "remove", str(one.account.id))
    assert revocations(result) == [(one.credential_id, False)]
    assert listed(at_platforms) == []


def test_purging_a_business_ends_its_consents_and_says_what_was_deleted(at_platforms, house):
    one, other = logged_in_at_x(house), logged_in_at_x(house, 2)
    result = at_platforms.call("business", "remove", "1", "--purge")
    assert revocations(result) == [(one.credential_id, True), (other.credential_id, True)]
    assert result.document["deleted"]["credential"] == 2
    assert one.grant.ended
    assert other.grant.ended


def test_a_removal_that_was_killed_half_way_is_told_and_finished(at_platforms, house, monkeypatch):
    one = logged_in_at_x(house)

    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("analytics_sync.cli.revoked.end", kill)
        with pytest.raises(Killed):
            at_platforms.call("account", "remove", str(one.account.id))
    (left,) = listed(at_platforms)
    assert left["accounts"] == []
    # Another account comes and goes meanwhile, which sweeps up what nobody uses.
    (other,) = house.populate("x", posts=1)
    at_platforms.call("account", "remove", str(other.id), "--no-revoke")
    changed(house.home.path, "UPDATE credential SET refused_at = refused_at - 600000")
    attention = at_platforms.call("status").document["status"]["attention"]
    (told,) = [one for one in attention if one["code"] == "credential_left_over"]
    assert told["command"] == f"analytics-sync credential remove {one.credential_id}"
    result = at_platforms.call(*told["command"].split()[1:])
    assert revocations(result) == [(one.credential_id, True)]
    assert one.grant.ended
    assert listed(at_platforms) == []


def test_removing_a_credential_needs_a_yes_and_leaves_its_accounts(at_platforms, house):
    one = logged_in_at_x(house)
    words = at_platforms.refuse(2, "usage", "credential", "remove", str(one.credential_id))
    assert "serves 1 account: acme1 of Acme" in words
    assert not one.grant.ended
    result = at_platforms.call("credential", "remove", str(one.credential_id), "--yes")
    assert result.document["accounts"] == [one.account.id]
    assert one.grant.ended
    (account,) = at_platforms.call("account", "list").document["accounts"]
    assert account["credential_id"] is None


def test_a_credential_that_is_not_there(offline):
    offline.refuse(2, "unknown_credential", "credential", "remove", "7", "--yes")
    offline.refuse(2, "unknown_credential", "credential", "replace", "7", "8")


def test_all_accounts_move_to_another_credential_that_reaches_them(at_platforms, house):
    house.add_business("Other")
    old = logged_in_at_x(house)
    # As another person to whom the account was given meanwhile.
    changed(house.home.path, "UPDATE credential SET subject_id = 'Grace'")
    new = logged_in_at_x(house, business=2)
    result = at_platforms.call(
        "credential", "replace", str(old.credential_id), str(new.credential_id)
    )
    assert result.document["moved"] == [old.account.id]
    assert revocations(result) == [(old.credential_id, True)]
    assert (old.grant.ended, new.grant.ended) == (True, False)
    assert [one["id"] for one in listed(at_platforms)] == [new.credential_id]


def test_accounts_that_the_other_does_not_reach_are_named_and_stay(at_platforms, house):
    old, new = logged_in_at_x(house), logged_in_at_x(house, 2)
    numbers = str(old.credential_id), str(new.credential_id)
    words = at_platforms.refuse(2, "account_not_reached", "credential", "replace", *numbers)
    assert f"account {old.account.id} (acme1)" in words
    assert len(listed(at_platforms)) == 2
    result = at_platforms.call("credential", "replace", *numbers, "--force", "--no-revoke")
    assert result.document["not_reached"] == [old.account.id]
    assert len(listed(at_platforms)[0]["accounts"]) == 2
    assert not old.grant.ended


def test_a_credential_of_another_platform_takes_no_accounts(offline, house):
    one = logged_in_at_x(house)
    put_credential(house.home.path, 9)
    words = offline.refuse(2, "usage", "credential", "replace", str(one.credential_id), "9")
    assert "linkedin" in words
