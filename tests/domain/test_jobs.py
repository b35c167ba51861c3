"""Which slot of a job is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.jobs import Claim, Job, Slot, job_name, next_once
from analytics_sync.domain.timing import Cron, Every, Once

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
JOB = Job(1, "sync_all_businesses", None, Every(HOUR), NOON)


def test_the_newest_slot_that_has_come_is_due() -> None:
    assert JOB.due(None, NOON) is None
    assert JOB.due(None, NOON + 59 * MINUTE) is None
    assert JOB.due(None, NOON + HOUR) == NOON + HOUR
    assert JOB.due(None, NOON + 5 * HOUR + MINUTE) == NOON + 5 * HOUR


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (Slot(NOON + HOUR, NOON + HOUR, 0), None),
        (Slot(NOON + HOUR, NOON + HOUR, 1), None),
        (Slot(NOON + HOUR, NOON + HOUR, 78), None),
        (Slot(NOON + HOUR), NOON + HOUR),
        (Slot(NOON + HOUR, NOON + HOUR, 75), NOON + HOUR),
        (Slot(NOON + HOUR, NOON + HOUR, 75, NOON + HOUR + 10 * MINUTE), NOON + HOUR),
        (Slot(NOON + HOUR, NOON + HOUR, 75, NOON + HOUR + 11 * MINUTE), None),
        (Slot(NOON, NOON, 75, NOON + 9 * HOUR), NOON + HOUR),
        # The clock was set back a little.
        (Slot(NOON + 2 * HOUR, NOON + 2 * HOUR, 0), None),
        # A wrong clock wrote it.
        (Slot(NOON + YEAR, NOON + YEAR, 0), NOON + HOUR),
    ],
)
def test_what_became_of_the_last_slot_counts(last: Slot, due: datetime | None) -> None:
    assert JOB.due(last, NOON + HOUR + 10 * MINUTE) == due


@pytest.mark.parametrize(
    "rest",
    [
        Job(1, "a", None, Every(HOUR), NOON, paused_at=NOON),
        Job(1, "a", None, Every(HOUR), NOON, ended_at=NOON),
        Job(1, "a", 1, Every(HOUR), NOON, archived=True),
    ],
)
def test_a_job_at_rest_is_never_due(rest: Job) -> None:
    assert rest.due(None, NOON + 2 * HOUR) is None
    assert rest.due(Slot(NOON + HOUR), NOON + 2 * HOUR) is None
    assert rest.next_run(NOON) is None


def test_the_next_run() -> None:
    assert JOB.next_run(NOON) == NOON + HOUR
    assert JOB.next_run(NOON - MINUTE) == NOON + HOUR
    once = Job(2, "sync_once_1", None, Once(NOON + HOUR), NOON)
    assert once.next_run(NOON) == NOON + HOUR
    assert once.next_run(NOON + HOUR) is None
    from_a_wrong_clock = Job(3, "a", None, Every(HOUR), NOON + YEAR)
    assert from_a_wrong_clock.next_run(NOON) == NOON + HOUR


@given(
    minutes=st.lists(st.integers(-40, 300), min_size=1, max_size=60),
    statuses=st.lists(st.sampled_from([0, 1, 75, 77, None]), min_size=60, max_size=60),
    timing=st.sampled_from([Every(HOUR), Every(25 * MINUTE), Cron("*/20 9-17 * * *")]),
)
def test_no_slot_is_done_twice_and_slots_come_in_order(
    minutes: list[int], statuses: list[int | None], timing: Every | Cron
) -> None:
    """However the clock moves by less than an hour back, and whatever comes of the runs."""
    job = Job(1, "sync_all_businesses", None, timing, NOON)
    newest = now = NOON
    last, done = None, list[datetime]()
    for passed, status in zip(minutes, statuses, strict=False):
        now = max(now + passed * MINUTE, newest - 59 * MINUTE)
        newest = max(newest, now)
        due = job.due(last, now)
        if due is None:
            continue
        assert due > NOON
        last = Slot(due, None if status is None else now, status)
        if last.done:
            done.append(due)
    assert done == sorted(set(done))


def test_a_claim_knows_how_far_its_neighbours_are() -> None:
    assert Claim(JOB, NOON + HOUR).interval == HOUR
    assert Claim(Job(2, "a", 1, Once(NOON), NOON - HOUR), NOON).interval == timedelta(0)
    assert Claim(JOB, NOON + HOUR, 2).as_json() == {
        "job": "sync_all_businesses",
        "slot": "2026-11-23T13:00:00Z",
        "made_up": 2,
    }


def test_names() -> None:
    assert (job_name(None), job_name(7)) == ("sync_all_businesses", "sync_business_7")
    assert next_once([]) == "sync_once_1"
    assert next_once(["sync_once_2", "sync_business_9", "sync_once_10"]) == "sync_once_11"
