"""Units of ours are installed, changed and removed in a real systemd, and nothing else is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_sync.clock import EPOCH
from analytics_sync.domain.timing import Every, Once
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _units, _whose
from analytics_sync.schedule._backend import Change, Entry, Piece, Place
from analytics_sync.schedule._manager import Manager
from analytics_sync.schedule._unit_folder import UnitFolder
from analytics_sync.schedule.systemd import Systemd
from support import systemd_sandbox
from support.fake_clock import FakeClock
from support.rights import bound_by_rights
from support.systemd_sandbox import Sandbox, booted

HOUR = timedelta(hours=1)
FOLDERS = ("/etc/systemd", "/var/lib/systemd")
PREFIX = "analytics-sync-0a1b2c3d"


def entry(number: int, span: timedelta = HOUR) -> Entry:
    name = f"sync_business_{number}"
    return Entry(name, f"Sync {number}", Every(span), ("sync", "--job", name))


def once(at: datetime) -> Entry:
    return Entry("sync_once_9", "Sync Once", Once(at), ("sync", "--job", "sync_once_9"))


TICK = Entry("tick", "Make up missed syncs", Every(HOUR, timedelta(minutes=7)), ("tick",))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    reason = systemd_sandbox.why_not()
    if reason is not None:
        pytest.skip(reason)
    with booted(tmp_path_factory.mktemp("sandbox") / "disk") as machine:
        yield machine


@pytest.fixture
def place(tmp_path: Path) -> Place:
    home = tmp_path / "home"
    home.mkdir()
    (home / "key").touch()
    return Place(
        name="0a1b2c3d",
        program=Path("/bin/true"),
        home=home,
        prefixes=(),
        user="root",
        as_root=True,
        max_run=timedelta(minutes=10),
        key=home / "key",
        environ={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )


@pytest.fixture
def backend(place: Place, tmp_path: Path) -> Systemd:
    """With files in a folder that no manager reads."""
    made = Systemd(place)
    made.clock = FakeClock()
    made.files = UnitFolder(tmp_path / "units", tmp_path / "stamps", _units.ours(place))
    return made


@pytest.fixture
def installed(backend: Systemd, sandbox: Sandbox) -> Iterator[Systemd]:
    """On the machine in the sandbox, seen from here."""
    backend.manager = Manager(["nsenter", *sandbox.enter, "systemctl"])
    backend.files = UnitFolder(
        sandbox.path("/etc/systemd/system"),
        sandbox.path("/var/lib/systemd/timers"),
        _units.ours(backend.place),
    )
    yield backend
    backend.apply(backend.change((), mend=True))


def put(backend: Systemd, *entries: Entry) -> Change:
    change = backend.change(entries)
    backend.apply(change)
    return change


def active(sandbox: Sandbox) -> set[str]:
    told = sandbox.run("systemctl", "list-units", "--plain", "--no-legend", f"{PREFIX}-*.timer")
    return {line.split()[0] for line in told.stdout.splitlines()}


def test_what_is_installed_runs_and_what_is_removed_leaves_no_trace(
    installed: Systemd, sandbox: Sandbox
) -> None:
    before = sandbox.tree(*FOLDERS)
    put(installed, entry(1), TICK)
    put(installed, entry(1), entry(2), once(datetime(2036, 1, 1, tzinfo=UTC)), TICK)
    names = ("sync_business_1", "sync_business_2", "sync_once_9", "tick")
    assert active(sandbox) == {f"{PREFIX}-{name}.timer" for name in names}
    for name in names:
        told = sandbox.run("systemctl", "is-enabled", f"{PREFIX}-{name}.timer")
        assert told.stdout == "enabled\n"
    assert installed.drift([entry(1), entry(2), TICK]) == {}
    assert not installed.change([entry(1), entry(2), once(datetime(2036, 1, 1, tzinfo=UTC)), TICK])
    put(installed, entry(2, 2 * HOUR), TICK)
    assert active(sandbox) == {f"{PREFIX}-sync_business_2.timer", f"{PREFIX}-tick.timer"}
    timer = sandbox.run(
        "systemctl", "show", "-p", "TimersCalendar", f"{PREFIX}-sync_business_2.timer"
    )
    assert "00..22/2:00:00 UTC" in timer.stdout
    put(installed)
    assert active(sandbox) == set()
    assert sandbox.tree(*FOLDERS) == before


def test_a_change_that_systemd_refuses_leaves_everything_as_it_was(
    installed: Systemd, sandbox: Sandbox
) -> None:
    put(installed, entry(1), TICK)
    before = sandbox.tree(*FOLDERS)
    pieces = []
    for piece in installed.change([entry(1, 2 * HOUR), entry(3), TICK]).pieces:
        bad = piece.where.endswith("_3.timer") and "/system/analytics" in piece.where
        pieces.append(piece._replace(after=b"[Timer]\nOnCalendar=never\n") if bad else piece)
    with pytest.raises(SchedulerUnusable) as caught:
        installed.apply(Change(tuple(pieces)))
    assert "systemctl restart" in caught.value.message
    assert sandbox.tree(*FOLDERS) == before
    assert active(sandbox) == {f"{PREFIX}-sync_business_1.timer", f"{PREFIX}-tick.timer"}
    assert installed.drift([entry(1), TICK]) == {}


def test_drift_is_named_and_mended(installed: Systemd, sandbox: Sandbox) -> None:
    wanted = [entry(1), entry(2), entry(3), TICK]
    put(installed, *wanted)
    units = sandbox.path("/etc/systemd/system")
    sandbox.run("systemctl", "stop", f"{PREFIX}-sync_business_1.timer")
    (units / f"timers.target.wants/{PREFIX}-sync_business_2.timer").unlink()
    (units / f"{PREFIX}-sync_business_3.timer").write_text("[Timer]\nOnCalendar=daily\n")
    drift = installed.drift(wanted)
    assert drift["sync_business_1"] == "its timer is not active"
    assert drift["sync_business_2"] == "its timer is not enabled"
    assert "was changed" in drift["sync_business_3"]
    assert drift.keys() == {"sync_business_1", "sync_business_2", "sync_business_3"}
    installed.apply(installed.change(wanted, mend=True))
    assert installed.drift(wanted) == {}


def test_a_stray_unit_is_named_and_a_single_time_that_is_over_is_not(
    installed: Systemd, sandbox: Sandbox
) -> None:
    soon = FakeClock().now() + HOUR
    put(installed, entry(1), once(soon), TICK)
    assert "sync_business_1.timer is there" in installed.drift([TICK])[""]
    assert installed.drift([entry(1), TICK]) == {}
    installed.clock.advance(3600)  # type: ignore[attr-defined]
    assert installed.drift([entry(1), once(soon), TICK]) == {}


def test_other_units_are_never_touched(installed: Systemd, sandbox: Sandbox) -> None:
    units = sandbox.path("/etc/systemd/system")
    others = [
        units / "analytics-sync-ffffffff-tick.timer",
        units / f"{PREFIX}@.service.d" / "mine.conf",
        units / f"{PREFIX}-mine.service",
    ]
    for file in others:
        file.parent.mkdir(exist_ok=True)
        file.write_text("# mine\n")
    put(installed, entry(1), TICK)
    put(installed)
    assert [file.read_text() for file in others] == ["# mine\n"] * 3
    for file in others:
        file.unlink()
    others[1].parent.rmdir()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(backend: Systemd) -> None:
    change = backend.change([entry(1), TICK])
    path = Path(change.pieces[0].where)
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n")
    with pytest.raises(SchedulerUnusable) as caught:
        backend.apply(change)
    assert caught.value.code == "changed_meanwhile"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_units_of_the_home_that_this_one_was_copied_from_are_refused(
    backend: Systemd, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    original = Systemd(replace(backend.place, home=other))
    original.files = backend.files
    for piece in original.change([entry(1), TICK]).pieces:
        path = Path(piece.where)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (piece.after or b"").startswith(b"->"):
            path.write_bytes(piece.after or b"")
    with pytest.raises(SchedulerUnusable) as caught:
        backend.change([entry(1), TICK])
    assert str(other) in caught.value.message
    assert str(other) in backend.drift([entry(1), TICK])[""]
    other.rmdir()
    other.symlink_to(backend.place.home)
    assert backend.change([entry(1), TICK])
    other.unlink()
    assert backend.change([entry(1), TICK])


def test_a_unit_that_cannot_be_read_is_told(backend: Systemd) -> None:
    (backend.files.units / f"{PREFIX}-tick.timer").mkdir(parents=True)
    with pytest.raises(SchedulerUnusable) as caught:
        backend.change([TICK])
    assert "can't be read" in caught.value.message


def test_no_entries_and_no_files_are_no_change(backend: Systemd) -> None:
    assert not backend.change(())
    assert backend.drift(()) == {}


def test_a_machine_without_systemd_is_told_so(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whose, "BOOTED", tmp_path / "nothing")
    assert not Systemd.serves(place)
    assert not Systemd(place).alive(EPOCH, None)
    with pytest.raises(SchedulerUnusable) as caught:
        Systemd(place).check()
    assert caught.value.code == "no_systemd"
    assert "--backend" in caught.value.hint


def test_a_user_without_a_manager_is_told_how_to_get_one(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whose, "BOOTED", tmp_path)
    monkeypatch.setattr(_whose, "find", lambda program: program)
    user = Systemd(replace(place, as_root=False))
    assert not user.alive(EPOCH, None)
    with pytest.raises(SchedulerUnusable) as caught:
        user.check()
    assert caught.value.code == "no_user_manager"
    assert "enable-linger" in caught.value.hint


def test_a_user_who_does_not_linger_is_told_once_timers_are_there(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whose, "LINGER", tmp_path / "linger")
    user = Systemd(replace(place, as_root=False, user="worker"))
    assert "loginctl enable-linger worker" in user.advice()[0]
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / "worker").touch()
    assert user.advice() == []
    assert Systemd(place).advice() == []


def test_a_missing_key_is_told_before_system_units_need_it(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whose, "BOOTED", tmp_path)
    monkeypatch.setattr(_whose, "find", lambda program: program)
    assert place.key is not None
    place.key.unlink()
    with pytest.raises(SchedulerUnusable) as caught:
        Systemd(place).check()
    assert caught.value.code == "key_missing"


def test_a_folder_of_units_that_cannot_be_written_is_told(backend: Systemd) -> None:
    folder = backend.files.units
    folder.mkdir(mode=0o500)
    backend.manager = Manager(["echo", str(folder)])
    with bound_by_rights(), pytest.raises(SchedulerUnusable) as caught:
        _whose.check_folder(backend.manager, folder)
    assert str(folder) in caught.value.message
    with pytest.raises(SchedulerUnusable) as caught:
        _whose.check_folder(backend.manager, folder / "another")
    assert "XDG_CONFIG_HOME" in caught.value.hint


def test_what_root_installed_is_looked_at_by_its_owner_and_changed_by_root_alone(
    backend: Systemd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_whose, "SYSTEM_UNITS", backend.files.units)
    monkeypatch.setattr(_whose, "BOOTED", tmp_path)
    monkeypatch.setattr(_whose, "find", lambda program: program)
    owner = replace(backend.place, as_root=False)
    assert Systemd(owner).files.units != backend.files.units
    backend.files.units.mkdir()
    Path(backend.files.unit(f"{PREFIX}@.service")).touch()
    looking = Systemd(owner)
    assert looking.files.units == backend.files.units
    assert looking.alive(EPOCH, None)
    with pytest.raises(SchedulerUnusable) as caught:
        looking.check()
    assert caught.value.code == "other_form"


def test_a_systemctl_that_fails_says_what_it_said(backend: Systemd) -> None:
    backend.manager = Manager(["sh", "-c", "echo no bus here >&2; exit 1"])
    path = backend.files.unit(f"{PREFIX}-sync_business_1.timer")
    with pytest.raises(SchedulerUnusable) as caught:
        backend.apply(Change((Piece(path, None, b"x"),)))
    assert "no bus here" in caught.value.message
    assert not Path(path).exists()


def test_somebody_whom_the_machine_does_not_know_has_no_units(place, tmp_path, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    monkeypatch.setattr(_whose, "SYSTEM_UNITS", tmp_path)
    monkeypatch.setattr(_whose, "BOOTED", tmp_path)
    unknown = Systemd(replace(place, user="54321", as_root=False))
    assert not unknown.change(())
    assert not unknown.alive(EPOCH, None)
    with pytest.raises(SchedulerUnusable, match="user 54321 runs") as caught:
        unknown.check()
    assert "crontab" in caught.value.hint
