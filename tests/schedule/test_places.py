"""How many jobs run at once."""

from contextlib import ExitStack

import pytest

from analytics_sync.errors import Busy
from analytics_sync.schedule.places import PATIENCE, PLACES, place


def test_one_job_more_than_there_are_places_steps_aside_after_some_seconds(tmp_path):
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    with ExitStack() as held:
        for _ in range(PLACES):
            held.enter_context(place(tmp_path / "locks"))
        with (
            pytest.raises(Busy) as refused,
            place(tmp_path / "locks", monotonic=lambda: now, sleep=sleep),
        ):
            pass
    assert refused.value.exit_status == 75
    assert now == PATIENCE


def test_a_place_that_gets_free_is_taken(tmp_path):
    with ExitStack() as held:
        for _ in range(PLACES - 1):
            held.enter_context(place(tmp_path))
        last = ExitStack()
        last.enter_context(place(tmp_path))
        with place(tmp_path, sleep=lambda _: last.close()):
            pass
