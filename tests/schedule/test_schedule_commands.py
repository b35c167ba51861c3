"""`schedule`, `unschedule`, `pause`, `resume`, `jobs`: what they answer, refuse and leave behind."""

import io
import json
import logging
import os
import pty
import sys

import pytest

from analytics_sync.cli.frame import run
from analytics_sync.schedule import place
from support.command import Command
from support.rows import changed

HOURLY = "sync_all_businesses"


def jobs(command: Command) -> dict[str, dict]:
    return {job["id"]: job for job in command.call("jobs").document["jobs"]}


def test_a_bare_schedule_installs_the_hourly_job_and_says_so(command, machine, caplog):
    caplog.set_level(logging.INFO, "analytics_sync")
    made = command.call("schedule").document
    assert (made["id"], made["business_id"], made["replaces"]) == (HOURLY, None, None)
    assert made["name"] == "Sync Analytics for All Businesses"
    assert made["next_run_time"].endswith(":00:00Z")
    assert made["backend"] == "systemd"
    assert "Added job: Sync all businesses (hourly at :00)" in caplog.messages
    assert machine.lines("systemd") == [HOURLY, "tick"]
    assert (command.call("jobs").document["jobs"][0]["id"]) == HOURLY


def test_a_business_has_a_minute_of_its_own_unless_exact(command, machine, home):
    spread = command.call("schedule", "1", "--every", "24h").document
    assert spread["id"] == "sync_business_1"
    again = command.call("schedule", "Zürich Æther").document
    assert again["id"] == "sync_business_2"
    assert again["timezone"] == "Europe/Zurich"
    minutes = {spread["next_run_time"][14:16], again["next_run_time"][14:16]}
    assert minutes != {"00"}
    exact = command.call("schedule", "1", "--every", "24h", "--exact").document
    assert exact["next_run_time"].endswith("T00:00:00Z")
    assert exact["replaces"] == "every 1d"
    assert machine.lines("systemd") == ["sync_business_1", "sync_business_2", "tick"]


def test_a_person_reads_times_in_both_zones_and_what_is_left_out(command, machine, home):
    command.call("schedule")
    told = command.say("schedule", "2", "--cron", "30 2 * * *", "--tz", "Europe/Zurich").output
    assert "sync_business_2: cron 30 2 * * * (Europe/Zurich), in systemd" in told
    assert "01:30 UTC" in told or "00:30 UTC" in told
    assert "02:30 Europe/Zurich" in told
    assert "leaves this business out" in told
    assert "not known before the first sync" in told
    machine.words.append("Allow it to run after log-out: loginctl enable-linger ada")
    told = command.say("schedule", "2", "--every", "6h").output
    assert "replaces  cron 30 2 * * * (Europe/Zurich)" in told
    assert "enable-linger" in told


def test_a_single_time_is_one_job_more(command, machine, home):
    command.call("schedule", "1", "--every", "24h")
    first = command.call("schedule", "1", "--at", "2030-12-01 15:30:00").document
    second = command.call(
        "schedule", "1", "--at", "2030-12-01 15:30:00", "--tz", "America/New_York"
    ).document
    assert (first["id"], second["id"]) == ("sync_once_1", "sync_once_2")
    assert (first["next_run_time"], second["next_run_time"]) == (
        "2030-12-01T15:30:00Z",
        "2030-12-01T20:30:00Z",
    )
    assert first["left_out"] is False
    assert list(jobs(command)) == ["sync_business_1", "sync_once_1", "sync_once_2"]


def test_a_single_time_that_is_over_is_no_job_and_no_drift(command, machine, home):
    command.call("schedule", "1", "--at", "2030-12-01 15:30:00")
    command.call("schedule")
    changed(home, "UPDATE schedule SET at = 1, ended_at = 2 WHERE job = 'sync_once_1'")
    assert list(jobs(command)) == [HOURLY]
    told = command.say("jobs").output
    assert "sync_once" not in told
    assert "On this machine" not in told
    command.call("schedule", "2", "--every", "2h")
    assert machine.lines("systemd") == [HOURLY, "sync_business_2", "tick"]
    assert jobs(command)[HOURLY]["drift"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--every", "0m"), "5 minutes"),
        (("--every", "-5m"), "--every"),
        (("--every", "24"), "--every"),
        (("--every", "1y"), "--every"),
        (("--every", "4m59s"), "5 minutes"),
        (("--every", "91d"), "90 days"),
        (("--cron", "0 0 0 * * *"), "--cron"),
        (("--cron", "61 * * * *"), "--cron"),
        (("--cron", "0 0 31 2 *"), "--cron"),
        (("--cron", "0 9 * * *", "--tz", "Europe/Atlantis"), "--tz: 'Europe/Atlantis'"),
        (("--cron", "0 9 * * *", "--tz", ""), "--tz: ''"),
        (("--at", "2020-01-01 00:00:00"), "over"),
        (("--at", "tomorrow"), "--at"),
        (("--every", "1h", "--tz", "Europe/Berlin"), "--tz"),
        (("--every", "1h", "--cron", "0 * * * *"), "one timing"),
        (("--apply", "--every", "1h"), "--every"),
        (("--backend", "launchd"), "launchd"),
        (("--backend", "../choice"), "choice"),
    ],
)
def test_what_was_said_wrong_is_refused_and_nothing_is_made(command, machine, arguments, words):
    code = "unknown_backend" if "--backend" in arguments else "usage"
    assert words in command.refuse(2, code, "schedule", *arguments)
    assert machine.files() == {}


def test_unknown_businesses_and_jobs_are_refused(command, machine, home):
    command.refuse(2, "unknown_business", "schedule", "7")
    command.refuse(2, "unknown_business", "schedule", "No such")
    command.refuse(2, "unknown_business", "schedule", "99999999999999999999999")
    command.refuse(2, "unknown_job", "unschedule", "1")
    command.refuse(2, "unknown_business", "unschedule", "7")
    command.refuse(2, "unknown_job", "unschedule", "--job", "sync_once_3")
    command.refuse(2, "unknown_job", "pause")
    command.refuse(2, "unknown_job", "resume", "sync_business_1")
    command.refuse(2, "usage", "unschedule")
    command.refuse(2, "usage", "unschedule", "1", "--all")
    changed(home, "UPDATE business SET archived_at = 1 WHERE id = 1")
    command.refuse(2, "archived", "schedule", "1")
    assert machine.files() == {}


def test_nothing_is_made_where_nothing_can_be_installed(command, machine, tmp_path):
    machine.serving.clear()
    assert "--backend external" in command.refuse(78, "no_scheduler", "schedule")
    assert not (tmp_path / "home" / "analytics-sync.db").exists()


def test_settings_of_the_environment_alone_are_named(command, machine, home, monkeypatch):
    monkeypatch.setenv("ANALYTICS_SYNC_MAX_RUN", "5m")
    monkeypatch.setenv("ANALYTICS_SYNC_KEY", "x" * 44)
    told = command.refuse(78, "environment_only", "schedule")
    assert "ANALYTICS_SYNC_KEY, ANALYTICS_SYNC_MAX_RUN" in told
    assert "x" * 44 not in told
    assert machine.files() == {}
    monkeypatch.delenv("ANALYTICS_SYNC_KEY")
    assert command.call("schedule", "--backend", "external").document["backend"] == "external"
    assert machine.files() == {}


def test_a_program_that_may_be_thrown_away_is_refused(command, machine, home, monkeypatch):
    prefix = home.parent / "archive" / ".cache" / "uv" / "environment"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "analytics-sync").symlink_to("/bin/true")
    monkeypatch.setattr(sys, "prefix", str(prefix))
    assert ".cache" in command.refuse(78, "program_throw_away", "schedule")
    monkeypatch.setattr(sys, "prefix", str(home.parent / "gone"))
    monkeypatch.setattr(place, "find_program", lambda: home.parent / "gone" / "analytics-sync")
    assert "missing" in command.refuse(78, "program_missing", "schedule")
    assert machine.files() == {}


def test_a_dry_run_shows_the_change_and_writes_nothing(command, machine, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    told = command.say("schedule", "--dry-run").output
    assert told.startswith("--- /dev/null\n+++ ")
    assert f"\n+{HOURLY} every 1h sync --job {HOURLY}\n" in told
    assert sorted(path for path in tmp_path.rglob("*") if "logs" not in path.parts) == before
    command.call("schedule")
    (written,) = (path for path in machine.files() if path.endswith(".jobs"))
    assert f"{machine.folder}/{written}" in told.splitlines()[1]
    kept = machine.files()
    document = command.call("schedule", "--every", "2h", "--dry-run").document
    assert document["changes"] == [f"{machine.folder}/{written}"]
    assert f"-{HOURLY} every 1h" in document["diff"]
    assert "Nothing would be written" in command.say("schedule", "--dry-run").output
    assert machine.files() == kept
    assert jobs(command)[HOURLY]["trigger"] == "hourly at :00"


def test_a_home_that_is_not_there_stays_so_in_a_dry_run(command, machine, tmp_path):
    command.refuse(2, "unknown_business", "schedule", "1", "--dry-run")
    command.say("schedule", "--dry-run")
    command.say("jobs")
    command.say("status")
    assert not (tmp_path / "home").exists()


def test_pausing_keeps_the_entries_and_says_when_nothing_comes(command, machine, home):
    command.call("schedule")
    command.call("schedule", "1", "--every", "1h")
    files = machine.files()
    paused = command.call("pause", "1").document["jobs"]
    assert [job["id"] for job in paused] == ["sync_business_1"]
    assert paused[0]["paused"]
    found = jobs(command)
    assert (found["sync_business_1"]["paused"], found[HOURLY]["paused"]) == (True, False)
    assert found["sync_business_1"]["next_run_time"] is None
    assert "paused, hourly" in command.say("jobs").output
    assert len(command.call("pause", "--wait").document["jobs"]) == 2
    assert len(command.call("resume").document["jobs"]) == 2
    assert command.call("pause", "Acme").document["jobs"][0]["id"] == "sync_business_1"
    assert "next run 20" in command.say("resume", "sync_business_1").output
    assert not jobs(command)["sync_business_1"]["paused"]
    assert machine.files() == files


def test_scheduling_a_paused_job_again_lets_it_run(command, machine, home):
    command.call("schedule", "1", "--every", "1h")
    command.call("pause", "1")
    command.call("schedule", "1", "--every", "2h")
    assert not jobs(command)["sync_business_1"]["paused"]


def test_unscheduling_removes_what_is_meant_and_at_the_end_every_trace(command, machine, home):
    before = machine.files()
    command.call("schedule")
    command.call("schedule", "1", "--every", "1h")
    command.call("schedule", "1", "--at", "2030-01-01 00:00")
    command.call("schedule", "2", "--every", "1h")
    removed = command.call("unschedule", "Acme").document["removed"]
    assert removed == ["sync_business_1", "sync_once_1"]
    assert machine.lines("systemd") == [HOURLY, "sync_business_2", "tick"]
    assert command.call("unschedule", "--job", HOURLY).document["removed"] == [HOURLY]
    assert "Removed job: sync_business_2" in command.say("unschedule", "--all").output
    assert machine.files() == before
    assert command.call("jobs").document == {"jobs": []}
    assert "Nothing was scheduled" in command.say("unschedule", "--all").output
    assert machine.files() == before


def test_removing_the_last_job_leaves_no_tick_and_any_backend_may_follow(command, machine, home):
    before = machine.files()
    command.call("schedule", "--backend", "crontab")
    command.call("unschedule", HOURLY)
    assert machine.files() == before
    assert command.call("schedule").document["backend"] == "systemd"


def test_removing_a_business_removes_its_jobs_and_archiving_leaves_them_at_rest(
    command, machine, home
):
    command.call("schedule", "1", "--every", "1h")
    command.call("schedule", "2", "--every", "1h")
    command.call("business", "archive", "2")
    assert jobs(command)["sync_business_2"]["next_run_time"] is None
    assert "archived, " in command.say("jobs").output
    machine.failing.add("systemd")
    command.refuse(78, "scheduler", "business", "remove", "1")
    assert len(command.call("business", "list").document["businesses"]) == 2
    machine.failing.clear()
    assert command.call("business", "remove", "1").document["jobs"] == ["sync_business_1"]
    assert machine.lines("systemd") == ["sync_business_2", "tick"]
    assert command.call("business", "remove", "1", "--purge").document["purged"]
    assert command.call("business", "remove", "2", "--purge").document["jobs"]
    assert machine.lines("systemd") == []


def test_init_installs_the_hourly_job_when_asked_to(command, machine):
    assert command.call("init").document["job"] is None
    assert machine.files() == {}
    assert command.call("init", "--schedule").document["job"]["id"] == HOURLY
    assert (
        "Added job: Sync all businesses (hourly at :00)" in command.say("init", "--schedule").output
    )
    assert machine.lines("systemd") == [HOURLY, "tick"]


def test_jobs_answers_to_the_contract(command, machine, home):
    command.call("schedule", "1", "--every", "1h")
    command.call("schedule")
    found = command.call("jobs").document["jobs"]
    assert [job["id"] for job in found] == [HOURLY, "sync_business_1"]
    wanted = "id name trigger next_run_time last_run_time running paused business_id drift"
    assert set(wanted.split()) <= set(found[0])
    assert found[1]["business_id"] == 1
    assert json.dumps(found[0]["last_run_time"]) == "null"


@pytest.mark.parametrize(
    ("answer", "entries"), [("y\n", [HOURLY, "tick"]), ("n\n", []), ("\n", [])]
)
def test_init_asks_at_a_terminal_and_takes_no_for_an_answer(
    command, machine, monkeypatch, answer, entries
):
    """The question is asked of whoever holds both ends; here that is a pseudo-terminal."""
    mine, theirs = pty.openpty()
    os.write(mine, answer.encode())
    with os.fdopen(theirs, "r+b", buffering=0) as terminal:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(terminal, write_through=True))
        monkeypatch.setattr(sys, "stdout", sys.stdin)
        assert run(["init"]) == 0
        told = os.read(mine, 100_000).decode()
    os.close(mine)
    assert "Let this machine sync all businesses hourly? [y/N]" in told
    assert machine.lines("systemd") == entries
