"""The unit files are what systemd understands, and shut a job in."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_sync.domain.timing import Every, Once
from analytics_sync.schedule import _units
from analytics_sync.schedule._backend import Entry, Place
from analytics_sync.schedule.place import find_place
from analytics_sync.wiring import installation

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not installed (Debian: apt-get install systemd)"
)
HOUR = timedelta(hours=1)
ENTRIES = (
    Entry("sync_business_1", "Sync 100% of Business 1", Every(HOUR), ("sync", "--job", "x")),
    Entry("sync_once_2", "Once", Once(datetime(2036, 1, 1, tzinfo=UTC)), ("sync", "--job", "y")),
    Entry("tick", "Tick", Every(HOUR), ("tick",)),
)
ODD = 'ä b%n "q" $HOME :x'


def place(folder: Path, *, as_root: bool = True, user: str = "daemon", odd: str = ODD) -> Place:
    program = folder / odd / "bin" / "analytics-sync"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    home = folder / odd / "home"
    home.mkdir(exist_ok=True)
    return Place(
        name="0a1b2c3d",
        program=program,
        home=home,
        prefixes=(folder / odd, Path("/usr")),
        user=user,
        as_root=as_root,
        max_run=timedelta(minutes=10),
        key=home / "key",
    )


def write_all(where: Place, folder: Path) -> list[Path]:
    texts = _units.services(where, folder, folder) | dict([_units.http_service(where)])
    texts |= {_units.timer_name(where, one.name): _units.timer(where, one) for one in ENTRIES}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return sorted(folder / name for name in texts)


def analyze(*arguments: object) -> tuple[str, str]:
    assert ANALYZE is not None
    done = subprocess.run(
        [ANALYZE, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr


@needs_systemd
@pytest.mark.parametrize("as_root", [True, False], ids=["system", "user"])
def test_systemd_finds_nothing_wrong_with_any_unit(tmp_path: Path, *, as_root: bool) -> None:
    units = tmp_path / "units"
    units.mkdir()
    files = write_all(place(tmp_path, as_root=as_root), units)
    assert len(files) == 8
    assert analyze(*([] if as_root else ["--user"]), "verify", *files)[1] == ""


@needs_systemd
@pytest.mark.parametrize(("user", "most"), [("daemon", 1.5), ("root", 1.7)])
def test_every_system_service_is_shut_in(tmp_path: Path, user: str, most: float) -> None:
    units = tmp_path / "units"
    units.mkdir()
    for file in write_all(place(tmp_path, user=user, odd="plain"), units):
        if file.suffix == ".service":
            told, complaints = analyze("security", "--offline=true", "--no-pager", file)
            assert complaints == ""
            exposure = re.search(r"exposure level for \S+: ([0-9.]+)", told)
            assert exposure is not None, told
            assert float(exposure[1]) <= most, told


def test_a_system_unit_shows_the_run_what_it_needs_and_no_more(tmp_path: Path) -> None:
    where = place(tmp_path, odd="plain", user="worker")
    text = _units.services(where, tmp_path, tmp_path)["analytics-sync-0a1b2c3d@.service"]
    for line in (
        f"ExecStart={where.program} sync --job %i",
        f"Environment=ANALYTICS_SYNC_HOME={where.home}",
        f"BindPaths={where.home}",
        f"BindReadOnlyPaths={tmp_path / 'plain'}",
        f"LoadCredential=analytics-sync.key:{where.home / 'key'}",
        "User=worker",
        "ProtectHome=tmpfs",
        "SuccessExitStatus=75",
        "TimeoutStartSec=720",
        "OnFailure=analytics-sync-0a1b2c3d-failed@%i.service",
    ):
        assert line in text.splitlines()
    assert "DynamicUser" not in text


def test_the_service_behind_http_leaves_its_syncs_alone_and_is_nobodys_to_remove(
    tmp_path: Path,
) -> None:
    where = place(tmp_path, odd="plain", user="worker")
    name, text = _units.http_service(where)
    for line in (
        f"ExecStart={where.program} serve",
        f"Environment=ANALYTICS_SYNC_HOME={where.home}",
        f"BindPaths={where.home}",
        "User=worker",
        "KillMode=process",
        "OOMPolicy=continue",
        f"Environment=TMPDIR={_units.LASTING}",
        "Restart=on-failure",
        "WantedBy=multi-user.target",
    ):
        assert line in text.splitlines()
    for word in ("LoadCredential", "IPAddressDeny", "PrivateNetwork", "RuntimeMaxSec"):
        assert word not in text
    assert _units.home_of(text) == where.home
    assert _units.ours(where).fullmatch(name) is None
    assert name not in _units.services(where, tmp_path, tmp_path)


def test_a_user_unit_asks_nothing_that_takes_rights(tmp_path: Path) -> None:
    where = place(tmp_path, as_root=False)
    texts = _units.services(where, tmp_path, tmp_path) | dict([_units.http_service(where)])
    for text in texts.values():
        for word in ("User=", "Protect", "Private", "Bind", "LoadCredential", "network-online"):
            assert word not in text


def test_a_database_that_lies_elsewhere_can_be_written(tmp_path: Path) -> None:
    base = place(tmp_path, odd="plain")
    where = Place(
        **{**{name: getattr(base, name) for name in base.__slots__}, "writes": (Path("/srv/data"),)}
    )
    text = _units.services(where, tmp_path, tmp_path)["analytics-sync-0a1b2c3d-tick.service"]
    assert f"BindPaths={where.home} /srv/data\n" in text


@pytest.mark.parametrize("name", ["plain", ODD, "back\\slash", "100%"])
def test_the_home_of_a_unit_is_read_as_it_was_written(name: str) -> None:
    home = Path("/srv", name)
    assert _units.home_of(f"[Service]\n{_units.home_line(home)}\n") == home
    assert _units.home_of("[Service]\nEnvironment=OTHER=x\n") is None


def test_files_of_other_installations_and_drop_ins_are_not_ours(tmp_path: Path) -> None:
    names = _units.ours(place(tmp_path))
    own = ("@.service", "-once@.service", "-failed@.service", "-tick.service", "-tick.timer")
    for name in (*own, "-sync_all_businesses.timer", "-sync_business_12.timer"):
        assert names.fullmatch(f"analytics-sync-0a1b2c3d{name}")
    for name in ("-mine.service", "@.service.d", "-sync_business_1.timer.bak", "e@.service"):
        assert not names.fullmatch(f"analytics-sync-0a1b2c3d{name}")
    assert not names.fullmatch("analytics-sync-main-tick.timer")


@pytest.mark.parametrize(("folder", "written"), [("data", True), ("home", False)])
def test_the_folder_of_a_database_elsewhere_is_one_to_write(
    tmp_path: Path, folder: str, *, written: bool
) -> None:
    environ = {
        "ANALYTICS_SYNC_HOME": str(tmp_path / "home"),
        "ANALYTICS_SYNC_DATABASE_URL": f"sqlite:///{tmp_path / folder / 'other.db'}",
    }
    with installation(environ) as opened:
        found = find_place("0a1b2c3d", opened.home, opened.settings, environ)
    assert found.writes == ((tmp_path / folder,) if written else ())
