"""`sync --job`, `tick` and what `runs` tells of them, as an installed entry starts them."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from analytics_sync.clock import SystemClock, iso
from analytics_sync.domain.timing import Every, Timing
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import light, schedules
from analytics_sync.store.jobs import Known, one_job
from support.command import Command
from support.house import House
from support.waiting import PATIENCE, until

JOB = "sync_all_businesses"
DAILY = Every(timedelta(days=1))
PROGRAM = [sys.executable, "-m", "analytics_sync"]
HEAVY = {"sqlmodel", "sqlalchemy", "httpx", "pydantic", "rich", "asyncio", "alembic"}
# Longer than any test takes; after it a process is killed.


def schedule(house: House, business: int | None, timing: Timing, **ago: float) -> str:
    """A job that was made so long ago, by the machine's clock, which commands live by."""
    with house.opened() as opened, opened.database.write() as connection:
        made = SystemClock().now() - timedelta(**ago)
        return schedules.put(connection, business, timing, now=made)[0]


def known(house: House) -> Known:
    with house.opened() as opened, opened.database.read() as connection:
        found = one_job(light.over(connection), JOB)
    assert found is not None
    return found


@pytest.fixture
def busy_house(house: House) -> House:
    """The house with posts on a platform that reads them at any age."""
    house.populate("linkedin", posts=5)
    return house


def test_an_entry_runs_its_slot_once(busy_house: House, at_platforms: Command) -> None:
    schedule(busy_house, None, DAILY, days=3.5)
    slot = iso(DAILY.until(SystemClock().now()) or SystemClock().now())
    first = at_platforms.call("sync", "--job", JOB)
    assert first.status == 0, first
    assert {name: first.document[name] for name in ("trigger", "job", "slot")} == {
        "trigger": "schedule",
        "job": JOB,
        "slot": slot,
    }
    assert first.document["made_up"] in {2, 3}
    assert first.document["posts"]["synced"] > 0
    again = at_platforms.call("sync", "--job", JOB)
    assert (again.status, again.document["run_id"]) == (0, None)
    assert again.document["outcome"] == "nothing_due"
    tick = at_platforms.call("tick")
    assert (tick.status, tick.document) == (0, {"runs": []})
    for arguments in (["sync", "--job", JOB], ["tick"]):
        silent = at_platforms.say(*arguments)
        assert (silent.status, silent.output, silent.errors) == (0, "", "")
    told = at_platforms.call("runs").document["runs"][0]
    assert (told["job"], told["slot"], told["made_up"]) == (JOB, slot, first.document["made_up"])
    assert f"{JOB}, makes up {told['made_up']} missed slots" in at_platforms.say("runs").output
    assert f"makes up {told['made_up']} missed" in at_platforms.say("runs", str(told["id"])).output


def test_a_tick_runs_what_is_due(busy_house: House, at_platforms: Command) -> None:
    schedule(busy_house, None, DAILY, days=1)
    ticked = at_platforms.call("tick")
    assert ticked.status == 0, ticked
    run = ticked.document["runs"][0]
    assert (run["job"], run["trigger"]) == (JOB, "tick")
    assert run["posts"]["synced"] > 0
    told = at_platforms.call("runs").document["runs"]
    assert [one["trigger"] for one in told] == ["tick"]
    assert f"{JOB} (tick)" in at_platforms.say("runs").output


def test_a_job_that_is_not_there_is_named(command: Command) -> None:
    command.say("init")
    assert "sync_business_7" in command.refuse(
        78, "unknown_job", "sync", "--job", "sync_business_7"
    )


def test_a_job_without_accounts_is_named(house: House, command: Command) -> None:
    command.set(house.environ)
    job = schedule(house, 1, DAILY, days=2)
    words = command.refuse(78, "no_account", "sync", "--job", job)
    assert "Business 1 has no account" in words
    assert command.call("runs").document["runs"][0]["outcome"] == "nothing_due"


@pytest.mark.parametrize("also", [["--due"], ["--business", "1"], ["--wait", "5s"], ["--dry-run"]])
def test_a_job_says_itself_what_is_synced(command: Command, also: list[str]) -> None:
    assert "--job" in command.refuse(2, "usage", "sync", "--job", JOB, *also)


def test_a_start_for_nothing_loads_nothing_heavy(house: House) -> None:
    schedule(house, None, DAILY, seconds=0)
    with house.opened() as opened, opened.database.write() as connection:
        schedules.installed(connection)
    calls = [["sync", "--job", JOB], ["tick"], ["sync", "--job", JOB, "--json"]]
    code = (
        "import sys; from analytics_sync.cli.frame import run;"
        f"statuses = [run(a) for a in {calls}];"
        f"sys.exit(' '.join({HEAVY} & set(sys.modules)) or any(statuses))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **house.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    with house.opened() as opened, opened.database.read() as connection:
        row = connection.exec_driver_sql("SELECT ticked_at FROM installation").scalar()
    assert row is not None


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The program, in this process's environment."""
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in output + errors
    return process.returncode, output, errors


@pytest.mark.usefixtures("at_platforms")
@pytest.mark.parametrize("processes", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_processes_that_fire_at_once_make_one_run(busy_house: House, processes: int) -> None:
    schedule(busy_house, None, DAILY, days=1)
    fired = [start("sync", "--job", JOB) for _ in range(processes)]
    ended = [finish(process) for process in fired]
    assert {status for status, _, _ in ended} <= {0, 75}, ended
    with busy_house.opened() as opened, opened.database.read() as connection:
        runs = connection.exec_driver_sql("SELECT job, outcome FROM sync_run").fetchall()
    assert [tuple(run) for run in runs] == [(JOB, "complete")]
    assert known(busy_house).last is not None
    assert known(busy_house).last.done  # type: ignore[union-attr]


def in_a_request(house: House, process: "subprocess.Popen[str]") -> bool:
    assert process.poll() is None, process.communicate()
    return house.world.faults.pending[0].times != 1000


def test_a_killed_run_is_taken_up_by_the_next_tick(
    busy_house: House, at_platforms: Command
) -> None:
    schedule(busy_house, None, DAILY, days=1)
    busy_house.world.faults.add(Fault("slow", times=1000, seconds=4.0))
    process = start("sync", "--job", JOB)
    until(lambda: in_a_request(busy_house, process))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    busy_house.world.faults.clear()
    last = known(busy_house).last
    assert last is not None
    assert last.finished_at is None
    ticked = at_platforms.call("tick")
    assert [run["job"] for run in ticked.document["runs"]] == [JOB]
    assert ticked.document["runs"][0]["posts"]["synced"] > 0
    again = known(busy_house).last
    assert again is not None
    assert (again.due_at, again.done) == (last.due_at, True)
    assert at_platforms.call("tick").document == {"runs": []}


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["sync", "--job", JOB], ["tick"]])
def test_a_signal_ends_a_run_well_and_the_next_tick_goes_on(
    busy_house: House, at_platforms: Command, arguments: list[str]
) -> None:
    schedule(busy_house, None, DAILY, days=1)
    busy_house.world.faults.add(Fault("slow", times=1000, seconds=20.0))
    process = start(*arguments)
    until(lambda: in_a_request(busy_house, process))
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status, _, errors = finish(process)
    busy_house.world.faults.clear()
    assert status == 75, errors
    assert time.monotonic() - begun < 18
    last = known(busy_house).last
    assert last is not None
    assert (last.status, last.done) == (75, False)
    ticked = at_platforms.call("tick")
    assert ticked.document["runs"][0]["posts"]["synced"] > 0
    assert known(busy_house).last.done  # type: ignore[union-attr]


def test_the_database_may_be_postgresql(
    tmp_path: Path, postgres_url: str, command: Command
) -> None:
    command.set({"ANALYTICS_SYNC_DATABASE_URL": postgres_url})
    assert command.call("db", "upgrade").status == 0
    house = House.of_today(tmp_path, database_url=postgres_url)
    house.add_business()
    job = schedule(house, None, DAILY, days=1)
    assert command.refuse(78, "no_account", "sync", "--job", job)
    assert command.say("sync", "--job", job).status == 0
    assert command.call("tick").document == {"runs": []}
