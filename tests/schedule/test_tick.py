"""The tick: takes what is due and not done, and nothing else."""

import os
import signal
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics_sync.domain.jobs import Claim, Job, Slot
from analytics_sync.domain.timing import Every, Once, Timing
from analytics_sync.errors import Busy, ExitStatus, StoreUnusable
from analytics_sync.schedule.running import Ended, SlotHeld
from analytics_sync.schedule.starting import Starter
from analytics_sync.schedule.tick import Ticked, due_jobs, tick
from analytics_sync.store import schedules
from analytics_sync.store.database import Database
from analytics_sync.store.jobs import Installed, Known, installed
from analytics_sync.store.light import over
from analytics_sync.store.ticks import note_tick
from analytics_sync.sync.results import RunRecord
from analytics_sync.wiring import rows, starter
from support.fake_clock import START, FakeClock
from support.house import House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HOURLY = Every(HOUR)


def job(number: int, timing: Timing = HOURLY) -> Job:
    return Job(number, f"sync_business_{number}", number, timing, START - 100 * HOUR)


def known(number: int, last: Slot | None = None, timing: Timing = HOURLY) -> Known:
    return Known(job(number, timing), last, None, None)


def names(found: list[Job]) -> list[int]:
    return [one.id for one in found]


def test_a_new_slot_is_left_to_its_own_entry_for_a_while() -> None:
    fresh = known(1, Slot(START - HOUR, START, 0))
    assert due_jobs([fresh], START + 4 * MINUTE, others_fire=True) == []
    assert names(due_jobs([fresh], START + 5 * MINUTE, others_fire=True)) == [1]
    assert names(due_jobs([fresh], START, others_fire=False)) == [1]


def test_a_slot_that_was_begun_is_taken_at_once() -> None:
    killed = known(1, Slot(START))
    later = known(2, Slot(START, START + MINUTE, 75, START + 3 * MINUTE))
    done = known(3, Slot(START, START + MINUTE, 0))
    found = [killed, later, done]
    assert names(due_jobs(found, START + 2 * MINUTE, others_fire=True)) == [1]
    assert names(due_jobs(found, START + 3 * MINUTE, others_fire=True)) == [1, 2]


def test_what_was_run_longest_ago_comes_first() -> None:
    """So that nothing starves where a tick can't do everything."""
    found = [
        known(1, Slot(START - HOUR, START, 0)),
        known(2, Slot(START - 3 * HOUR, START, 0)),
        known(3),
        known(4, Slot(START - 2 * HOUR, START, 0)),
    ]
    assert names(due_jobs(found, START, others_fire=False)) == [3, 2, 4, 1]


class Runs:
    """A runner that does nothing but say what came of each job."""

    def __init__(self, clock: FakeClock, **outcomes: Any) -> None:
        self.clock = clock
        self.outcomes = outcomes
        self.asked: list[tuple[int, timedelta]] = []

    def run(self, job: Job, trigger: str, max_run: timedelta) -> Ended | None:
        assert trigger == "tick"
        self.asked.append((job.id, max_run))
        outcome = self.outcomes.get(f"job_{job.id}", ExitStatus.DONE)
        self.clock.advance(100)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is None:
            return None
        record = RunRecord(job.id, "tick", self.clock.now())
        record.interrupted = outcome == "interrupted"
        status = ExitStatus.TRY_LATER if record.interrupted else outcome
        return Ended(Claim(job, START), record, status)


def ticked(runs: Runs, count: int, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Ticked:
    """A tick with so many jobs that are due."""
    noted: list[Any] = []
    made = Starter(
        enabled=settings.get("enabled", True),
        max_run=settings.get("max_run", timedelta(minutes=10)),
        clock=runs.clock,
        rows=lambda: nullcontext(lambda query, *values: []),
        runner=lambda: runs,  # type: ignore[arg-type, return-value]
        note_tick=noted.append,
        place=nullcontext,
    )
    found = [known(number) for number in range(1, count + 1)]
    monkeypatch.setattr("analytics_sync.store.jobs.all_jobs", lambda rows: found)
    monkeypatch.setattr("analytics_sync.store.jobs.installed", lambda rows: Installed("1f2e3d4c"))
    began = runs.clock.now()
    result = tick(made)
    assert noted == [began]
    return result


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([0, 0], 0),
        ([0, 75], 75),
        ([75, 1], 1),
        ([1, 77, 75], 77),
        ([77, 78, 0], 78),
        ([None, None], 0),
        ([SlotHeld("held"), 0], 0),
        ([Busy("busy"), 0], 75),
        ([StoreUnusable("full"), 0], 78),
        ([ZeroDivisionError(), 0], 1),
    ],
)
def test_the_worst_status_is_told_and_no_job_costs_another_its_run(
    outcomes: list[Any], status: int, fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        f"job_{n}": ExitStatus(o) if isinstance(o, int) else o for n, o in enumerate(outcomes, 1)
    }
    runs = Runs(fake_clock, **said)
    assert ticked(runs, len(outcomes), monkeypatch).status == status
    assert [id for id, _ in runs.asked] == list(range(1, len(outcomes) + 1))


def test_a_tick_takes_no_longer_than_one_run_may(
    fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(fake_clock)
    result = ticked(runs, 9, monkeypatch, max_run=timedelta(seconds=250))
    assert runs.asked == [
        (1, timedelta(seconds=250)),
        (2, timedelta(seconds=150)),
        (3, timedelta(seconds=50)),
    ]
    assert result.status == 75


def test_a_tick_that_was_asked_to_stop_begins_nothing_more(
    fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(fake_clock, job_2="interrupted")
    result = ticked(runs, 4, monkeypatch)
    assert ([id for id, _ in runs.asked], result.status) == ([1, 2], 75)


def test_a_signal_between_two_runs_ends_the_tick(
    fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(fake_clock)
    whole = runs.run

    def run(job: Job, trigger: str, max_run: timedelta) -> Ended | None:
        if job.id == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return whole(job, trigger, max_run)

    monkeypatch.setattr(runs, "run", run)
    before = signal.getsignal(signal.SIGTERM)
    result = ticked(runs, 4, monkeypatch)
    assert ([id for id, _ in runs.asked], result.status) == ([1, 2], 75)
    assert signal.getsignal(signal.SIGTERM) is before


def test_enabled_false_is_said_and_the_tick_is_noted(
    fake_clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    runs = Runs(fake_clock)
    assert ticked(runs, 2, monkeypatch, enabled=False) == Ticked([], ExitStatus.DONE)
    assert runs.asked == []
    assert "the tick does nothing: `enabled` is false" in caplog.text


def test_ticks_are_noted(database: Database) -> None:
    note_tick(database.url, lambda: database, START)
    with database.read() as connection:
        assert installed(over(connection)) is None
    with database.write() as connection:
        schedules.installed(connection)
    for minute in (1, 2):
        at = START + minute * MINUTE
        note_tick(database.url, lambda: database, at)
        with database.read() as connection:
            found = installed(over(connection))
        assert found is not None
        assert found.ticked_at == at
        assert len(found.name) == 8
    with database.write() as connection:
        assert schedules.installed(connection) == found


def test_a_tick_takes_up_what_was_missed_and_killed(tmp_path: Path) -> None:
    """On real parts, from the slot to `runs`."""
    house = House(tmp_path)
    for number, name in enumerate(("One", "Two"), 1):
        house.add_business(name)
        house.populate("x", business=number, posts=3)
    with house.opened() as opened, opened.database.write() as connection:
        for business, timing in ((1, HOURLY), (2, Once(house.clock.now() + 30 * MINUTE))):
            schedules.put(connection, business, timing, now=house.clock.now())
        schedules.installed(connection)
    house.pass_time(hours=3, minutes=17)
    with house.opened() as opened:
        result = tick(starter(opened))
        assert [one.claim.job.name for one in result.ended] == ["sync_business_1", "sync_once_1"]
        assert [one.claim.made_up for one in result.ended] == [2, 0]
        assert all(one.record.total("synced") for one in result.ended)
        assert all(one.record.trigger == "tick" for one in result.ended)
        assert tick(starter(opened)) == Ticked([], ExitStatus.DONE)
        with rows(opened) as found:
            row = installed(found)
        assert row is not None
        assert row.ticked_at == house.clock.now()
