"""Homes, configurations, keys and environments that are no use: named, with what to do."""

import os
import pwd
import shutil
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from support.command import Command
from support.house import House
from support.rights import bound_by_rights

HOME = "ANALYTICS_SYNC_HOME"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_home_that_is_a_file(command: Command, home: Path) -> None:
    home.write_text("x")
    for place in (home, home / "below"):
        command.set({HOME: str(place)})
        for words in (["init"], ["business", "list"], ["sync"], ["sync", "--due"], ["logs"]):
            told = command.refuse(78, "configuration", *words)
            assert HOME in told
            assert str(place) in told
        assert command.call("config", "path").status == 0
    assert home.read_text() == "x"


@pytest.mark.parametrize("name", ["locks", "logs"])
def test_a_file_where_a_folder_belongs(command: Command, home: Path, name: str) -> None:
    home.mkdir()
    (home / name).write_text("")
    told = command.refuse(78, "configuration", "business", "add", "Acme")
    assert f"{home / name} is in the way" in told


def test_a_home_that_may_not_be_made(command: Command, tmp_path: Path) -> None:
    fixed = tmp_path / "fixed"
    fixed.mkdir()
    fixed.chmod(0o500)
    command.set({HOME: str(fixed / "home")})
    with bound_by_rights():
        for words in (["init"], ["business", "add", "Acme"], ["sync"], ["runs"]):
            told = command.refuse(78, "configuration", *words)
            assert str(fixed / "home") in told
            assert "Permission denied" in told
        assert command.call("logs").document == {"logs": []}
    assert not any(fixed.iterdir())


def test_a_home_that_may_be_read_only(command: Command, home: Path) -> None:
    assert command.call("init").status == 0
    (home / "config.toml").unlink()
    home.chmod(0o500)
    try:
        with bound_by_rights():
            told = command.refuse(78, "configuration", "init")
            assert str(home / "config.toml") in told
            assert command.refuse(78, "database", "business", "add", "Acme")
            assert command.call("config", "check").status == 0
    finally:
        home.chmod(0o700)


def test_a_home_that_may_not_be_entered(command: Command, home: Path) -> None:
    assert command.call("init").status == 0
    home.chmod(0)
    try:
        with bound_by_rights():
            for words in (["init"], ["business", "list"], ["sync"], ["config", "check"], ["logs"]):
                assert str(home) in command.refuse(78, "configuration", *words)
            assert command.call("config", "path").document["path"] == str(home / "config.toml")
    finally:
        home.chmod(0o700)


@pytest.mark.parametrize(
    "name",
    ["relative/home", "with space", "it's", 'quo"te', "100%", "a#b", "ünï", "$(x)", "a&b=c", "[x]"],
)
def test_a_home_of_any_name(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    command.set({HOME: name})
    assert command.call("init").document["home"] == str(tmp_path / name)
    assert command.call("business", "add", "Acme").status == 0
    assert command.call("sync", "--due").document["outcome"] == "nothing_due"
    assert command.call("runs").document["runs"][0]["outcome"] == "nothing_due"
    assert (tmp_path / name / "analytics-sync.db").is_file()
    assert {p.name for p in tmp_path.iterdir()} == {Path(name).parts[0]}


@pytest.mark.parametrize("name", ["a?b", "a\nb", "\udcff", "~no-such-user/home", "x" * 300])
def test_a_home_of_no_possible_name(command: Command, name: str) -> None:
    command.set({HOME: name})
    command.refuse(78, "configuration", "business", "list")


def test_a_home_behind_links(command: Command, tmp_path: Path) -> None:
    link, loop = tmp_path / "link", tmp_path / "loop"
    link.symlink_to(tmp_path / "target")
    command.set({HOME: str(link)})
    assert str(link) in command.refuse(78, "configuration", "business", "add", "Acme")
    (tmp_path / "target").mkdir()
    assert command.call("business", "add", "Acme").status == 0
    loop.symlink_to(loop)
    command.set({HOME: str(loop)})
    assert str(loop) in command.refuse(78, "configuration", "business", "list")


def test_the_usual_home_without_any_variable(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Path(pwd.getpwuid(os.getuid()).pw_dir, ".local/share/analytics-sync/config.toml")
    monkeypatch.setenv(HOME, "")
    monkeypatch.setenv("XDG_DATA_HOME", "")
    for value in ("", None):
        monkeypatch.setenv("HOME", "") if value == "" else monkeypatch.delenv("HOME")
        assert command.call("config", "path").document["path"] == str(usual)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert HOME in command.refuse(78, "configuration", "config", "path")


# Configuration ---------------------------------------------------------------------------------


def test_all_mistakes_of_a_file_and_the_environment_are_named_at_once(
    command: Command, home: Path
) -> None:
    home.mkdir()
    (home / "config.toml").write_text(
        'max_rum = "10m"\nenabled = "perhaps"\n[platforms.x]\nposts_per_sync = -1\n'
        'base_url = "http://example.com"\n[platforms.twiter]\na = 1\n[cadence]\nunder_7_day = "1h"\n'
    )
    command.set({"ANALYTICS_SYNC_LOG_LEVEL": "loud", "ANALYTICS_SYNC_MAX_RUM": "5m"})
    for words in (["config", "check"], ["sync"], ["business", "list"], ["init"]):
        told = command.refuse(78, "configuration", *words)
        for mistake in (
            "max_rum",
            "max_run",
            "'perhaps'",
            "posts_per_sync = -1",
            "plain http",
            "twiter",
            "under_7_day",
            "'loud'",
            "ANALYTICS_SYNC_MAX_RUM",
            str(home / "config.toml"),
        ):
            assert mistake in told, mistake


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"max_run = \xff", "line 1: not UTF-8"),
        ("max_run = '5m'".encode("utf-16"), "not UTF-8"),
        (b"max_run = ", "is not TOML"),
        (b"\x00", "is not TOML"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"[platforms]\nx = 5", "must be a table"),
        (b'platforms = "x"', "must be a table"),
        (
            b'[platforms.x]\nclient_secret = "secret-of-mine"\nclient_secret = "again"',
            "is not TOML",
        ),
    ],
)
def test_a_config_file_that_can_not_be_understood(
    command: Command, home: Path, content: bytes, words: str
) -> None:
    home.mkdir()
    (home / "config.toml").write_bytes(content)
    command.secrets.add("secret-of-mine")
    assert words in command.refuse(78, "configuration", "sync")


def test_a_config_file_that_can_not_be_read(command: Command, home: Path) -> None:
    config = home / "config.toml"
    config.mkdir(parents=True)
    assert "is not a file" in command.refuse(78, "configuration", "sync")
    config.rmdir()
    os.mkfifo(config)
    assert "is not a file" in command.refuse(78, "configuration", "sync")
    config.unlink()
    config.write_text("")
    config.chmod(0)
    with bound_by_rights():
        assert "Permission denied" in command.refuse(78, "configuration", "sync")


# Keys ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a stored token."""
    house = House(tmp_path_factory.mktemp("kept"))
    house.add_business()
    house.populate("x", posts=3)
    return house.home.path


@pytest.fixture
def keyed(kept: Path, home: Path, command: Command) -> Command:
    shutil.copytree(kept, home)
    command.set({"ANALYTICS_SYNC_PLATFORMS__X__BASE_URL": "http://127.0.0.1:9"})
    return command


# Fixed, because workers that share the tests must name them alike.
KEY = b"QmFzZTY0LW1hZGUtdXAta2V5LWZvci10ZXN0cy0zMi0="


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0, "There is no key"),
        (b"", 0o600, "it is empty"),
        (b"garbage", 0o600, "is not one"),
        (b"\xff\xfe", 0o600, "other characters"),
        (KEY[:-2], 0o600, "is not one"),
        (KEY, 0o640, "open to others (mode 0640)"),
        (KEY, 0o604, "open to others (mode 0604)"),
        (KEY, 0, "Permission denied"),
    ],
)
def test_a_key_that_is_no_use(
    keyed: Command, home: Path, content: bytes | None, mode: int, words: str
) -> None:
    key, database = home / "key", home / "analytics-sync.db"
    key.unlink()
    if content is not None:
        key.write_bytes(content)
        key.chmod(mode)
    before = database.read_bytes()
    with bound_by_rights():
        for arguments in (
            ["sync"],
            ["sync", "--due"],
            ["init"],
            ["account", "add", "1", "x", "--token-stdin", "--no-check", "--platform-account-id=5"],
        ):
            told = keyed.refuse(78, "configuration", *arguments, stdin=b"secret-token")
            assert words in told
            assert str(key) in told
        assert keyed.call("account", "list").status == 0
    assert key.exists() == (content is not None)
    if content is not None:
        key.chmod(0o600)
        assert key.read_bytes() == content
    assert database.read_bytes() == before


def test_another_key_refuses_the_accounts_and_changes_nothing(keyed: Command, home: Path) -> None:
    other = Fernet.generate_key()
    (home / "key").write_bytes(other)
    result = keyed.call("sync", "--no-discover")
    assert result.status == 77
    account = result.document["accounts"][0]
    assert account["outcome"] == "credential_refused"
    assert "can't be decrypted" in account["errors"][0]["message"]
    assert (home / "key").read_bytes() == other


def test_a_key_command_that_never_ends_printing_is_ended(keyed: Command, home: Path) -> None:
    (home / "config.toml").write_text('key_command = "yes"\n')
    told = keyed.refuse(78, "configuration", "sync")
    assert "key_command (yes)" in told
