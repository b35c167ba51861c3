"""`[notify]`, and values that stand in files of their own."""

from pathlib import Path

import pytest

from analytics_sync.errors import ConfigurationInvalid
from analytics_sync.logs import redacted
from analytics_sync.settings.address import check_ping_address, ping_secrets
from analytics_sync.wiring import installation
from support.settings_doubles import Desk

UUID = "4c1f2e9a-0000-4a55-9d9a-abcdefabcdef"


def test_nobody_is_told_by_default(desk: Desk) -> None:
    assert not desk.load().notify


def test_an_address_and_a_command_are_taken(desk: Desk) -> None:
    notify = desk.load(
        f'[notify]\nurl = "https://hc-ping.com/{UUID}?rid=1"\ncommand = "/opt/tell me"'
    ).notify
    assert notify.url == f"https://hc-ping.com/{UUID}?rid=1"
    assert notify.command == ("/opt/tell", "me")
    assert UUID not in repr(notify)


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("https://hc-ping.com/a/", "https://hc-ping.com/a"),
        ("https://hc-ping.com/KEY/{job}?create=1", "https://hc-ping.com/KEY/{job}?create=1"),
        ("http://127.0.0.1:8000/ping/a", "http://127.0.0.1:8000/ping/a"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_addresses_may_have_a_query_and_a_place_for_the_job(written: str, taken: str) -> None:
    assert check_ping_address(written) == taken


@pytest.mark.parametrize(
    "url",
    [
        f"http://hc-ping.com/{UUID}",
        f"hc-ping.com/{UUID}",
        f"https://u:p@hc-ping.com/{UUID}",
        f"https://hc-ping.com/{UUID}#x",
        f"https://hc-ping.com/{UUID}?a b",
        f"https://hc-ping.com/{UUID}?ü",
        f"https://hc-ping.com/{UUID}?a=1#x",
        "",
    ],
)
def test_other_addresses_are_refused_without_being_shown(desk: Desk, url: str) -> None:
    with pytest.raises(ConfigurationInvalid) as refused:
        desk.load(f'[notify]\nurl = "{url}"')
    assert "notify.url" in refused.value.message
    assert UUID not in refused.value.message


def test_only_the_host_of_the_address_is_ever_shown(desk: Desk) -> None:
    settings = desk.load(f'[notify]\nurl = "https://hc-ping.com/{UUID}/{{job}}"')
    shown = {one.key: one.value for one in settings.origins}
    assert shown["notify.url"] == "https://hc-ping.com/****"


def test_no_part_of_the_address_reaches_a_log(tmp_path: Path) -> None:
    environ = {
        "ANALYTICS_SYNC_HOME": str(tmp_path / "home"),
        "ANALYTICS_SYNC_NOTIFY__URL": f"https://hc-ping.com/api/{UUID}/{{job}}?create=1",
    }
    with installation(environ):
        said = redacted(f"POST https://hc-ping.com/api/{UUID}/sync_business_1/start?create=1")
    assert UUID not in said
    assert "create" in redacted("create a job of the api")


def test_short_words_of_an_address_stay_words() -> None:
    assert ping_secrets("https://h.example/notify/T0?x=1")[1:] == ["notify/T0?x=1"]


def test_a_value_may_stand_in_a_file_of_its_own(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "database-url"
    secret.write_text("postgresql://me:hunter2@db/name\n")
    variable = "ANALYTICS_SYNC_DATABASE_URL"
    settings = desk.load("", {f"{variable}_FILE": str(secret)})
    assert settings.database_url == "postgresql://me:hunter2@db/name"
    assert "hunter2" in settings.secrets
    assert settings.environment == (f"{variable}_FILE",)
    both = {f"{variable}_FILE": str(secret), variable: "sqlite:////a.db"}
    assert desk.load("", both).database_url == "sqlite:////a.db"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "the file can't be read: No such file or directory"),
        (b"", "the file is empty"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"mysql://u:hunter2@h/d", "must be sqlite:////absolute/path.db"),
    ],
)
def test_a_file_that_holds_no_value_is_named_by_its_variable(
    desk: Desk, tmp_path: Path, content: bytes | None, words: str
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(ConfigurationInvalid) as refused:
        desk.load("", {"ANALYTICS_SYNC_DATABASE_URL_FILE": str(secret)})
    assert words in refused.value.message
    assert "ANALYTICS_SYNC_DATABASE_URL_FILE" in refused.value.message
    assert "hunter2" not in refused.value.message


def test_a_file_for_a_setting_that_does_not_exist_is_a_mistake(desk: Desk) -> None:
    with pytest.raises(ConfigurationInvalid, match="ANALYTICS_SYNC_MAX_RAN_FILE"):
        desk.load("", {"ANALYTICS_SYNC_MAX_RAN_FILE": "/dev/null"})
