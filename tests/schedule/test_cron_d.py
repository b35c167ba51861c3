import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics_sync.domain.timing import Every, Timing
from analytics_sync.errors import SchedulerUnusable
from analytics_sync.schedule import _cron_daemon, cron_d
from analytics_sync.schedule._backend import Change, Entry, Place
from analytics_sync.schedule.cron_d import CronD
from support.crontab_program import place

HOURLY = Every(timedelta(hours=1), timedelta(minutes=17))


def entry(number: int, timing: Timing = HOURLY) -> Entry:
    name = f"sync_business_{number}"
    return Entry(name, name, timing, ("sync", "--job", name))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    folder = tmp_path / "cron.d"
    folder.mkdir()
    (folder / "theirs").write_bytes(b"0 0 * * * root x\n")
    monkeypatch.setattr(CronD, "folder", folder)
    monkeypatch.setattr(cron_d, "machine_zone", lambda: UTC)
    return replace(place(tmp_path / "home"), user="alice", as_root=True)


def put(backend: CronD, *entries: Entry, mend: bool = False) -> Change:
    change = backend.change(entries, mend=mend)
    backend.apply(change)
    assert not backend.change(entries)
    return change


def file_of(backend: CronD) -> Path:
    return backend.folder / f"analytics-sync-{backend.place.name}"


def test_jobs_are_a_file_whose_lines_name_the_homes_owner(here: Place) -> None:
    backend = CronD(here)
    old = os.umask(0o007)
    try:
        put(backend, entry(1), entry(2))
    finally:
        os.umask(old)
    file = file_of(backend)
    assert file.read_text().splitlines()[1] == (
        f"17 * * * * alice ANALYTICS_SYNC_HOME={here.home} /opt/as/bin/analytics-sync"
        " sync --job sync_business_1 # analytics-sync:1a2b3c4d sync_business_1"
    )
    assert file.stat().st_mode & 0o7777 == 0o644
    assert sorted(path.name for path in backend.folder.iterdir()) == [file.name, "theirs"]
    if os.geteuid() == 0:
        assert backend.drift([entry(1), entry(2)]) == {}


def test_the_file_goes_with_the_last_job(here: Place) -> None:
    backend = CronD(here)
    put(backend, entry(1))
    put(backend)
    assert [path.name for path in backend.folder.iterdir()] == ["theirs"]


def test_lines_that_an_administrator_added_stay(here: Place) -> None:
    backend = CronD(here)
    put(backend, entry(1))
    file = file_of(backend)
    file.write_bytes(b"MAILTO=me\n" + file.read_bytes())
    put(backend, entry(1), entry(2))
    assert file.read_bytes().startswith(b"MAILTO=me\n# BEGIN")
    put(backend)
    assert file.read_bytes() == b"MAILTO=me\n"


def test_a_change_is_undone_and_carried_over(here: Place) -> None:
    backend = CronD(here)
    change = backend.change([entry(1)])
    file_of(backend).write_bytes(b"theirs\n")
    backend.apply(change)
    assert file_of(backend).read_bytes().startswith(b"theirs\n# BEGIN")
    backend.apply(change.reversed())
    assert file_of(backend).read_bytes() == b"theirs\n"
    put(backend, entry(1))
    change = backend.change([entry(2)])
    put(backend, entry(3))
    with pytest.raises(SchedulerUnusable, match="changed by somebody else"):
        backend.apply(change)


def test_a_damaged_file_is_refused_until_it_is_mended(here: Place) -> None:
    backend = CronD(here)
    put(backend, entry(1))
    file = file_of(backend)
    file.write_bytes(file.read_bytes().replace(b"\n17 ", b"\ntheirs\n18 "))
    with pytest.raises(SchedulerUnusable, match="something else is in line 2"):
        backend.change([entry(1)])
    assert "line 2" in backend.drift([entry(1)])[""]
    put(backend, entry(1), mend=True)
    put(backend)
    assert file.read_bytes() == b"theirs\n"


def test_drift_names_what_is_missing_changed_stray_or_ignored(here: Place) -> None:
    backend = CronD(here)
    put(backend, entry(1), entry(2))
    later = Every(timedelta(hours=1), timedelta(minutes=18))
    drift = backend.drift([entry(1, later), entry(3)])
    assert drift["sync_business_1"].startswith("not as it should be in /")
    assert drift["sync_business_3"].startswith("not in /")
    assert "not scheduled: sync_business_2" in drift[""]
    file_of(backend).chmod(0o666)
    assert "cron ignores" in backend.drift([entry(1), entry(2)])[""]


def test_a_copied_home_does_not_take_over_the_jobs_of_the_other(here: Place) -> None:
    here.home.mkdir()
    put(CronD(here), entry(1))
    copy = CronD(replace(here, home=here.home.parent))
    with pytest.raises(SchedulerUnusable, match="seems to be a copy"):
        copy.change([entry(1)])
    here.home.rmdir()
    put(copy, entry(1))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"as_root": False}, "Only root may write"),
        ({"user": "4711"}, "belongs to user 4711, who has no name here"),
    ],
)
def test_what_cron_could_not_run_is_refused(
    here: Place, changes: dict[str, object], words: str
) -> None:
    backend = CronD(replace(here, **changes))
    with pytest.raises(SchedulerUnusable, match=words) as caught:
        backend.check()
    assert caught.value.hint


def test_a_missing_folder_is_named(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    CronD(here).check()
    assert CronD.serves(here)
    monkeypatch.setattr(CronD, "folder", here.home / "no")
    assert not CronD.serves(here)
    with pytest.raises(SchedulerUnusable, match="There is no folder"):
        CronD(here).check()


def test_a_folder_that_can_not_be_written_is_named(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody writes there, root included.
    monkeypatch.setattr(CronD, "folder", Path("/proc/self/fdinfo"))
    backend = CronD(here)
    change = backend.change([entry(1)])
    with pytest.raises(SchedulerUnusable):
        backend.apply(change)
    monkeypatch.setattr(CronD, "folder", here.home / "x")
    here.home.mkdir()
    (here.home / "x").write_bytes(b"a file")
    with pytest.raises(SchedulerUnusable, match="can't be read"):
        backend.change([entry(1)])


def test_whether_cron_runs_is_asked_of_the_machine(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    monkeypatch.setattr(_cron_daemon, "running", lambda: False)
    assert not CronD(here).alive(now, now)
    assert "No cron daemon runs" in CronD(here).advice()[0]
    monkeypatch.setattr(_cron_daemon, "running", lambda: True)
    assert CronD(here).alive(now, None)
    assert CronD(here).advice() == []
