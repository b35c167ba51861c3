"""`status` and `jobs`: what needs a person, how fresh everything is, and how little they load."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from analytics_sync.clock import to_milliseconds
from analytics_sync.domain.timing import Every
from analytics_sync.locks import FileLocks
from analytics_sync.schedule.place import find_place
from analytics_sync.schedule.scheduler import Wish
from analytics_sync.settings.home import find_home
from analytics_sync.store import businesses
from analytics_sync.wiring import installation, rows, scheduler, watcher
from support.fake_clock import START, FakeClock
from support.rows import changed

HEAVY = "sqlmodel sqlalchemy httpx pydantic rich cryptography fastapi starlette asyncio".split()
# A C library that is quick to use and slow to load; only the names of keys are worth it.
OPENSSL = "_hashlib"
HOUR = Wish(None, Every(timedelta(hours=1)), backend="crontab")


def ago(**span: float) -> int:
    return to_milliseconds(datetime.now(UTC) - timedelta(**span))


def attention(command) -> dict[str, dict]:
    return {one["code"]: one for one in command.call("status").document["status"]["attention"]}


def test_status_answers_to_the_contract_with_nothing_at_all(command, machine, tmp_path):
    found = command.call("status").document["status"]
    assert (found["running"], found["backend"], found["jobs"]) == (False, None, [])
    assert found["attention"] == []
    assert found["last_run"] is None
    assert found["home"] == str(tmp_path / "home")
    assert found["database"] == str(tmp_path / "home" / "analytics-sync.db")
    told = command.say("status").output
    assert "Nothing needs attention." in told
    assert "analytics-sync schedule" in told


def test_the_first_job_is_the_one_for_all_businesses(command, machine, home):
    command.call("schedule", "1", "--every", "1h")
    command.call("schedule")
    found = command.call("status").document["status"]
    assert found["jobs"][0]["next_run_time"].endswith(":00:00Z")
    assert (found["running"], found["backend"]) == (True, "systemd")
    assert found["jobs"] == command.call("jobs").document["jobs"]


def test_what_needs_a_person_is_told_with_since_when_and_what_mends_it(command, machine, home):
    command.call("schedule")
    command.call("schedule", "1", "--every", "1h")
    changed(home, "UPDATE schedule SET since = ?", ago(days=4))
    credential = "INSERT INTO credential (id, platform, ciphertext, version, refused_at,"
    credential += " refused_reason, created_at) VALUES (5, 'x', 'sealed', 1, ?, 'dead', 0)"
    changed(home, credential, ago(hours=30))
    for business, place in ((1, "2244994945"), (2, "33")):
        changed(
            home,
            "INSERT INTO account (business_id, platform, platform_account_id, credential_id,"
            " discovered, created_at) VALUES (?, 'x', ?, 5, '{}', 0)",
            business,
            place,
        )
    for hours, status in ((9, 0), (6, 77), (3, 75), (0.5, 77)):
        changed(
            home,
            "INSERT INTO slot (schedule_id, due_at, claimed_at, finished_at, status)"
            " VALUES (1, ?, ?, ?, ?)",
            *[ago(hours=hours)] * 3,
            status,
        )
    machine.dead.add("systemd")
    machine.words.append("Let user units run after log-out.")
    found = attention(command)
    assert found["credential_refused"]["command"] == (
        "analytics-sync account add 1 x --platform-account-id 2244994945 --token-file FILE"
    )
    assert "1 more account" in found["credential_refused"]["message"]
    assert (
        found["job_failed"]["since"][:13]
        == (datetime.now(UTC) - timedelta(hours=6)).isoformat()[:13]
    )
    assert found["overdue"]["message"].startswith("sync_business_1")
    assert "does not run" in found["scheduler_dead"]["message"]
    assert found["scheduler"]["message"] == "Let user units run after log-out."
    told = command.say("status").output
    assert told.index("ATTENTION") < told.index("sync_all_businesses  hourly")
    assert "(since " in told
    assert "1d6h ago" in told
    assert "sealed" not in told


def test_ticks_that_stopped_are_told_and_those_that_come_are_not(command, machine, home):
    command.call("schedule")
    assert "ticks_stopped" not in attention(command)
    changed(home, "UPDATE schedule SET since = ?", ago(days=1))
    changed(home, "UPDATE installation SET ticked_at = ?", ago(hours=5))
    assert attention(command)["ticks_stopped"]["since"] is not None
    changed(home, "UPDATE installation SET ticked_at = ?", ago(minutes=50))
    assert "ticks_stopped" not in attention(command)


def test_whoever_brings_a_timer_has_time_to_set_it_up(command, home):
    command.call("schedule", "--backend", "external")
    assert attention(command) == {}
    changed(home, "UPDATE schedule SET since = ?", ago(minutes=70))
    assert attention(command) == {}
    changed(home, "UPDATE schedule SET since = ?", ago(minutes=80))
    assert attention(command)["scheduler_dead"]["command"].endswith("analytics-sync tick")


def test_jobs_that_are_switched_off_are_told_of(command, machine, home):
    (home / "config.toml").write_text("enabled = false\n")
    command.call("schedule")
    assert "enabled = false" in attention(command)["disabled"]["message"]


def test_a_machine_that_can_not_be_read_is_said_and_fails_nothing(command, machine, home):
    command.call("schedule")
    changed(home, "UPDATE installation SET backend = 'launchd'")
    assert "launchd" in command.say("jobs").output
    assert "launchd" in attention(command)["drift"]["message"]


def test_a_slot_runs_while_somebody_holds_it_and_was_killed_after(command, machine, home):
    command.call("schedule")
    changed(
        home, "INSERT INTO slot (schedule_id, due_at, claimed_at) VALUES (1, ?, ?)", ago(), ago()
    )
    with FileLocks(home / "locks").hold("slot", 1):
        assert command.call("jobs").document["jobs"][0]["running"]
        assert "running" in command.say("jobs").output
        (paused,) = command.call("pause").document["jobs"]
        assert paused["running"]
    assert not command.call("jobs").document["jobs"][0]["running"]
    assert "killed" in command.say("jobs").output


def test_waiting_for_a_pause_ends_with_the_run(machine, home, monkeypatch):
    from analytics_sync.cli.pause import _wait

    clock = FakeClock()
    with installation({"ANALYTICS_SYNC_HOME": str(home)}, clock=clock) as opened:
        jobs = scheduler(opened)
        jobs.schedule(HOUR)
        held = iter([True, True, True, False])
        monkeypatch.setattr(FileLocks, "held", lambda *_: next(held))
        _wait(opened, jobs.pause(None))
    assert len(clock.slept) == 3


def test_freshness_is_that_of_the_newest_posts(command, machine, home):
    changed(
        home,
        "INSERT INTO account (id, business_id, platform, platform_account_id, discovered,"
        " created_at) VALUES (1, 2, 'x', '1', '{}', 0)",
    )
    post = "INSERT INTO post (account_id, platform_post_id, published_at, state, sightings,"
    post += " versions, refused, found_at, last_read_at) VALUES (1, ?, ?, ?, 0, '[]', '[]', 0, ?)"
    changed(home, post, "1", ago(days=2), "active", ago(hours=3))
    changed(home, post, "2", ago(days=1), "ignored", ago(hours=1))
    (fresh,) = command.call("status").document["status"]["businesses"]
    assert (fresh["business"], fresh["platform"], fresh["accounts"]) == ("Zürich Æther", "x", 1)
    assert fresh["last_read_at"][:13] == (datetime.now(UTC) - timedelta(hours=3)).isoformat()[:13]
    assert "3h ago" in command.say("status").output


@pytest.mark.postgres
def test_jobs_and_status_read_postgresql_alike(machine, postgres_url, tmp_path):
    environ = {
        "ANALYTICS_SYNC_HOME": str(tmp_path / "home"),
        "ANALYTICS_SYNC_DATABASE_URL": postgres_url,
    }
    from analytics_sync.store.migrate import upgrade

    with installation(environ, clock=FakeClock()) as opened:
        upgrade(opened.raw_database)
        with opened.database.write() as connection:
            businesses.add(connection, "Acme", timezone="UTC", now=START)
        jobs = scheduler(opened)
        jobs.schedule(Wish("Acme", Every(timedelta(hours=2)), backend="external"))
        jobs.schedule(Wish(None, Every(timedelta(hours=1))))
        jobs.pause("1")
        with rows(opened) as reading:
            found = watcher(opened).status(reading, START).as_json()
        assert [(job["id"], job["paused"]) for job in found["jobs"]] == [
            ("sync_all_businesses", False),
            ("sync_business_1", True),
        ]
        assert "password" not in found["database"]
        assert jobs.unschedule(["1"]) == ["sync_business_1"]
        assert jobs.unschedule_all() == (["sync_all_businesses"], None)


def test_looking_loads_nothing_heavy(home, monkeypatch):
    """In a fresh interpreter; with the crontab backend in the database, whose program is a script."""
    environ = {"ANALYTICS_SYNC_HOME": str(home), "PATH": "/usr/bin:/bin"}
    changed(
        home, "INSERT INTO installation (id, name, backend, made) VALUES (1, 'a', 'external', '[]')"
    )
    changed(
        home,
        'INSERT INTO schedule (job, seconds, "offset", since, created_at)'
        " VALUES ('sync_all_businesses', 3600, 0, 0, 0)",
    )
    looks = [["jobs"], ["status"], ["credential", "list"]]
    script = (
        "import sys; from analytics_sync.cli.frame import run;"
        f"statuses = [run([*look, *json]) for look in {looks} for json in ([], ['--json'])];"
        f"early = {OPENSSL!r} in sys.modules; statuses.append(run(['key', 'path']));"
        f"found = [m for m in {HEAVY} if m in sys.modules] + [{OPENSSL!r}] * early;"
        "sys.exit(' '.join(found) or any(statuses))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "sync_all_businesses  hourly at :00" in done.stdout


def test_a_place_names_each_folder_that_its_python_needs_once(home, monkeypatch):
    environ = {"ANALYTICS_SYNC_HOME": str(home)}
    with installation(environ) as opened:
        found = find_place("0" * 8, find_home(environ), opened.settings, environ)
    assert found.program.is_absolute()
    assert found.program.name == "analytics-sync"
    assert found.key == home / "key"
    for one in found.prefixes:
        assert not any(other in one.parents for other in found.prefixes)
    assert any(found.program.is_relative_to(prefix) for prefix in found.prefixes)
