"""One job's run: its slot, what it reads, what is told, and how it ends."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.timing import Every, Once, Timing
from analytics_sync.errors import ConfigurationInvalid, CredentialRefused, ExitStatus, StoreUnusable
from analytics_sync.notify import Teller
from analytics_sync.schedule.running import Ended, Runner, SlotHeld
from analytics_sync.simulator.faults import Fault
from analytics_sync.store import businesses, light, schedules
from analytics_sync.store.jobs import Known, one_job
from analytics_sync.store.migrate import upgrade
from analytics_sync.store.tables import post, snapshot, sync_run
from analytics_sync.wiring import Installation, run_job, starter, sync
from support.house import START, House

ALL = "sync_all_businesses"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
HOURLY = Every(HOUR)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A home with one business, which has posts on X."""
    made = House(tmp_path)
    made.add_business()
    made.populate("x", posts=6)
    return made


def schedule(house: House, business: int | None, timing: Timing) -> str:
    with house.opened() as opened, opened.database.write() as connection:
        return schedules.put(connection, business, timing, now=house.clock.now())[0]


def run(house: House, job: str) -> Ended | None:
    house.world.journal.clear()
    with house.opened() as opened:
        return run_job(opened, job)


def known(house: House, job: str) -> Known:
    with house.opened() as opened, opened.database.read() as connection:
        found = one_job(light.over(connection), job)
    assert found is not None
    return found


def rows_of(house: House, table: Any) -> list[Any]:
    with house.opened() as opened, opened.database.read() as connection:
        return list(connection.execute(select(table)))


class Notes(Teller):
    """A teller that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def started(self, job: Job) -> None:
        self.told.append(("started", job.name))

    def ended(self, job: Job, status: int, words: str) -> None:
        self.told.append(("ended", job.name, status, words))


def runner(opened: Installation, notes: Notes, act: Callable[[], None] | None = None) -> Runner:
    """The installation's runner; `act` happens in place of the sync's end."""

    def run_order(order: Any) -> Any:
        record = sync(opened, order)
        if act is not None:
            act()
        return record

    return replace(starter(opened).runner(), teller=notes, sync=run_order)


def test_a_slot_is_run_once_and_noted(house: House) -> None:
    job = schedule(house, None, HOURLY)
    assert run(house, job) is None
    house.pass_time(hours=1, seconds=2.5)
    ended = run(house, job)
    assert ended is not None
    assert (ended.status, ended.claim.slot, ended.claim.made_up) == (0, START + HOUR, 0)
    assert ended.record.total("synced") == ended.record.total("selected") > 3
    assert run(house, job) is None
    last = known(house, job)
    assert last.run_id == ended.record.run_id
    assert last.last is not None
    assert (last.last.due_at, last.last.status) == (START + HOUR, 0)
    told = rows_of(house, sync_run)[-1]
    assert (told.job, told.slot_at, told.made_up, told.trigger) == (
        job,
        START + HOUR,
        0,
        "schedule",
    )


def test_a_late_run_counts_from_its_slot_and_stores_the_true_time(house: House) -> None:
    job = schedule(house, None, Every(timedelta(days=1), timedelta(hours=2)))
    house.pass_time(hours=15, seconds=1.5)
    ended = run(house, job)
    assert ended is not None
    began = START + timedelta(hours=15, seconds=1.5)
    assert ended.record.started_at == began
    assert ended.claim.slot == START + timedelta(hours=12)
    assert {row.captured_at for row in rows_of(house, snapshot)} == {began}
    tried = {row.last_tried_at for row in rows_of(house, post)}
    assert tried - {None} == {ended.claim.slot}
    # The next day it is on time, and nothing slips because the last one was late.
    house.pass_time(hours=21)
    again = run(house, job)
    assert again is not None
    daily = [row for row in rows_of(house, post) if again.claim.slot - row.published_at < 30 * DAY]
    assert again.record.total("selected") == len(daily) > 0


def test_missed_slots_are_made_up_by_one_run(house: House) -> None:
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=4, minutes=10)
    ended = run(house, job)
    assert ended is not None
    assert ended.claim.made_up == 3
    assert ended.record.as_json()["made_up"] == 3
    assert rows_of(house, sync_run)[-1].made_up == 3
    assert run(house, job) is None


def test_jobs_with_the_same_slot_read_each_account_once(house: House) -> None:
    """The all-businesses job, a single time and a business's own job, each at 15:00."""
    house.add_business("Other")
    house.populate("x", business=2, posts=4)
    every = schedule(house, None, HOURLY)
    once = schedule(house, 1, Once(START + HOUR))
    house.pass_time(hours=1)
    first = run(house, every)
    second = run(house, once)
    assert first is not None
    assert second is not None
    assert {r.account.business_id for r in first.record.accounts} == {1, 2}
    assert first.record.total("synced") == len(rows_of(house, post))
    assert (second.record.outcome, second.record.requests) == ("nothing_due", 0)
    own = schedule(house, 1, HOURLY)
    house.pass_time(hours=1)
    first, second = run(house, every), run(house, own)
    assert first is not None
    assert second is not None
    assert {r.account.business_id for r in first.record.accounts} == {2}
    assert {r.account.business_id for r in second.record.accounts} == {1}
    with house.opened() as opened, opened.database.write() as connection:
        schedules.pause(connection, [own], house.clock.now())
    house.pass_time(hours=1)
    first = run(house, every)
    assert first is not None
    assert {r.account.business_id for r in first.record.accounts} == {2}


def test_jobs_at_the_same_instant_read_each_account_once(tmp_path: Path, database_url: str) -> None:
    """Two runs that really overlap: what one holds, the other leaves, and finds read later."""
    house = House(tmp_path, database_url=database_url)
    with house.opened() as opened:
        upgrade(opened.raw_database)
    house.add_business()
    house.populate("x", posts=6)
    every = schedule(house, None, HOURLY)
    once = schedule(house, 1, Once(START + HOUR))
    house.pass_time(hours=1)
    house.world.journal.clear()
    begin = threading.Barrier(2)
    ended: list[Ended | None] = []

    def one(job: str) -> None:
        with house.opened() as opened:
            _ = opened.database
            begin.wait()
            ended.append(run_job(opened, job))

    threads = [threading.Thread(target=one, args=[job]) for job in (every, once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job in (every, once):
        with house.opened() as opened:
            ended.append(run_job(opened, job))
    read = sum(one.record.total("synced") for one in ended if one is not None)
    assert read == len(rows_of(house, post))
    assert house.labels()["x timeline"] == 1


def test_a_second_run_waits_for_nobody_long(house: House) -> None:
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    with house.opened() as opened, opened.locks.hold("slot", known(house, job).job.id) as free:
        assert free
        with pytest.raises(SlotHeld, match="being run by another process") as held:
            run(house, job)
    assert held.value.exit_status == 75
    assert run(house, job) is not None


def test_try_later_is_tried_again_when_it_is_time(house: House) -> None:
    job = schedule(house, None, Every(timedelta(days=1), timedelta(hours=15)))
    house.pass_time(hours=1)
    reset = str(int((START + timedelta(hours=1, minutes=40)).timestamp()))
    fault = Fault("status", "x", times=None, status=429, headers={"x-rate-limit-reset": reset})
    house.world.faults.add(fault)
    first = run(house, job)
    assert first is not None
    assert first.status == ExitStatus.TRY_LATER
    last = known(house, job).last
    assert last is not None
    assert not last.done
    retry_at = first.record.retry_at()
    assert retry_at is not None
    assert last.not_before == retry_at - timedelta(microseconds=retry_at.microsecond % 1000)
    house.world.faults.clear()
    assert run(house, job) is None
    house.pass_time(hours=1)
    again = run(house, job)
    assert again is not None
    assert (again.status, again.claim) == (0, first.claim)
    assert run(house, job) is None


def test_jobs_that_rest_do_nothing_and_say_so(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    own, once = schedule(house, 1, HOURLY), schedule(house, None, Once(START + HOUR))
    house.pass_time(hours=2)
    with house.opened() as opened, opened.database.write() as connection:
        schedules.pause(connection, [own], house.clock.now())
    assert run(house, own) is None
    assert f"{own} does nothing: it is paused" in caplog.text
    assert run(house, once) is not None
    assert run(house, once) is None
    assert f"{once} does nothing: its time is over" in caplog.text
    with house.opened() as opened, opened.database.write() as connection:
        schedules.resume(connection, [own], house.clock.now())
        businesses.archive(connection, 1, house.clock.now())
    house.pass_time(hours=2)
    assert run(house, own) is None
    assert f"{own} does nothing: its business is archived" in caplog.text


def test_enabled_false_lets_no_job_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    house = House(tmp_path, settings={"ENABLED": "false"})
    house.add_business()
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    assert run(house, job) is None
    assert "`enabled` is false" in caplog.text
    assert run(house, "sync_business_99") is None


def test_a_job_that_is_not_there(house: House) -> None:
    with pytest.raises(ConfigurationInvalid, match="There is no job 'sync_business_99'"):
        run(house, "sync_business_99")


def test_a_job_that_finds_no_account(house: House) -> None:
    house.add_business("Empty")
    job = schedule(house, 2, HOURLY)
    house.pass_time(hours=1)
    with pytest.raises(ConfigurationInvalid, match="Business 2 has no account") as refused:
        run(house, job)
    assert refused.value.exit_status == 78
    last = known(house, job).last
    assert last is not None
    assert (last.status, last.done) == (78, True)
    assert rows_of(house, sync_run)[-1].job == job


def test_all_accounts_in_the_care_of_other_jobs_is_no_trouble(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    schedule(house, 1, HOURLY)
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    ended = run(house, job)
    assert ended is not None
    assert (ended.status, ended.record.outcome) == (0, "nothing_due")
    assert not caplog.records


def test_people_are_told_of_the_start_and_the_end(house: House) -> None:
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    notes = Notes()
    with house.opened() as opened:
        runner(opened, notes).run(known(house, job).job, "schedule")
    assert notes.told == [
        ("started", job),
        ("ended", job, 0, "5/5 posts synced, 0 failures (complete)."),
    ]


@pytest.mark.parametrize(
    ("error", "status", "done"),
    [
        (StoreUnusable("The disk is full."), 78, True),
        (CredentialRefused("The token is refused."), 77, True),
    ],
)
def test_an_error_of_the_sync_finishes_the_slot(
    house: House, error: Exception, status: int, done: bool
) -> None:
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    notes = Notes()

    def fail() -> None:
        raise error

    with house.opened() as opened, pytest.raises(type(error)):
        runner(opened, notes, fail).run(known(house, job).job, "schedule")
    last = known(house, job).last
    assert last is not None
    assert (last.status, last.done) == (status, done)
    assert notes.told[-1] == ("ended", job, status, str(error))


def test_a_fault_of_ours_leaves_the_slot_to_the_next_tick(house: House) -> None:
    job = schedule(house, None, HOURLY)
    house.pass_time(hours=1)
    notes = Notes()

    def fail() -> None:
        raise ZeroDivisionError("oh")

    with house.opened() as opened, pytest.raises(ZeroDivisionError):
        runner(opened, notes, fail).run(known(house, job).job, "schedule")
    last = known(house, job).last
    assert last is not None
    assert (last.finished_at, last.status) == (None, 1)
    assert notes.told[-1] == ("ended", job, 1, "Unexpected failure: ZeroDivisionError: oh")
    assert run(house, job) is not None
