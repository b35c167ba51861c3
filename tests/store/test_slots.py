"""Slots: claimed once, finished, made up, tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from analytics_sync.domain.jobs import Claim
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.errors import ConfigurationInvalid, ExitStatus
from analytics_sync.store import businesses, light, schedules, slots
from analytics_sync.store.database import Database
from analytics_sync.store.jobs import Known, one_job
from analytics_sync.store.tables import slot

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
HOURLY = Every(HOUR)


def scheduled(database: Database, timing: Timing, *, now: datetime = NOON) -> str:
    """A job for all businesses."""
    with database.write() as connection:
        return schedules.put(connection, None, timing, now=now)[0]


def claim(database: Database, name: str, now: datetime) -> Claim | None:
    with database.write() as connection:
        return slots.claim(connection, name, now)


def finish(
    database: Database,
    claimed: Claim | None,
    status: int = 0,
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    assert claimed is not None
    with database.write() as connection:
        slots.finish(connection, claimed, status, now=now, not_before=not_before)


def known(database: Database, name: str) -> Known:
    with database.read() as connection:
        found = one_job(light.over(connection), name)
    assert found is not None
    return found


def rows(database: Database) -> list[datetime]:
    with database.read() as connection:
        return sorted(connection.execute(select(slot.c.due_at)).scalars())


def test_a_slot_is_claimed_and_done_once(database: Database) -> None:
    job = scheduled(database, HOURLY)
    assert claim(database, job, NOON + 59 * MINUTE) is None
    first = claim(database, job, NOON + HOUR)
    assert first == Claim(known(database, job).job, NOON + HOUR, 0)
    finish(database, first, now=NOON + HOUR + MINUTE)
    assert claim(database, job, NOON + HOUR + 59 * MINUTE) is None
    last = known(database, job).last
    assert last is not None
    assert (last.due_at, last.finished_at, last.status) == (NOON + HOUR, NOON + HOUR + MINUTE, 0)
    second = claim(database, job, NOON + 2 * HOUR + 3 * MINUTE)
    assert second is not None
    assert (second.slot, second.made_up) == (NOON + 2 * HOUR, 0)


def test_missed_slots_are_made_up_by_one_run(database: Database) -> None:
    job = scheduled(database, HOURLY)
    finish(database, claim(database, job, NOON + HOUR), now=NOON + HOUR)
    late = claim(database, job, NOON + 5 * HOUR + MINUTE)
    assert late is not None
    assert (late.slot, late.made_up) == (NOON + 5 * HOUR, 3)
    finish(database, late, now=NOON + 5 * HOUR)
    assert claim(database, job, NOON + 5 * HOUR + MINUTE) is None


def test_slots_before_the_job_was_made_are_not_missed(database: Database) -> None:
    job = scheduled(database, HOURLY)
    late = claim(database, job, NOON + 3 * HOUR)
    assert late is not None
    assert (late.slot, late.made_up) == (NOON + 3 * HOUR, 2)


def test_a_killed_run_is_taken_up_and_made_up(database: Database) -> None:
    job = scheduled(database, HOURLY)
    finish(database, claim(database, job, NOON + HOUR), now=NOON + HOUR)
    killed = claim(database, job, NOON + 2 * HOUR)
    again = claim(database, job, NOON + 2 * HOUR + 17 * MINUTE)
    assert again == killed
    # Killed once more; the next slot has come meanwhile.
    later = claim(database, job, NOON + 3 * HOUR)
    assert later is not None
    assert (later.slot, later.made_up) == (NOON + 3 * HOUR, 1)


def test_a_slot_that_was_to_be_tried_later_is(database: Database) -> None:
    job = scheduled(database, Every(timedelta(days=1)))
    day = NOON + 12 * HOUR
    first = claim(database, job, day)
    finish(database, first, 75, now=day + MINUTE, not_before=day + 2 * HOUR)
    assert claim(database, job, day + HOUR) is None
    again = claim(database, job, day + 2 * HOUR)
    assert again == first
    finish(database, again, 75, now=day + 2 * HOUR)
    # Without a time, at once.
    assert claim(database, job, day + 2 * HOUR) == first
    finish(database, first, 0, now=day + 3 * HOUR)
    assert claim(database, job, day + 4 * HOUR) is None


def test_a_newer_slot_does_not_wait_and_counts_no_slot_that_was_tried(database: Database) -> None:
    job = scheduled(database, HOURLY)
    finish(
        database,
        claim(database, job, NOON + HOUR),
        75,
        now=NOON + HOUR,
        not_before=NOON + 9 * HOUR,
    )
    newer = claim(database, job, NOON + 2 * HOUR)
    assert newer is not None
    assert (newer.slot, newer.made_up) == (NOON + 2 * HOUR, 0)


def test_a_failed_slot_is_done(database: Database) -> None:
    job = scheduled(database, HOURLY)
    for status in (ExitStatus.FAILED, ExitStatus.CREDENTIAL, ExitStatus.CONFIGURATION):
        now = NOON + int(status) * HOUR
        finish(database, claim(database, job, now), status, now=now)
        assert claim(database, job, now + MINUTE) is None


def test_what_came_while_paused_is_not_made_up(database: Database) -> None:
    job = scheduled(database, HOURLY)
    finish(database, claim(database, job, NOON + HOUR), now=NOON + HOUR)
    with database.write() as connection:
        schedules.pause(connection, [job], NOON + HOUR + MINUTE)
    assert claim(database, job, NOON + 4 * HOUR) is None
    with database.write() as connection:
        schedules.resume(connection, [job], NOON + 4 * HOUR + MINUTE)
    assert claim(database, job, NOON + 4 * HOUR + 2 * MINUTE) is None
    resumed = claim(database, job, NOON + 5 * HOUR)
    assert resumed is not None
    assert (resumed.slot, resumed.made_up) == (NOON + 5 * HOUR, 0)


def test_a_single_time_is_over_after_its_run(database: Database) -> None:
    job = scheduled(database, Once(NOON + HOUR))
    assert claim(database, job, NOON + HOUR - MINUTE) is None
    late = claim(database, job, NOON + 30 * HOUR)
    assert late is not None
    assert (late.slot, late.made_up) == (NOON + HOUR, 0)
    finish(database, late, 75, now=NOON + 30 * HOUR)
    assert known(database, job).job.ended_at is None
    again = claim(database, job, NOON + 31 * HOUR)
    finish(database, again, 1, now=NOON + 31 * HOUR)
    assert known(database, job).job.ended_at == NOON + 31 * HOUR
    assert claim(database, job, NOON + 32 * HOUR) is None


def test_no_such_job(database: Database) -> None:
    with pytest.raises(ConfigurationInvalid, match="There is no job 'sync_business_7'") as refused:
        claim(database, "sync_business_7", NOON)
    assert refused.value.exit_status == 78
    assert "schedule --apply" in refused.value.hint


def test_a_year_of_missed_minutes_is_counted(database: Database) -> None:
    job = scheduled(database, Cron("* * * * *", "Australia/Lord_Howe"))
    late = claim(database, job, NOON + timedelta(days=365))
    assert late is not None
    assert late.made_up == 365 * 1440 - 1


def test_few_rows_are_kept(database: Database) -> None:
    job = scheduled(database, HOURLY)
    for hour in range(1, 20):
        claimed = claim(database, job, NOON + hour * HOUR)
        if hour % 4:
            finish(database, claimed, now=NOON + hour * HOUR)
    assert rows(database) == [NOON + 18 * HOUR, NOON + 19 * HOUR]


def test_what_a_wrong_clock_claimed_keeps_no_slot_from_its_run(database: Database) -> None:
    job = scheduled(database, HOURLY)
    year = timedelta(days=365)
    finish(database, claim(database, job, NOON + 10 * year), now=NOON + 10 * year)
    right = claim(database, job, NOON + HOUR)
    assert right is not None
    assert right.slot == NOON + HOUR
    assert rows(database) == [NOON + HOUR]
    finish(database, right, now=NOON + HOUR)
    assert claim(database, job, NOON + HOUR + MINUTE) is None


def test_a_clock_that_is_set_back_a_little_repeats_nothing(database: Database) -> None:
    job = scheduled(database, HOURLY)
    finish(database, claim(database, job, NOON + 2 * HOUR), now=NOON + 2 * HOUR)
    for minutes in range(0, 90, 10):
        assert claim(database, job, NOON + HOUR + 30 * MINUTE + minutes * MINUTE) is None


def test_a_job_that_a_wrong_clock_made_runs(database: Database) -> None:
    job = scheduled(database, HOURLY, now=NOON + timedelta(days=3_650))
    claimed = claim(database, job, NOON + MINUTE)
    assert claimed is not None
    assert claimed.slot == NOON


def test_businesses_with_a_job_of_their_own(database: Database) -> None:
    with database.write() as connection:
        ids = [
            businesses.add(connection, name, timezone="UTC", now=NOON).id
            for name in ("Own", "Paused", "Once", "Ended", "None")
        ]
        own, paused, once, ended, _ = ids
        for id in (own, paused, ended):
            schedules.put(connection, id, HOURLY, now=NOON)
        schedules.put(connection, once, Once(NOON + HOUR), now=NOON)
        schedules.put(connection, None, HOURLY, now=NOON)
        schedules.pause(connection, [f"sync_business_{paused}"], NOON)
        schedules.end(connection, [f"sync_business_{ended}"], NOON)
        assert slots.with_own_job(connection) == {own, paused}


def test_an_archived_business_is_not_due(database: Database) -> None:
    with database.write() as connection:
        id = businesses.add(connection, "Acme", timezone="UTC", now=NOON).id
        schedules.put(connection, id, HOURLY, now=NOON)
        businesses.archive(connection, id, NOON)
    assert claim(database, f"sync_business_{id}", NOON + 2 * HOUR) is None


def test_a_clock_that_was_set_back_makes_nothing_up(database: Database) -> None:
    job = scheduled(database, HOURLY)
    early = claim(database, job, NOON - 24 * HOUR)
    assert early is not None
    assert (early.slot, early.made_up) == (NOON - 24 * HOUR, 0)
    finish(database, early, now=NOON - 24 * HOUR)
    later = claim(database, job, NOON - 20 * HOUR)
    assert later is not None
    assert (later.slot, later.made_up) == (NOON - 20 * HOUR, 3)
