"""Commands down to a crontab, or to units in a folder: what was there before is there after."""

import os
import shutil

import pytest

from analytics_sync.schedule import _whose, choice, place
from support.crontab_program import CrontabProgram
from support.rows import changed
from support.stand_ins import use_units_in

FOREIGN = b"# mine\n@daily /usr/bin/true \xe4\r\n*/5 * * * * echo 100\\%\n"


@pytest.fixture
def crontab(tmp_path, monkeypatch):
    """A crontab of somebody, and nothing else to schedule with."""
    monkeypatch.setattr(place, "THROW_AWAY", ())
    monkeypatch.setattr(choice, "USUAL", ("crontab",))
    # Looking for strays must not meet units of this very machine.
    monkeypatch.setattr(_whose, "SYSTEM_UNITS", tmp_path / "no units")
    program = CrontabProgram(tmp_path / "program", monkeypatch)
    program.tab = FOREIGN
    return program


@pytest.fixture
def units(tmp_path, monkeypatch, crontab):
    """A folder of units with one of somebody else's, beside that crontab."""
    for name in ("BOOTED", "SYSTEM_UNITS", "SYSTEM_STAMPS", "alive"):
        monkeypatch.setattr(_whose, name, getattr(_whose, name))
    for name in ("PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, os.environ[name])
    folder = tmp_path / "configuration"
    use_units_in(folder)
    (folder / "systemd/user/other.timer").write_text("[Timer]\n")
    monkeypatch.setattr(choice, "USUAL", ("systemd", "crontab"))
    return folder / "systemd"


def everything(folder) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def drift(command) -> dict[str, str | None]:
    return {job["id"]: job["drift"] for job in command.call("jobs").document["jobs"]}


def test_a_crontab_is_as_it_was_when_all_is_unscheduled(command, crontab, home):
    diff = command.call("schedule", "--dry-run").document["diff"]
    assert crontab.tab == FOREIGN
    command.call("schedule")
    command.call("schedule", "1", "--cron", "*/30 * * * *")
    assert crontab.tab.startswith(FOREIGN)
    assert all(line[1:].encode() in crontab.tab for line in diff.splitlines() if "tick" in line)
    command.call("pause")
    command.call("resume", "1")
    assert drift(command) == {"sync_all_businesses": None, "sync_business_1": None}
    command.call("unschedule", "--all")
    assert crontab.tab == FOREIGN
    assert not list(home.glob("crontab*"))
    # As after a kill.
    (home / "crontab.before").touch()
    command.call("unschedule", "--all")
    assert not list(home.glob("crontab*"))


def test_a_line_that_was_deleted_by_hand_is_named_and_mended(command, crontab, home):
    command.call("schedule")
    command.call("schedule", "1", "--every", "1h")
    whole = crontab.tab
    lines = [line for line in whole.split(b"\n") if not line.endswith(b"sync_business_1")]
    crontab.tab = b"\n".join(lines)
    assert drift(command)["sync_business_1"]
    assert drift(command)["sync_all_businesses"] is None
    command.call("schedule", "--apply")
    assert crontab.tab == whole
    crontab.tab = whole + whole[len(FOREIGN) :]
    damaged = crontab.tab
    command.refuse(78, "block_damaged", "schedule", "2", "--every", "1h")
    assert crontab.tab == damaged
    assert "sync_business_2" not in drift(command)
    command.call("schedule", "--apply")
    assert crontab.tab == whole


def test_a_forbidden_crontab_is_said_and_nothing_is_stored(command, crontab, home):
    crontab.deny()
    assert "not allowed" in command.refuse(78, "crontab_refused", "schedule")
    assert drift(command) == {}
    (crontab.folder / "denied").unlink()
    crontab.refuse("the disk is full")
    assert "the disk is full" in command.refuse(78, "crontab_refused", "schedule")
    assert drift(command) == {}
    assert crontab.tab == FOREIGN


def test_jobs_that_can_not_be_seen_any_more_are_not_said_to_be_as_they_should(
    command, crontab, home
):
    command.call("schedule")
    crontab.deny()
    assert drift(command) == {"sync_all_businesses": "not to be seen"}
    assert "not allowed" in command.say("jobs").output
    (crontab.folder / "denied").unlink()
    assert drift(command) == {"sync_all_businesses": None}


def test_two_installations_share_a_crontab(command, crontab, home, prepared, tmp_path):
    command.call("schedule")
    mine = crontab.tab
    other = shutil.copytree(prepared, tmp_path / "other home 100%")
    command.set({"ANALYTICS_SYNC_HOME": str(other)})
    command.call("schedule", "2", "--every", "30m")
    assert crontab.tab.count(b"# BEGIN analytics-sync:") == 2
    command.call("unschedule", "--all")
    assert crontab.tab == mine


def test_units_are_as_they_were_and_jobs_move_between_backends(command, crontab, units, home):
    before = everything(units.parent)
    command.call("schedule")
    command.call("schedule", "1", "--every", "24h")
    assert drift(command) == {"sync_all_businesses": None, "sync_business_1": None}
    timer = next((units / "user").glob("*sync_business_1.timer"))
    timer.write_text(timer.read_text().replace("OnCalendar", "#OnCalendar"))
    assert "changed" in drift(command)["sync_business_1"]
    command.call("schedule", "--apply")
    assert drift(command)["sync_business_1"] is None
    moved = command.call("schedule", "--apply", "--backend", "crontab").document
    assert moved["moved_from"] == "systemd"
    assert b"sync_business_1" in crontab.tab
    assert list((units / "user").glob("analytics-sync-*")) == []
    command.call("schedule", "--apply", "--backend", "systemd")
    assert crontab.tab == FOREIGN
    command.call("unschedule", "--all")
    assert everything(units.parent) == before


def test_a_folder_that_can_not_be_written_leaves_all_as_it_was(command, units, home, monkeypatch):
    command.call("schedule")
    before = everything(units.parent)

    def refuse(path, content):
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("analytics_sync.schedule._unit_folder._put", refuse)
        assert "Read-only" in command.refuse(78, "unit_folder", "schedule", "1", "--every", "2h")
    assert everything(units.parent) == before
    assert drift(command) == {"sync_all_businesses": None}


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("through", ["job", "tick"])
def test_a_single_time_leaves_the_crontab_with_its_run(command, crontab, home, through, other):
    """Also a run that fails: this business has no account."""
    if other:
        command.call("schedule")
    before = crontab.tab
    command.call("schedule", "1", "--at", "2030-12-01 15:30:00")
    assert b"sync_once_1" in crontab.tab
    changed(home, "UPDATE schedule SET at = 1700000000000, since = 0 WHERE job = 'sync_once_1'")
    changed(home, "UPDATE schedule SET since = 32503680000000 WHERE job <> 'sync_once_1'")
    arguments = ["tick"] if through == "tick" else ["sync", "--job", "sync_once_1"]
    assert command.call(*arguments).status == 78
    assert crontab.tab == before
    assert [job["id"] for job in command.call("jobs").document["jobs"]] == (
        ["sync_all_businesses"] if other else []
    )


def test_systemd_may_be_named_by_the_form_that_a_user_gets(command, units):
    mine, other = ("systemd-system", "systemd-user")[:: 1 if os.geteuid() == 0 else -1]
    command.refuse(2, "other_form", "schedule", "--backend", other)
    for _ in range(2):
        assert command.call("schedule", "--backend", mine).document["backend"] == "systemd"
