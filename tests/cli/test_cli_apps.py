"""`app add|list|remove`, and what `account add` makes of apps and of the tokens given to them."""

import json
import sqlite3
from contextlib import closing

import pytest

from analytics_sync.clock import SystemClock
from analytics_sync.tokens.apps import stored_app
from support.command import Command
from support.house import House

ADD = ("app", "add")
SECRET = "a-very-secret-client-secret"


@pytest.fixture
def offline(house: House, command: Command) -> Command:
    """The program in a house with one business, whose platforms do not answer."""
    command.set(house.environ)
    command.secrets.add(SECRET)
    return command


def add(command: Command, platform: str, name: str, *more: str, secret: str = SECRET) -> int:
    stdin = ("--client-secret-stdin",) if secret else ()
    arguments = (*ADD, platform, "--name", name, "--client-id", f"id-of-{name}", *stdin, *more)
    return int(command.call(*arguments, stdin=secret.encode()).document["id"])


def test_apps_are_kept_with_sealed_secrets_listed_and_removed(
    offline: Command, house: House
) -> None:
    first, second = add(offline, "linkedin", "agency"), add(offline, "twitter", "p", secret="")

    listed = offline.call("app", "list").document["apps"]
    assert [(one["id"], one["platform"], one["has_secret"]) for one in listed] == [
        (first, "linkedin", True),
        (second, "x", False),
    ]
    assert SECRET.encode() not in house.home.database.read_bytes()
    with house.opened() as opened, opened.database.read() as connection:
        assert stored_app(connection, opened.vault, first).client_secret == SECRET
    assert "id-of-agency" in offline.say("app", "list").output
    assert offline.call("app", "remove", str(first)).document == {"id": first, "removed": True}
    assert offline.refuse(2, "unknown_app", "app", "remove", str(first))


def test_mistakes_in_apps_are_named(offline: Command) -> None:
    add(offline, "facebook", "agency")

    def refused(*arguments: str, code: str = "usage", stdin: bytes = b"") -> str:
        return offline.refuse(2, code, *ADD, *arguments, stdin=stdin)

    named = ("--name", "agency", "--client-id", "1")
    assert "already" in refused(
        "facebook", *named, "--client-secret-stdin", code="app_exists", stdin=SECRET.encode()
    )
    assert "client secret" in refused("linkedin", *named)
    assert "empty" in refused("linkedin", *named, "--client-secret-stdin")
    assert "one word" in refused("x", *named, "--client-secret-stdin", stdin=b"two words")
    assert "--name" in refused("x", "--name", "12", "--client-id", "1")
    assert "--client-id" in refused("x", "--name", "a", "--client-id", "")
    assert "several" in refused("meta", *named)
    assert "platform" in refused("myspace", *named, code="unknown_platform")


def test_a_token_remembers_its_app_and_whether_it_is_renewed(
    offline: Command, house: House
) -> None:
    app = add(offline, "x", "agency")
    token = json.dumps({"access_token": "an-access-token", "refresh_token": "a-refresh-token"})
    offline.secrets |= {"an-access-token", "a-refresh-token"}

    def added(id: str, *more: str) -> int:
        arguments = ("account", "add", "1", "x", "--token-stdin", "--platform-account-id", id)
        result = offline.call(*arguments, "--no-check", *more, stdin=token.encode())
        assert result.status == 0, result
        return int(result.document["credential_id"])

    renewed, kept = added("1", "--app", "agency"), added("2", "--app", "agency", "--no-refresh")
    usual = added("3")

    with closing(sqlite3.connect(house.home.database)) as connection:
        rows = connection.execute("SELECT id, app_id, renews FROM credential ORDER BY id")
        assert list(rows) == [(renewed, app, 1), (kept, app, 0), (usual, None, 1)]
    text = offline.refuse(2, "app_in_use", "app", "remove", str(app))
    assert f"credentials {renewed}, {kept}" in text
    assert "no x app" in offline.refuse(
        2,
        "unknown_app",
        *("account", "add", "1", "x", "--token-stdin", "--no-check", "--app", "none"),
        stdin=token.encode(),
    )


def test_a_token_without_any_app_to_renew_it_is_not_called_renewing(
    offline: Command, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANALYTICS_SYNC_PLATFORMS__X__CLIENT_ID")
    token = json.dumps({"access_token": "an-access-token", "refresh_token": "a-refresh-token"})

    offline.call(
        *("account", "add", "1", "x", "--token-stdin", "--platform-account-id", "1", "--no-check"),
        stdin=token.encode(),
    )

    with closing(sqlite3.connect(house.home.database)) as connection:
        assert list(connection.execute("SELECT renews FROM credential")) == [(0,)]


def test_an_account_signs_by_oauth_1(at_platforms: Command, house: House) -> None:
    x = house.simulator.services["x"]
    handle = x.populate(1, "Acme", 3)
    # What is signed is dated, by the machine's clock.
    house.world.clock.advance(SystemClock().now() - house.clock.now())
    file = x.oauth1_file(handle.platform_account_id)  # type: ignore[attr-defined]

    told = at_platforms.call(*("account", "add", "1", "x", "--token-stdin"), stdin=file.encode())

    assert told.document["platform_account_id"] == handle.platform_account_id
    assert at_platforms.call("sync").document["posts"]["synced"] == 3


def test_instagram_accounts_use_a_consent_of_facebook(at_platforms: Command, house: House) -> None:
    facebook = house.simulator.services["facebook"]
    page = facebook.populate(1, "Acme", 1)
    handle = facebook.add_instagram(page.platform_account_id, "acme", 3)  # type: ignore[attr-defined]
    added = at_platforms.call(
        *("account", "add", "1", "facebook", "--token-stdin"), stdin=handle.token.encode()
    )
    id = str(added.document["credential_id"])
    arguments = ("account", "add", "1", "instagram", "--credential", id)

    told = at_platforms.call(*arguments, "--platform-account-id", handle.platform_account_id)
    wrong = at_platforms.refuse(2, "usage", *arguments, "--kind", "instagram-login")
    missing = at_platforms.call(*arguments, "--platform-account-id", "17841499999999999")

    assert told.document["kind"] == "facebook-login"
    assert str(told.document["credential_id"]) == id
    assert "for facebook" in wrong
    assert missing.status != 0, "it was asked whether the credential reaches it"
