"""Calendar events fire at every slot, as systemd itself reads them."""

import shutil
import subprocess
from bisect import bisect_left
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics_sync.domain.timing import LONGEST, SHORTEST, Cron, Every, Once, Timing
from analytics_sync.schedule._calendar import on_calendar

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not installed (Debian: apt-get install systemd)"
)


def fired(event: str, since: datetime, number: int) -> list[datetime]:
    """The next so many times after a moment at which systemd elapses a calendar event."""
    assert ANALYZE is not None
    told = subprocess.run(
        [
            ANALYZE,
            "calendar",
            f"--iterations={number}",
            f"--base-time={since:%Y-%m-%d %H:%M:%S} UTC",
            event,
        ],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LC_ALL": "C", "SYSTEMD_COLORS": "0"},
    )
    assert told.stderr == ""
    lines = [line.split() for line in told.stdout.splitlines()]
    return [
        datetime.strptime(" ".join(words[-3:-1]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        for words in lines
        if words[-1:] == ["UTC"] and (words[0] == "Iter." or words[:2] == ["Next", "elapse:"])
    ]


def check_slots_are_met(timing: Timing, since: datetime, number: int = 40) -> None:
    """Each slot after a moment is met, or within its minute when it has seconds."""
    seen = [fired(event, since, number) for event in on_calendar(timing)]
    # An event that is told less often than asked for has no more times; else what comes after the
    # last one is not known.
    until = min(
        [times[-1] for times in seen if len(times) == number], default=since + 400 * 24 * HOUR
    )
    moments = sorted(moment for times in seen for moment in times)
    for slot in timing.slots(since, min(until, since + 400 * 24 * HOUR)):
        index = bisect_left(moments, slot)
        late = moments[index] - slot if index < len(moments) else None
        assert late is not None, (timing, slot)
        assert late < MINUTE, (timing, slot, late)
        assert late == timedelta(0) or slot.second, (timing, slot, late)


@pytest.mark.parametrize(
    ("timing", "events"),
    [
        (Every(HOUR), ["*-*-* *:00:00 UTC"]),
        (Every(HOUR, 42 * MINUTE), ["*-*-* *:42:00 UTC"]),
        (Every(5 * MINUTE), ["*-*-* *:00..55/5:00 UTC"]),
        (Every(24 * HOUR, 90 * MINUTE), ["*-*-* 01:30:00 UTC"]),
        (Every(90 * MINUTE), ["*-*-* 00..21/3:00:00 UTC", "*-*-* 01..22/3:30:00 UTC"]),
        (Every(36 * HOUR, 12 * MINUTE), ["*-*-* 00,12:12:00 UTC"]),
        (Every(7 * 24 * HOUR, 17 * MINUTE), ["Thu *-*-* 00:17:00 UTC"]),
        (Every(7 * MINUTE), ["*-*-* *:*:00 UTC"]),
        (Cron("*/30 * * * *"), ["*-*-* *:00,30:00 UTC"]),
        (Cron("0 */6 * * *"), ["*-*-* 00..18/6:00:00 UTC"]),
        (Cron("0 2 * * *"), ["*-*-* 02:00:00 UTC"]),
        (Cron("0 9-17 * * 1-5"), ["Mon..Fri *-*-* 09..17:00:00 UTC"]),
        (Cron("* * * * *"), ["*-*-* *:*:00 UTC"]),
        (Cron("0 3 * * 0-2"), ["Mon,Tue,Sun *-*-* 03:00:00 UTC"]),
        (Cron("0 3 * * 5-7"), ["Fri..Sun *-*-* 03:00:00 UTC"]),
        (Cron("0 0 13 * 5"), ["*-*-13 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC"]),
        (Cron("0 0 */2 * 1"), ["Mon *-*-01..31/2 00:00:00 UTC"]),
        (Cron("0 9 * * *", "Europe/Berlin"), ["*-*-* 09:00:00 Europe/Berlin"]),
        (Cron("15 * * * *", "Europe/Berlin"), ["*-*-* *:15:00 UTC"]),
        (Once(datetime(2026, 12, 1, 15, 30, tzinfo=UTC)), ["2026-12-01 15:30:00 UTC"]),
    ],
)
def test_a_timing_is_said_as_a_person_would(timing: Timing, events: list[str]) -> None:
    assert on_calendar(timing) == events


def test_a_time_that_the_clock_skips_is_said_by_its_date() -> None:
    daily, *around = on_calendar(Cron("30 2 * * *", "Europe/Berlin"))
    assert daily == "*-*-* 02:30:00 Europe/Berlin"
    assert around[::2][:2] == ["2026-03-29 01:00:00 UTC", "2027-03-28 01:00:00 UTC"]


def test_a_time_that_comes_twice_is_said_by_its_date() -> None:
    """systemd takes one of the two, mostly the first: which one is the C library's choice."""
    _, *around = on_calendar(Cron("30 2 * * *", "Europe/Berlin"))
    assert around[1::2][:2] == ["2026-10-25 00:30:00 UTC", "2027-10-31 00:30:00 UTC"]


@needs_systemd
@pytest.mark.parametrize(
    ("expression", "zone", "change"),
    [
        ("30 2 * * *", "Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("30 2 * * *", "Europe/Berlin", datetime(2027, 10, 31, 1, tzinfo=UTC)),
        ("*/20 1-3 * * *", "Europe/Berlin", datetime(2027, 10, 31, 1, tzinfo=UTC)),
        ("*/15 * * * *", "Australia/Lord_Howe", datetime(2027, 4, 3, 15, tzinfo=UTC)),
        ("*/15 * * * *", "Australia/Lord_Howe", datetime(2027, 10, 2, 15, 30, tzinfo=UTC)),
        ("0 0 * * 0", "America/Havana", datetime(2027, 3, 14, 5, tzinfo=UTC)),
        ("41 0-4 */8 * 0", "America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
        ("30 1 * * *", "Europe/Dublin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("26 */10 * 2 6", "Africa/Casablanca", datetime(2029, 2, 18, 2, tzinfo=UTC)),
        ("26 */10 * 3,10 6", "Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("20 10 */8 * *", "UTC", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0 7 */7 * 0", "Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ],
)
def test_each_slot_around_a_clock_change_is_met(
    expression: str, zone: str, change: datetime
) -> None:
    check_slots_are_met(Cron(expression, zone), change - 6 * HOUR)


@needs_systemd
def test_systemd_alone_would_leave_out_times_around_a_clock_change() -> None:
    """Why the events with dates are there; when this fails they may go."""
    spring, autumn = (datetime(2027, month, day, tzinfo=UTC) for month, day in ((3, 28), (10, 31)))
    assert fired("*-*-* 02:30:00 Europe/Berlin", spring, 1) == [spring + 24 * HOUR + HOUR / 2]
    assert fired("*-*-* *:30:00 Europe/Berlin", autumn, 2) == [
        autumn + HOUR / 2,
        autumn + 2.5 * HOUR,
    ]


def _field(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high).map(str)
    span = st.tuples(st.integers(low, high), st.integers(low, high)).map(
        lambda ends: f"{min(ends)}-{max(ends)}"
    )
    step = st.tuples(st.just("*") | span, st.integers(1, high)).map(lambda p: f"{p[0]}/{p[1]}")
    some = st.lists(one | span, min_size=1, max_size=3).map(",".join)
    return st.just("*") | one | some | step


ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Europe/Dublin",
]
TIMINGS = st.builds(
    Every,
    st.integers(SHORTEST // MINUTE, LONGEST // MINUTE).map(lambda n: n * MINUTE)
    | st.sampled_from([5, 10, 15, 20, 30, 60, 90, 120, 360, 720, 1440, 2880, 10080]).map(
        lambda n: n * MINUTE
    ),
    st.integers(0, 59).map(lambda n: n * MINUTE),
) | st.builds(
    Cron,
    st.tuples(_field(0, 59), _field(0, 23), _field(1, 28), _field(1, 12), _field(0, 7)).map(
        " ".join
    ),
    st.sampled_from(ZONES),
)
MOMENTS = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda n: datetime(2026, 6, 1, tzinfo=UTC) + n * MINUTE
)


@needs_systemd
@settings(max_examples=12, deadline=None, derandomize=True)
@given(timing=TIMINGS, since=MOMENTS)
def test_each_slot_of_any_timing_is_met(timing: Timing, since: datetime) -> None:
    check_slots_are_met(timing, since, number=20)


# To shrink a failure takes a minute for each step.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


@needs_systemd
@pytest.mark.slow
@settings(max_examples=400, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(timing=TIMINGS, since=MOMENTS)
def test_each_slot_of_very_many_timings_is_met(timing: Timing, since: datetime) -> None:
    check_slots_are_met(timing, since, number=60)
