from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from analytics_sync.notify.unended import tell_unended
from analytics_sync.store.tables import slot

HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


@pytest.fixture
def hook(place, program):
    """What the hook of a failed unit does; gives what it told."""

    def tell(**more):
        with place.opened(command=f"'{program.path}'") as found:
            return tell_unended(
                found.teller,
                place.known(),
                found.locks,
                now=place.clock.now(),
                environ=more.pop("environ", {}),
                **more,
            )

    return tell


def claim(place, *, due_at=NOON, finished_at=None, status=None):
    with place.opened() as found, found.database.write() as connection:
        connection.execute(
            insert(slot).values(
                schedule_id=place.job.id,
                due_at=due_at,
                claimed_at=due_at,
                finished_at=finished_at,
                status=status,
            )
        )


def test_a_run_that_was_killed_is_told(place, program, hook):
    claim(place)
    words = hook(environ={"MONITOR_SERVICE_RESULT": "oom-kill"})
    assert words == "The run of sync_all_businesses ended without a result (oom-kill)."
    assert program.events == [("failure", 1)]
    assert program.told[0]["message"] == words


def test_it_is_told_once_however_often_the_hook_is_called(place, program, hook):
    claim(place)
    hook()
    hook()
    assert len(program.told) == 1


def test_a_run_that_goes_on_is_not_told(place, program, hook):
    claim(place)
    with place.opened() as found, found.locks.hold("slot", place.job.id):
        assert hook() == ""
    assert program.told == []


def test_a_program_that_died_before_its_slot_is_told(place, program, hook):
    claim(place, due_at=NOON - HOUR, finished_at=NOON - HOUR, status=0)
    assert "without a result" in hook()


def test_what_a_tick_left_to_others_is_not_told_of_it(place, program, hook):
    claim(place, due_at=NOON - HOUR, finished_at=NOON - HOUR, status=0)
    assert hook(unclaimed=False) == ""
    assert program.told == []


@pytest.mark.parametrize("status", [0, 75])
def test_a_run_that_ended_well_is_not_told(place, program, hook, status):
    claim(place, finished_at=NOON, status=status)
    assert hook() == ""
    assert program.told == []


def test_a_failed_run_that_told_by_itself_is_told_once(place, program, hook):
    claim(place, finished_at=NOON, status=77)
    place.ended(77, command=f"'{program.path}'")
    assert hook() == ""
    assert len(program.told) == 1


def test_a_fault_that_was_told_is_not_told_again_though_its_slot_is_open(place, program, hook):
    claim(place, status=1)
    place.ended(1, command=f"'{program.path}'")
    assert hook() == ""
    assert len(program.told) == 1


def test_a_failed_run_that_died_before_it_told_is_told(place, program, hook):
    claim(place, finished_at=NOON, status=77)
    assert hook() == ""
    assert program.events == [("failure", 77)]
