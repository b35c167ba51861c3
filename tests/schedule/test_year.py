"""A year of a machine whose clocks change, are set and stand still: each slot is run once.

The machine's cron is played: its lines fire as Debian's cron does, and an hourly tick comes beside.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.domain.jobs import Job, Slot
from analytics_sync.domain.timing import Cron, Every, Timing
from analytics_sync.schedule._cron_lines import lines
from analytics_sync.schedule.tick import due_jobs
from analytics_sync.store import schedules, slots
from analytics_sync.store.database import Database
from analytics_sync.store.jobs import Known
from analytics_sync.store.migrate import upgrade

START = datetime(2026, 1, 10, 9, 7, tzinfo=UTC)
END = START + timedelta(days=366)
MINUTE = timedelta(minutes=1)
HOURLY = Every(timedelta(hours=1))
NIGHTLY = Cron("30 2 * * *", "Europe/Berlin")
# A timing and the zone of the machine that it is installed on.
CASES = [
    (NIGHTLY, "Europe/Berlin"),
    (NIGHTLY, "UTC"),
    (NIGHTLY, "Australia/Lord_Howe"),
    (NIGHTLY, "America/New_York"),
    (HOURLY, "Australia/Lord_Howe"),
    (HOURLY, "Europe/Berlin"),
    (Cron("0 9-17 * * 1-5", "Australia/Lord_Howe"), "Europe/Berlin"),
    (Every(timedelta(minutes=90), timedelta(minutes=4)), "Australia/Lord_Howe"),
]

Claims = Callable[[datetime, bool], "tuple[datetime, int] | None"]


def firings(timing: Timing, zone: str) -> Iterator[tuple[datetime, bool]]:
    """When the machine's cron starts the entry, and (True) when it starts the tick."""
    said = lines(timing, ZoneInfo(zone))
    entries = {at for line in said for at in Cron(line, zone).slots(START, END)}
    ticks = Cron("17 * * * *", zone).slots(START, END)
    return heapq.merge(((at, False) for at in sorted(entries)), ((at, True) for at in ticks))


def in_memory(timing: Timing) -> Claims:
    """What a run decides, each ending well at once."""
    job = Job(1, "sync_all_businesses", None, timing, START)
    last: Slot | None = None

    def claim(now: datetime, ticks: bool) -> tuple[datetime, int] | None:
        nonlocal last
        if ticks and not due_jobs([Known(job, last, None, None)], now, others_fire=True):
            return None
        due = job.due(last, now)
        if due is None:
            return None
        made_up = timing.number(START if last is None else last.due_at, due) - 1
        last = Slot(due, now, 0)
        return due, made_up

    return claim


def in_store(timing: Timing, database: Database) -> Claims:
    """The same through the database."""
    with database.write() as connection:
        name, _ = schedules.put(connection, None, timing, now=START)

    def claim(now: datetime, ticks: bool) -> tuple[datetime, int] | None:
        del ticks
        with database.write() as connection:
            claimed = slots.claim(connection, name, now)
            if claimed is None:
                return None
            slots.finish(connection, claimed, 0, now=now)
            return claimed.slot, claimed.made_up

    return claim


def check_year(timing: Timing, zone: str, claim: Claims) -> None:
    ran: Counter[datetime] = Counter()
    for now, ticks in firings(timing, zone):
        claimed = claim(now, ticks)
        if claimed is not None:
            slot, made_up = claimed
            ran[slot] += 1
            assert made_up == 0
            assert timedelta(0) <= now - slot <= timedelta(hours=1, minutes=30)
    expected = [slot for slot in timing.slots(START, END) if slot < END - timedelta(hours=2)]
    assert set(expected) <= set(ran)
    assert set(ran.values()) == {1}
    assert set(ran) <= set(timing.slots(START, END))


FAST = {
    (NIGHTLY, "Europe/Berlin"),
    (NIGHTLY, "Australia/Lord_Howe"),
    (HOURLY, "Australia/Lord_Howe"),
}


@pytest.mark.parametrize(
    ("timing", "zone"),
    [case if case in FAST else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
def test_each_slot_of_a_year_is_run_once(timing: Timing, zone: str) -> None:
    check_year(timing, zone, in_memory(timing))


@pytest.mark.slow
@pytest.mark.parametrize(("timing", "zone"), CASES)
def test_each_slot_of_a_year_is_claimed_once_in_the_store(
    timing: Timing, zone: str, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    upgrade(database)
    check_year(timing, zone, in_store(timing, database))
    database.close()


def check_moves(timing: Timing, zone: str, moves: list[tuple[int, int]]) -> None:
    claim = in_memory(timing)
    at = dict(moves)
    ran: Counter[datetime] = Counter()
    made_up = 0
    moved = timedelta(0)
    now = START
    for number, (true_time, ticks) in enumerate(played(timing, zone)):
        moved += at.get(number, 0) * MINUTE
        now = true_time + moved
        claimed = claim(now, ticks)
        if claimed is not None:
            ran[claimed[0]] += 1
            made_up += claimed[1]
    assert set(ran.values()) == {1}
    newest = max(ran)
    assert sum(ran.values()) + made_up == timing.number(START, newest)
    # The last firing may be too early for the last slot.
    assert timing.number(newest, now) <= 1


@lru_cache
def played(timing: Timing, zone: str) -> list[tuple[datetime, bool]]:
    return list(firings(timing, zone))


# By minutes: back less than an hour, or forward over several slots; at any firing.
MOVES = st.lists(st.tuples(st.integers(0, 8_000), st.integers(-59, 400)), min_size=1, max_size=12)


@settings(max_examples=4, deadline=None)
@given(case=st.just((NIGHTLY, "Australia/Lord_Howe")), moves=MOVES)
def test_a_clock_that_is_set_repeats_no_slot_and_loses_none(
    case: tuple[Timing, str], moves: list[tuple[int, int]]
) -> None:
    check_moves(*case, moves)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(case=st.sampled_from(CASES), moves=MOVES)
def test_a_clock_that_is_set_repeats_no_slot_and_loses_none_at_length(
    case: tuple[Timing, str], moves: list[tuple[int, int]]
) -> None:
    check_moves(*case, moves)
