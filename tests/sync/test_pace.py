"""How often runs come and posts are read, against counting what the cadence itself says."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.domain.cadence import Cadence
from analytics_sync.domain.timing import Cron, Every, Once
from analytics_sync.sync.pace import Often, pace_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def counted(span: timedelta, every: timedelta) -> float:
    """Readings a day of a post that stays in one step of a cadence, slot by slot."""
    cadence = Cadence((), every)
    slots = (NOW + number * span for number in count(1))
    following = next(slot for slot in slots if cadence.is_due(NOW - DAY, NOW, slot, span))
    return DAY / (following - NOW)


@pytest.mark.parametrize(
    ("span", "every", "times"),
    [
        (HOUR, timedelta(0), 24),
        (HOUR, 6 * HOUR, 4),
        (HOUR, DAY, 1),
        (HOUR, 7 * DAY, 1 / 7),
        (DAY, timedelta(0), 1),
        (DAY, 6 * HOUR, 1),
        (DAY, 7 * DAY, 1 / 7),
        (4 * HOUR, 6 * HOUR, 6),
        (5 * HOUR, 6 * HOUR, 24 / 5),
        (10 * DAY, DAY, 1 / 10),
        (timedelta(minutes=5), 6 * HOUR, 4),
    ],
)
def test_a_post_is_read_as_often_as_its_cadence_wants_and_never_more_often_than_runs_come(
    span, every, times
):
    often = pace_of(Every(span), NOW).often(every)
    assert often.times == pytest.approx(times)
    assert often.days == pytest.approx(min(1, times))


@given(
    span=st.integers(5, 20_000).map(lambda minutes: timedelta(minutes=minutes)),
    every=st.integers(0, 20_000).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_it_is_what_the_cadence_says_slot_by_slot(span, every):
    assert pace_of(Every(span), NOW).often(every).times == pytest.approx(counted(span, every))


def test_what_is_off_is_never_read():
    for timing in (Every(HOUR), Cron("0 * * * *"), Once(NOW)):
        assert pace_of(timing, NOW).often(None) == Often(0, 0)


@pytest.mark.parametrize(
    ("expression", "times", "days"),
    [
        ("0 * * * *", 24, 1),
        ("* * * * *", 1440, 1),
        ("*/30 * * * *", 48, 1),
        ("0 9-17 * * 1-5", 9 * 5 / 7, 5 / 7),
        ("* 9-17 * * 1-5", 540 * 5 / 7, 5 / 7),
        ("0 2 * * *", 1, 1),
        ("0 2 * * 1", 1 / 7, 1 / 7),
        ("0 2 1 * *", 12 / 365.25, 12 / 365.25),
        ("0 2 29 2 *", 1 / 1461, 1 / 1461),
    ],
)
def test_runs_of_a_cron_expression_are_counted_over_whole_weeks_or_years(expression, times, days):
    runs = pace_of(Cron(expression, "Europe/Berlin"), NOW).runs
    assert runs.times == pytest.approx(times, rel=0.01)
    assert runs.days == pytest.approx(days, rel=0.01)


@pytest.mark.parametrize(
    ("expression", "every", "times", "days"),
    [
        ("0 * * * *", 6 * HOUR, 4, 1),
        ("0 * * * *", DAY, 1, 1),
        ("0 9-17 * * 1-5", timedelta(0), 9 * 5 / 7, 5 / 7),
        # At nine, and six hours later.
        ("0 9-17 * * 1-5", 6 * HOUR, 2 * 5 / 7, 5 / 7),
        ("0 9-17 * * 1-5", DAY, 5 / 7, 5 / 7),
        ("0 9-17 * * 1-5", 7 * DAY, 1 / 7, 1 / 7),
        ("0,20,40 2 * * *", timedelta(0), 3, 1),
        ("0,20,40 2 * * *", DAY, 1, 1),
    ],
)
def test_uneven_runs_read_a_post_when_it_is_due_at_one_of_them(expression, every, times, days):
    often = pace_of(Cron(expression), NOW).often(every)
    assert (often.times, often.days) == (pytest.approx(times), pytest.approx(days))


def test_listings_have_no_grace():
    pace = pace_of(Every(4 * HOUR), NOW)
    assert pace.often(6 * HOUR).times == 6
    assert pace.often(6 * HOUR, grace=False).times == 3


def test_a_single_time_is_one_run_of_one_day():
    pace = pace_of(Once(NOW), NOW)
    assert pace.runs == pace.often(7 * DAY) == Often(1, 1)
