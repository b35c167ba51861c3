"""Jobs on a machine whose systemd starts them: fired, made up, stopped, failed, and taken away."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_sync.simulator.faults import Fault
from support import scheduled_machine
from support.scheduled_machine import Home, Platforms, furnish, machine, platforms
from support.systemd_sandbox import Sandbox
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machine with systemd")]
JOB = "sync_business_1"
MINUTE = timedelta(minutes=1)
TRACES = ("/etc/systemd", "/var/lib/systemd/timers", "/home")


@pytest.fixture(scope="module")
def world() -> Iterator[Platforms]:
    reason = scheduled_machine.why_not()
    if reason is not None:
        pytest.skip(reason)
    with platforms(["x", "facebook"], businesses=2) as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(world: Platforms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with machine(tmp_path_factory.mktemp("machine") / "disk") as booted:
        yield booted


@pytest.fixture(scope="module")
def homes(world: Platforms, sandbox: Sandbox) -> list[Home]:
    """One with system units that root schedules, one with the units of a user who lingers."""
    return [
        furnish(world, Home(sandbox, "worker", as_root=True), 1),
        furnish(world, Home(sandbox, "lena", as_root=False), 2),
    ]


@pytest.fixture(params=[0, 1], ids=["system", "user"])
def home(request: pytest.FixtureRequest, homes: list[Home]) -> Home:
    return homes[request.param]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def of_job(home: Home) -> list[dict[str, Any]]:
    return [run for run in home.runs if run.get("job") == JOB]


@contextmanager
def scheduled(home: Home, *timing: str) -> Iterator[None]:
    """A job for the time of the block; afterwards the machine is as it was before."""
    before = traces(home.sandbox)
    home.ask("schedule", "1", *timing)
    try:
        yield
    finally:
        home.ask("unschedule", "--all")
    assert traces(home.sandbox) == before
    assert not home.systemctl(
        "list-units", "--all", "--plain", "--no-legend", "analytics-sync-*.timer"
    )


def traces(sandbox: Sandbox) -> dict[str, str]:
    """What is in the folders that hold units or settings of users, without the homes' own files."""
    tree = sandbox.tree(*TRACES)
    return {path: what for path, what in tree.items() if "/share/analytics-sync" not in path}


def test_timers_fire_and_make_up_what_a_machine_that_was_off_missed(
    homes: list[Home], sandbox: Sandbox
) -> None:
    before = traces(sandbox)
    for home in homes:
        home.ask("schedule", "1", "--cron", "* * * * *")
    until(lambda: all(of_job(home) for home in homes))
    for home in homes:
        fired = of_job(home)[0]
        assert fired["trigger"] == "schedule"
        assert instant(fired["started_at"]) - instant(fired["slot"]) < timedelta(seconds=50)
        until(lambda home=home: not home.ask("jobs")["jobs"][0]["running"])
        [job] = home.ask("jobs")["jobs"]
        assert job["drift"] is None
        assert (
            timedelta(0)
            < instant(job["next_run_time"]) - instant(job["last_run_time"])
            <= 2 * MINUTE
        )
    sandbox.power_off()
    time.sleep(3 * 60 + 20)
    sandbox.boot()
    for home in homes:
        until(lambda home=home: any(run["made_up"] for run in of_job(home)))
        runs = of_job(home)
        made_up = [run for run in runs if run["made_up"]]
        assert len(made_up) == 1
        assert made_up[0]["made_up"] in {2, 3}
        slots = [run["slot"] for run in runs]
        assert len(slots) == len(set(slots))
        assert home.ask("jobs")["jobs"][0]["drift"] is None
    for home in homes:
        home.ask("unschedule", "--all")
    assert traces(sandbox) == before


def test_a_stop_in_the_middle_ends_a_sync_gracefully(home: Home, world: Platforms) -> None:
    with scheduled(home, "--every", "24h"):
        unit = home.unit(JOB)
        make_due(home)
        world.simulator.world.faults.add(Fault("slow", seconds=30, times=None))
        try:
            home.systemctl("start", "--no-block", unit)
            until(lambda: home.ask("jobs")["jobs"][0]["running"])
            began = time.monotonic()
            home.systemctl("stop", unit)
        finally:
            world.simulator.world.faults.clear()
        assert time.monotonic() - began < 25
        assert (home.show(unit, "Result"), home.show(unit, "ExecMainStatus")) == ("success", "75")
        assert of_job(home)[0]["outcome"] == "interrupted"


def test_a_run_that_was_killed_triggers_the_hook_and_is_taken_up_by_the_tick(
    home: Home, world: Platforms
) -> None:
    with scheduled(home, "--every", "24h"):
        unit = home.unit(JOB)
        make_due(home)
        world.simulator.world.faults.add(Fault("slow", seconds=30, times=None))
        try:
            home.systemctl("start", "--no-block", unit)
            until(lambda: home.ask("jobs")["jobs"][0]["running"])
            home.systemctl("kill", "--signal=KILL", unit)
            hook = unit.replace("@", "-failed@")
            until(lambda: home.show(hook, "ExecMainExitTimestamp"))
        finally:
            world.simulator.world.faults.clear()
        assert home.show(unit, "Result") == "signal"
        assert (home.show(hook, "Result"), home.show(hook, "ExecMainStatus")) == ("success", "0")
        home.systemctl("start", unit.split("@")[0] + "-tick.service")
        taken = of_job(home)[0]
        assert (taken["trigger"], taken["outcome"]) == ("tick", "complete")


def test_a_single_time_is_gone_after_its_run(home: Home) -> None:
    at = datetime.now().astimezone() + timedelta(seconds=8)
    with scheduled(home, "--every", "24h"):
        job = home.ask("schedule", "1", "--at", at.replace(microsecond=0).isoformat())["id"]
        until(lambda: [run for run in home.runs if run.get("job") == job])
        until(lambda: not any(job in path for path in traces(home.sandbox)))
        assert [one["id"] for one in home.ask("jobs")["jobs"]] == [JOB]
        assert home.ask("jobs")["jobs"][0]["drift"] is None


@pytest.mark.parametrize(("user", "as_root"), [("mia", True), ("noor", False)])
def test_a_home_may_be_called_anything(
    world: Platforms, sandbox: Sandbox, user: str, *, as_root: bool
) -> None:
    odd = 'ä 100% "q" $HOME :x\'y/home'
    home = furnish(world, Home(sandbox, user, as_root, odd), 1)
    home.ask("schedule", "1", "--every", "24h")
    unit = home.unit(JOB)
    make_due(home)
    home.systemctl("start", unit)
    assert of_job(home)[0]["outcome"] == "complete"
    hook = unit.replace("@", "-failed@")
    home.systemctl("start", hook)
    at = datetime.now().astimezone() + timedelta(seconds=8)
    job = home.ask("schedule", "1", "--at", at.replace(microsecond=0).isoformat())["id"]
    until(lambda: [run for run in home.runs if run.get("job") == job])
    until(lambda: not any(job in path for path in traces(sandbox)))
    home.ask("unschedule", "--all")


def make_due(home: Home) -> None:
    """Move the job's beginning back, so that the slot before now is due."""
    script = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
        " db.execute('UPDATE schedule SET since = since - 90000000');"
        " db.execute('UPDATE post SET last_tried_at = NULL, last_read_at = NULL');"
        " db.execute('UPDATE account SET discovered = \"{}\"'); db.commit()"
    )
    database = Path(home.path, "analytics-sync.db")
    home.sandbox.run(scheduled_machine.PYTHON, "-c", script, database, user=home.user)
