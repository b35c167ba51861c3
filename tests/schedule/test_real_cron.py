"""A real cron daemon, in a sandbox, fires the jobs of a user; it is switched off and on again."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics_sync.domain.timing import Every, stable_offset
from analytics_sync.schedule._commands import find
from analytics_sync.schedule.entries import HOUR, tick
from analytics_sync.schedule.place import usual_name
from analytics_sync.settings.home import find_home
from support import scheduled_machine
from support.scheduled_machine import Home, Platforms, furnish, machine, platforms
from support.systemd_sandbox import Sandbox
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine with cron")]

MINUTE = timedelta(minutes=1)
SPOOL = "/var/spool/cron/crontabs"
FOREIGN = "MAILTO=keeper\n0 0 * * * echo '100\\%' # theirs\n"


@pytest.fixture(scope="module")
def world() -> Iterator[Platforms]:
    reason = scheduled_machine.why_not()
    if reason is not None:
        pytest.skip(reason)
    if not find("cron"):
        pytest.skip("Debian's cron is not installed (apt-get install cron)")
    with platforms(["x"], 3) as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(world: Platforms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with machine(tmp_path_factory.mktemp("sandbox") / "disk") as booted:
        booted.run("systemctl", "start", "cron")
        yield booted


def tell(what: object) -> None:
    """For who wants to see it: `pytest -s`."""
    sys.stdout.write(f"{what}\n")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def job_of(home: Home) -> dict[str, Any]:
    [job] = home.ask("jobs")["jobs"]
    return dict(job)


def finished(home: Home, more_than: int = 0) -> list[dict[str, Any]]:
    """All runs, the oldest first, once there are more of them, all ended."""
    runs = home.runs[::-1]
    ended = all(run["finished_at"] for run in runs)
    return runs if len(runs) > more_than and ended else []


def switch_off_for(sandbox: Sandbox, slots: int) -> None:
    """Off through so many whole minutes, and on again."""
    sandbox.power_off()
    off = datetime.now(UTC)
    back = off.replace(second=20, microsecond=0) + slots * MINUTE
    time.sleep((back - off).total_seconds())
    sandbox.boot()
    sandbox.run("systemctl", "start", "cron")


def test_cron_fires_a_users_job_and_makes_up_what_it_missed(
    world: Platforms, sandbox: Sandbox
) -> None:
    home = furnish(world, Home(sandbox, "keeper", as_root=False), 1)
    sandbox.run("crontab", "-u", "keeper", "-", stdin=FOREIGN)
    before = sandbox.tree("/home/keeper", "/etc/cron.d", SPOOL)
    told = home.say("schedule", "--cron", "* * * * *", "--backend", "crontab")
    tell(told)
    tell(sandbox.run("crontab", "-u", "keeper", "-l").stdout)

    [run] = until(lambda: finished(home), 180)
    assert (run["trigger"], run["outcome"], run["job"]) == (
        "schedule",
        "complete",
        "sync_all_businesses",
    )
    slot = moment(run["slot"])
    assert slot.second == 0
    assert timedelta(0) <= moment(run["started_at"]) - slot < MINUTE
    assert run["made_up"] == 0
    job = job_of(home)
    assert job["drift"] is None
    assert moment(job["next_run_time"]) > slot
    assert moment(job["next_run_time"]) - datetime.now(UTC) <= MINUTE
    assert home.ask("status")["status"]["running"] is True

    count = len(until(lambda: finished(home), 90))
    switch_off_for(sandbox, 3)
    runs = until(lambda: finished(home, count), 180)
    late = runs[count]
    missed = (moment(late["slot"]) - moment(runs[count - 1]["slot"])) // MINUTE - 1
    assert missed >= 3
    assert late["made_up"] == missed
    slots = [run["slot"] for run in runs]
    assert len(set(slots)) == len(slots)
    tell(runs)

    # A job that goes well prints nothing, so there is nothing to mail.
    assert sandbox.run("ls", "/var/mail").stdout == ""
    assert "discarding output" not in sandbox.journal("--identifier=CRON")
    home.say("unschedule", "--all")
    assert sandbox.run("crontab", "-u", "keeper", "-l").stdout == FOREIGN
    after = sandbox.tree("/etc/cron.d", SPOOL)
    assert after.keys() == {path for path in before if not path.startswith("/home")}
    assert not home.runs[0]["job"] or home.ask("jobs")["jobs"] == []


def soon_ticked_user() -> str:
    """A user whose installation ticks in two minutes, well after the slots of its job."""
    tick_at = (datetime.now(UTC) + 2 * MINUTE).minute
    for number in range(100_000):
        path = f"/home/keeper{number}/.local/share/analytics-sync"
        name = usual_name(find_home({"ANALYTICS_SYNC_HOME": path}))
        timing = tick(name).timing
        assert isinstance(timing, Every)
        own = stable_offset(name, "sync_business_1", HOUR) // MINUTE
        if timing.offset // MINUTE == tick_at and 10 < (tick_at - own) % 60 < 50:
            return f"keeper{number}"
    raise AssertionError("no such name")


def test_the_tick_makes_up_what_came_while_the_machine_was_off(
    world: Platforms, sandbox: Sandbox
) -> None:
    home = furnish(world, Home(sandbox, soon_ticked_user(), as_root=False), 3)
    home.say("schedule", "1", "--every", "1h", "--backend", "crontab")
    tell(sandbox.run("crontab", "-u", home.user, "-l").stdout)
    # As after four hours without power.
    script = f"""if True:
        import sqlite3
        with sqlite3.connect("{home.path}/analytics-sync.db") as connection:
            connection.execute("UPDATE schedule SET since = since - 4 * 3600 * 1000")"""
    sandbox.run(sys.executable, "-c", script, user=home.user)
    [run] = until(lambda: finished(home), 300)
    tell(run)
    assert (run["trigger"], run["outcome"], run["job"]) == ("tick", "complete", "sync_business_1")
    assert run["made_up"] == 3
    assert (
        "makes up 3 missed slots"
        in home.sandbox.run(
            scheduled_machine.PROGRAM,
            "runs",
            user=home.user,
            env={"ANALYTICS_SYNC_HOME": home.path},
        ).stdout
    )
    home.say("unschedule", "--all")
    assert sandbox.run("crontab", "-u", home.user, "-l", check=False).stdout == ""


# cron and the shell might see more in it than a name.
ODD = "it's 100% \\% ü"


def test_cron_fires_what_root_put_into_cron_d_as_the_homes_owner(
    world: Platforms, sandbox: Sandbox
) -> None:
    home = furnish(world, Home(sandbox, "owner", as_root=True, folder=ODD), 2)
    before = sandbox.tree("/etc/cron.d", SPOOL)
    home.ask("schedule", "1", "--cron", "* * * * *", "--backend", "cron.d")
    tell(sandbox.run("sh", "-c", "cat /etc/cron.d/analytics-sync-*").stdout)
    run = until(lambda: finished(home), 240)[0]
    assert (run["trigger"], run["outcome"], run["job"]) == (
        "schedule",
        "complete",
        "sync_business_1",
    )
    # Root made the lock for its own command; all else is the work of the job.
    # SQLite's log is gone with the run that wrote it, perhaps while this looks.
    found = sandbox.run(
        *("find", home.path, "-ignore_readdir_race", "-type", "f", "-printf", "%u %f\n")
    )
    files = found.stdout.splitlines()
    assert [
        file for file in files if "schedule-" not in file and not file.startswith("owner ")
    ] == []
    home.ask("unschedule", "--all")
    assert sandbox.tree("/etc/cron.d", SPOOL) == before
