"""Database and machine change together or not at all; drift, moves, and installations side by side."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from analytics_sync.domain.timing import Every
from analytics_sync.errors import SchedulerUnusable, StoreUnusable
from analytics_sync.schedule import choice, place, state, writer
from analytics_sync.schedule.scheduler import Wish
from analytics_sync.store import schedules
from analytics_sync.wiring import installation, scheduler
from support.file_backend import FileBackend, stand_in
from support.rows import changed

HOURLY = "sync_all_businesses"
HOUR = Wish(None, Every(timedelta(hours=1)))
TABLES = ("installation", "schedule", "slot")


def stored(home) -> dict[str, list]:
    """The rows that are about jobs."""
    with closing(sqlite3.connect(home / "analytics-sync.db")) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in TABLES
        }


@pytest.fixture(scope="session")
def scheduled(prepared, tmp_path_factory):
    """A home and a machine with jobs of two businesses that have run already, made once."""
    folder = tmp_path_factory.mktemp("scheduled")
    home = shutil.copytree(prepared, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch, folder / "machine")
        with installation({"ANALYTICS_SYNC_HOME": str(home)}) as opened:
            jobs = scheduler(opened)
            jobs.schedule(Wish("1", Every(timedelta(hours=1)), backend="crontab"))
            jobs.schedule(Wish("2", Every(timedelta(hours=2))))
    for id in (1, 2):
        changed(
            home,
            "INSERT INTO slot (schedule_id, due_at, claimed_at, finished_at, status)"
            " VALUES (?, 1000, 1001, 1002, 0)",
            id,
        )
    return folder


@pytest.fixture
def used(scheduled, machine, tmp_path):
    """A copy of that home, and its machine."""
    shutil.copytree(scheduled / "machine", machine.folder, dirs_exist_ok=True)
    return shutil.copytree(scheduled / "home", tmp_path / "home")


@pytest.mark.parametrize(
    "arguments",
    [
        ("schedule",),
        ("schedule", "1", "--every", "3h"),
        ("schedule", "1", "--at", "2030-01-01 00:00"),
        ("unschedule", "1"),
        ("unschedule", "--all"),
        ("business", "remove", "1"),
        ("schedule", "--apply", "--backend", "systemd"),
    ],
)
def test_what_the_machine_refuses_is_undone_in_the_database_with_its_slots(
    command, machine, used, arguments
):
    before, files = stored(used), machine.files()
    machine.failing |= {"crontab", "systemd"}
    command.refuse(78, "scheduler", *arguments)
    assert stored(used) == before
    assert machine.files() == files
    machine.failing.clear()
    assert {job["drift"] for job in command.call("jobs").document["jobs"]} == {None}


def test_an_end_in_the_middle_of_writing_is_undone_too(machine, used):
    before, files = stored(used), machine.files()
    machine.error = KeyboardInterrupt()
    with (
        installation({"ANALYTICS_SYNC_HOME": str(used)}) as opened,
        pytest.raises(KeyboardInterrupt),
    ):
        scheduler(opened).schedule(HOUR)
    assert stored(used) == before
    assert machine.files() == files


def test_a_folder_that_was_made_for_a_failure_is_removed(machine, home):
    machine.error = SchedulerUnusable("No.", hint="No.")
    with (
        installation({"ANALYTICS_SYNC_HOME": str(home)}) as opened,
        pytest.raises(SchedulerUnusable),
    ):
        scheduler(opened).schedule(HOUR)
    assert machine.files() == {}


class Killed(BaseException):
    """The process ended here."""


def test_a_kill_between_database_and_machine_is_named_and_mended(
    command, machine, used, monkeypatch
):
    def killed(*arguments, **options):
        raise Killed

    files = machine.files()
    with monkeypatch.context() as patch:
        patch.setattr(writer.machine, "install", killed)
        # Nor does the way back run any more.
        patch.setattr("analytics_sync.store.schedules.put_back", killed)
        with installation({"ANALYTICS_SYNC_HOME": str(used)}) as opened, pytest.raises(Killed):
            scheduler(opened).schedule(Wish("1", Every(timedelta(hours=3))))
        with installation({"ANALYTICS_SYNC_HOME": str(used)}) as opened, pytest.raises(Killed):
            scheduler(opened).schedule(HOUR)
        with installation({"ANALYTICS_SYNC_HOME": str(used)}) as opened, pytest.raises(Killed):
            scheduler(opened).unschedule(["2"])
    assert machine.files() == files
    drift = {job["id"]: job["drift"] for job in command.call("jobs").document["jobs"]}
    assert drift == {HOURLY: "missing", "sync_business_1": "changed"}
    told = command.say("jobs").output
    assert "strays: sync_business_2" in told
    assert "schedule --apply" in told
    attention = command.call("status").document["status"]["attention"]
    assert [one["command"] for one in attention if one["code"] == "drift"] == [
        "analytics-sync schedule --apply"
    ] * 3
    assert command.call("schedule", "--apply").document["jobs"] == [HOURLY, "sync_business_1"]
    assert machine.lines("crontab") == [HOURLY, "sync_business_1", "tick"]
    assert "Nothing differed" in command.say("schedule", "--apply").output
    assert len(stored(used)["slot"]) == 1


def test_damage_is_refused_until_it_is_to_be_mended(command, machine, used):
    (file,) = (path for path in machine.folder.rglob("*.jobs"))
    file.write_text("damaged\n")
    command.refuse(78, "scheduler", "schedule")
    command.call("schedule", "--apply")
    assert machine.lines("crontab") == ["sync_business_1", "sync_business_2", "tick"]


def test_jobs_are_never_in_two_backends(command, machine, used):
    told = command.refuse(2, "other_backend", "schedule", "--backend", "systemd")
    assert "schedule --apply --backend systemd" in told
    moved = command.call("schedule", "--apply", "--backend", "systemd").document
    assert (moved["backend"], moved["moved_from"]) == ("systemd", "crontab")
    assert machine.applied == ["systemd", "crontab"]
    assert machine.lines("crontab") == []
    assert machine.lines("systemd") == ["sync_business_1", "sync_business_2", "tick"]
    assert command.call("schedule").document["backend"] == "systemd"


def test_a_move_whose_second_half_fails_is_undone(command, machine, used):
    before, files = stored(used), machine.files()
    machine.failing.add("crontab")
    command.refuse(78, "scheduler", "schedule", "--apply", "--backend", "systemd")
    assert machine.applied == ["systemd", "crontab", "systemd"]
    assert stored(used) == before
    assert {path: text for path, text in machine.files().items() if text != "/"} == {
        path: text for path, text in files.items() if text != "/"
    }


def test_what_a_dead_scheduler_keeps_hinders_no_move(command, machine, used):
    machine.failing.add("crontab")
    machine.dead.add("crontab")
    moved = command.call("schedule", "--apply", "--backend", "systemd").document
    assert "crontab holds could not be removed" in moved["advice"][0]
    assert command.call("status").document["status"]["backend"] == "systemd"


def test_a_backend_that_can_not_be_used_hinders_no_apply_and_no_rehearsal(
    command, machine, used, monkeypatch
):
    def refuse(*arguments, **options):
        raise SchedulerUnusable("Not allowed.")

    systemd, crontab = map(choice.backend_named, ("systemd", "crontab"))
    monkeypatch.setattr(systemd, "change", refuse)
    assert command.call("schedule", "--apply", "--dry-run").document["changes"] == []
    assert command.call("schedule", "--apply").document["changed"] == 0
    assert "Not allowed" not in command.say("jobs").output
    # The one that holds the jobs must let go of them.
    monkeypatch.setattr(systemd, "change", FileBackend.change)
    monkeypatch.setattr(crontab, "change", refuse)
    for rehearsal in ((), ("--dry-run",)):
        move = ("schedule", "--apply", "--backend", "systemd", *rehearsal)
        assert "Not allowed" in command.say(*move).errors
    assert machine.lines("systemd") == []
    # Unless it was on another machine.
    for module in (place, writer, state):
        monkeypatch.setattr(module, "host", lambda: "newbox")
    assert len(command.call(*move).document["changes"]) == 1
    command.call(*move[:-1])
    assert "sync_business_1" in machine.lines("systemd")


def test_a_move_that_was_killed_half_way_is_named_and_mended(command, machine, used, monkeypatch):
    def killed(*arguments, **options):
        raise Killed

    with monkeypatch.context() as patch:
        for name in ("clear", "undo"):
            patch.setattr(writer.machine, name, killed)
        patch.setattr(schedules, "put_back", killed)
        with installation({"ANALYTICS_SYNC_HOME": str(used)}) as opened, pytest.raises(Killed):
            scheduler(opened).apply("systemd")
    assert machine.lines("systemd") == machine.lines("crontab")
    assert "entries that should be gone are in crontab (" in command.say("jobs").output
    attention = command.call("status").document["status"]["attention"]
    assert [one["command"] for one in attention if one["code"] == "drift"] == [
        "analytics-sync schedule --apply"
    ]
    command.call("schedule", "--apply")
    assert machine.lines("crontab") == []
    assert "gone" not in command.say("jobs").output


def test_entries_left_in_another_backend_go_with_the_next_apply(command, machine, used):
    stray = machine.folder / "systemd" / next(machine.folder.rglob("*.jobs")).name
    stray.parent.mkdir()
    stray.write_text("sync_business_1 every 1h\n")
    command.call("schedule", "--apply")
    assert machine.lines("systemd") == []
    stray.write_text("sync_business_1 every 1h\n")
    command.call("unschedule", "--all")
    assert [path for path in machine.files() if path.endswith(".jobs")] == []


def test_another_machine_is_named_instead_of_drift_and_left_alone(
    command, machine, used, monkeypatch
):
    files = machine.files()
    for module in (place, writer, state):
        monkeypatch.setattr(module, "host", lambda: "newbox")
    here = place.os.uname().nodename
    drift = {job["drift"] for job in command.call("jobs").document["jobs"]}
    assert drift == {f"installed on {here}"}
    assert command.call("status").document["status"]["running"] is None
    for arguments in (("schedule",), ("unschedule", "1"), ("business", "remove", "1")):
        assert "schedule --apply" in command.refuse(78, "installed_elsewhere", *arguments)
    assert machine.files() == files
    # The folder of the stand-in is the same one: what is left here of them is taken away.
    kept = command.call("unschedule", "--all").document
    assert (kept["removed"], kept["installed_on"]) == ([], here)
    assert machine.lines("crontab") == []
    assert len(command.call("jobs").document["jobs"]) == 2
    moved = command.call("schedule", "--apply").document
    assert (moved["backend"], moved["moved_from"]) == ("systemd", here)
    assert here in moved["advice"][0]
    assert {job["drift"] for job in command.call("jobs").document["jobs"]} == {None}


def test_two_installations_on_one_machine_leave_each_other_alone(
    command, machine, home, prepared, tmp_path
):
    other = shutil.copytree(prepared, tmp_path / "other")
    command.call("schedule", "1", "--every", "1h")
    mine = machine.files()
    command.set({"ANALYTICS_SYNC_HOME": str(other)})
    command.call("schedule", "2", "--every", "1h")
    assert machine.lines("systemd").count("tick") == 2
    command.call("unschedule", "--all")
    assert machine.files() == mine
    command.set({"ANALYTICS_SYNC_HOME": str(home)})
    assert {job["drift"] for job in command.call("jobs").document["jobs"]} == {None}


def test_a_home_has_the_same_name_again_after_it_was_made_anew(command, machine, home, prepared):
    command.call("schedule")
    shutil.rmtree(home)
    shutil.copytree(prepared, home)
    assert "strays" not in command.say("jobs").output
    command.call("schedule", "1", "--every", "1h")
    assert machine.lines("systemd") == ["sync_business_1", "tick"]


def test_a_database_of_another_release_is_not_migrated_by_a_dry_run(command, machine, home):
    changed(home, "UPDATE alembic_version SET version_num = '0001'")
    command.refuse(78, "schema_old", "schedule", "--dry-run")
    changed(home, "UPDATE alembic_version SET version_num = '9999'")
    command.refuse(78, "schema_newer", "jobs")


def test_words_that_mean_no_job_make_no_home(command, machine, tmp_path):
    for words in (("pause",), ("resume",), ("pause", "1"), ("unschedule", "1")):
        assert command.call(*words).status == 2
    assert command.call("unschedule", "--all").document["removed"] == []
    assert not (tmp_path / "home").exists()


def test_a_business_may_be_called_like_a_job(command, machine, home):
    command.call("business", "add", "sync_x")
    command.call("schedule", "sync_x")
    assert command.call("pause", "sync_x").document["jobs"][0]["business_id"] == 3
    assert command.call("unschedule", "sync_x").document["removed"] == ["sync_business_3"]
    command.refuse(2, "unknown_job", "unschedule", "sync_y")


def test_nothing_is_left_to_write_and_to_fail_when_all_is_in_place(
    command, machine, used, monkeypatch
):
    note, notes = schedules.note_installed, []

    def note_once(connection, now_is):
        notes.append(now_is)
        if len(notes) > 1:
            raise StoreUnusable("No room.", hint="Make room.")
        note(connection, now_is)

    monkeypatch.setattr(schedules, "note_installed", note_once)
    assert command.call("schedule").status == 0
    assert {job["drift"] for job in command.call("jobs").document["jobs"]} == {None}


def test_a_single_time_whose_removal_was_killed_is_named_and_forgotten(command, machine, used):
    command.call("schedule", "1", "--at", "2090-12-01 15:30:00")
    changed(used, "UPDATE schedule SET ended_at = 1 WHERE job = 'sync_once_1'")
    assert "strays: sync_once_1" in command.say("jobs").output
    command.call("schedule", "--apply")
    assert machine.lines("crontab") == ["sync_business_1", "sync_business_2", "tick"]
    assert len(stored(used)["schedule"]) == 2
