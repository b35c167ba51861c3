"""Runs that a program asks for: claimed once, run by a process of their own, closed in any case."""

import subprocess
import sys
from functools import partial

import pytest

from analytics_sync.cli.frame import run as command
from analytics_sync.domain.timing import Every
from analytics_sync.errors import WrongUsage
from analytics_sync.schedule.scheduler import Wish
from analytics_sync.simulator.faults import Fault
from analytics_sync.simulator.server import serving
from analytics_sync.store import accounts, businesses, runs, triggers
from analytics_sync.sync.parts import Parts
from analytics_sync.wiring import installation, scheduler
from analytics_sync.wiring.triggers import trigger
from support.house import House
from support.waiting import until


@pytest.fixture
def house(tmp_path):
    """Three businesses with an account each, which nobody can ask."""
    made = House.of_today(tmp_path)
    now = made.clock.now()
    with made.opened() as found, found.database.write() as connection:
        for number in (1, 2, 3):
            businesses.add(connection, f"Client {number}", timezone="UTC", now=now)
            accounts.put(
                connection,
                business_id=number,
                platform="x",
                platform_account_id=str(number),
                kind=None,
                name=None,
                credential_id=None,
                now=now,
            )
    return made


def claim(house, business_id):
    with house.opened() as found, found.database.write() as connection:
        held = partial(found.locks.held, "run")
        return triggers.claim(connection, business_id, now=house.clock.now(), held=held).run_id


def row_of(house, id):
    with house.opened() as found, found.database.read() as connection:
        return runs.get(connection, id)


def test_the_work_of_a_run_that_goes_on_is_not_claimed_twice(house):
    first = claim(house, 1)
    with pytest.raises(triggers.AlreadyRunning) as refused:
        claim(house, 1)
    assert refused.value.run_id == first
    assert row_of(house, first).businesses == [1]
    assert claim(house, 2) > first


def test_a_run_of_all_businesses_covers_each(house):
    every = claim(house, None)
    for business in (1, None):
        with pytest.raises(triggers.AlreadyRunning) as refused:
            claim(house, business)
        assert refused.value.run_id == every


def test_no_more_than_two_are_asked_for_at_once(house):
    asked = [claim(house, 1), claim(house, 2)]
    with pytest.raises(triggers.TooManyRuns) as refused:
        claim(house, 3)
    assert list(refused.value.run_ids) == asked


def test_runs_by_hand_and_by_jobs_are_not_counted_but_their_work_is_theirs(house):
    with house.opened() as found, found.database.write() as connection:
        for ids in ([2], [3], None):
            runs.start(connection, trigger="manual", now=house.clock.now(), businesses=ids)
    with pytest.raises(triggers.AlreadyRunning):
        claim(house, 1)


def test_the_job_for_all_leaves_a_business_with_a_job_of_its_own(house):
    from datetime import timedelta

    with house.opened() as found:
        for business in (None, "1"):
            wish = Wish(business, Every(timedelta(hours=1)), backend="external")
            scheduler(found).schedule(wish)
    with house.opened() as found, found.database.write() as connection:
        id = runs.start(connection, trigger="schedule", now=house.clock.now())
        connection.exec_driver_sql(
            f"UPDATE sync_run SET job = 'sync_all_businesses' WHERE id = {id}"
        )
    assert claim(house, 1) > id
    with pytest.raises(triggers.AlreadyRunning):
        claim(house, 2)


def test_a_run_whose_process_never_came_is_in_nobodys_way(house):
    first = claim(house, 1)
    house.pass_time(seconds=31)
    assert claim(house, 1) > first
    assert row_of(house, first).outcome == "interrupted"


def test_a_run_that_holds_its_lock_goes_on_however_long_it_takes(house):
    first = claim(house, 1)
    house.pass_time(hours=3)
    running = pytest.raises(triggers.AlreadyRunning)
    with house.opened() as found, found.locks.hold("run", first), running:
        claim(house, 1)
    assert not (house.home.locks / f"run-{first}.lock").exists()


@pytest.mark.parametrize(
    ("business", "code"), [(9, "unknown_business"), (2, "archived"), (4, "no_account")]
)
def test_what_can_not_be_synced_is_refused_with_words(house, business, code):
    house.add_business("Empty")
    with house.opened() as found, found.database.write() as connection:
        businesses.archive(connection, 2, house.clock.now())
    with pytest.raises(WrongUsage) as refused:
        claim(house, business)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_process_of_its_own_syncs_and_records_the_claimed_run(tmp_path):
    house = House.of_today(tmp_path)
    for number in (1, 2):
        house.add_business(f"Client {number}")
        house.populate("x", business=number, posts=3)
    with serving(house.simulator) as origin:
        environ = {**house.environ, **house.simulator.settings(origin)}
        with installation(environ) as found:
            id = trigger(found, 2)
            row = until(lambda: (row := row_of(house, id)).outcome and row)
    assert (row.trigger, row.outcome, row.businesses) == ("api", "complete", [2])
    assert {account["business_id"] for account in row.accounts} == {2}
    assert row.synced == 3
    assert not list(house.home.locks.glob("run-*"))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit(78)", "with status 78"),
        ("import os; os.kill(os.getpid(), 9)", "by signal 9"),
    ],
)
def test_a_process_that_dies_before_it_takes_the_run_up_is_told_of(house, program, words):
    def start(command, environ):
        return subprocess.Popen([sys.executable, "-c", program])

    with house.opened() as found:
        id = trigger(found, 1, start)
        row = until(lambda: (row := row_of(house, id)).outcome and row)
        with found.database.read() as connection:
            errors = runs.errors_of(connection, id)
    assert row.outcome == "failed"
    assert words in errors[0].message


def test_a_program_that_can_not_be_started_is_told_of_at_once(house):
    def start(command, environ):
        return subprocess.Popen([str(house.home.path / "missing")])

    with house.opened() as found:
        id = trigger(found, 1, start)
        with found.database.read() as connection:
            assert "could not be started" in runs.errors_of(connection, id)[0].message
    assert row_of(house, id).outcome == "failed"


def test_only_a_run_that_waits_can_be_taken_up(house, monkeypatch, capsys):
    for name, value in house.environ.items():
        monkeypatch.setenv(name, value)
    record = house.sync()
    for id in (record.run_id, 77):
        assert command(["sync", "--run", str(id), "--json"]) == 2
    assert row_of(house, record.run_id).outcome == record.outcome == "failed"


def test_a_run_holds_its_lock_and_says_for_whom_it_is(house, monkeypatch):
    seen = []
    read = Parts.read

    async def watched(self, query, *arguments, **named):
        if query.__name__ == "candidates":
            with self.database.read() as connection:
                row = runs.listed(connection, 1)[0]
            seen.append((row.outcome, row.businesses, self.locks.held("run", row.id)))
        return await read(self, query, *arguments, **named)

    monkeypatch.setattr(Parts, "read", watched)
    house.sync()
    assert set(seen) == {(None, None, True)}
    assert not list(house.home.locks.glob("run-*"))


@pytest.mark.slow
def test_a_run_that_was_asked_for_is_seen_and_recorded_in_either_database(
    tmp_path, database, database_url
):
    house = House.of_today(tmp_path, database_url=database_url)
    house.add_business()
    house.populate("x", posts=3)
    slow = Fault("slow", platform="x", seconds=1, times=None)
    house.world.faults.add(slow)
    with serving(house.simulator) as origin:
        environ = {**house.environ, **house.simulator.settings(origin)}
        with installation(environ) as found:
            id = trigger(found, 1)
            with pytest.raises(triggers.AlreadyRunning):
                trigger(found, 1)
            until(lambda: found.locks.held("run", id))
            row = until(lambda: (row := row_of(house, id)).outcome and row)
    assert (row.trigger, row.outcome, row.synced) == ("api", "complete", 3)
