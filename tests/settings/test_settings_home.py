"""Where the home is, and what is made in it."""

import pwd
import stat
import sys
from pathlib import Path

import pytest

from analytics_sync.errors import ConfigurationInvalid, ExitStatus
from analytics_sync.settings.home import Home, find_home


def test_the_variable_names_the_home(tmp_path: Path) -> None:
    home = find_home({"ANALYTICS_SYNC_HOME": str(tmp_path / "a b")})
    assert home.path == tmp_path / "a b"
    assert home.named_by == "ANALYTICS_SYNC_HOME"


def test_a_relative_home_counts_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_home({"ANALYTICS_SYNC_HOME": "here"}).path == tmp_path / "here"


def test_a_tilde_is_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home({"ANALYTICS_SYNC_HOME": "~/sync"}).path == tmp_path / "sync"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("shared", [None, "", "/srv/data", "relative/ignored"])
def test_the_usual_home_is_the_one_that_platformdirs_says(
    shared: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from platformdirs import user_data_path

    environ = {"HOME": str(tmp_path)} | ({} if shared is None else {"XDG_DATA_HOME": shared})
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    home = find_home(environ)
    assert home.path == user_data_path("analytics-sync", appauthor=False)
    assert home.named_by == "default"


def test_elsewhere_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_data_path

    monkeypatch.setattr(sys, "platform", "darwin")
    assert find_home({}).path == user_data_path("analytics-sync", appauthor=False)


def test_a_user_without_a_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ConfigurationInvalid) as caught:
        find_home({})
    assert "Set ANALYTICS_SYNC_HOME to an absolute folder" in caught.value.hint


@pytest.mark.parametrize("name", ["/srv/a?b", "/srv/a\nb", "/srv/a\x00b"])
def test_a_name_that_no_crontab_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="ANALYTICS_SYNC_HOME"):
        find_home({"ANALYTICS_SYNC_HOME": name})


def test_looking_for_the_home_makes_nothing(tmp_path: Path) -> None:
    find_home({"ANALYTICS_SYNC_HOME": str(tmp_path / "home")})
    assert not (tmp_path / "home").exists()


def test_the_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    home = Home(tmp_path / "new" / "home")
    home.create()
    for folder in (home.path, home.locks, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {one.name for one in home.path.iterdir()} == {"locks", "logs"}


def test_making_it_again_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    tmp_path.chmod(0o750)
    home.config.write_text("enabled = true\n")
    home.create()
    home.create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
    assert home.config.read_text() == "enabled = true\n"


def test_a_home_that_is_a_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(ConfigurationInvalid) as caught:
        Home(tmp_path / "home").create()
    assert str(tmp_path / "home") in caught.value.message
    assert "ANALYTICS_SYNC_HOME" in caught.value.hint
    assert caught.value.exit_status is ExitStatus.CONFIGURATION


def test_the_things_in_it_have_their_names(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert [
        home.config.name,
        home.key.name,
        home.database.name,
        home.locks.name,
        home.logs.name,
    ] == [
        "config.toml",
        "key",
        "analytics-sync.db",
        "locks",
        "logs",
    ]
