"""Due times: of spans, of cron expressions in any zone, and single ones."""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.domain.cron import pattern
from analytics_sync.domain.timing import (
    Cron,
    Every,
    Once,
    Timing,
    parse_at,
    parse_cron,
    parse_every,
    stable_offset,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
# Zones whose clocks change in their own ways: at midnight, by half an hour, just after midnight on
# the day before, by a whole day, and twice around a month of fasting.
ODD_ZONES = [
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Atlantic/Azores",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.tuples(st.one_of(st.just("*"), ranges), st.integers(1, 40))
    lists = st.lists(st.one_of(number.map(str), ranges), min_size=1, max_size=3)
    return st.one_of(
        st.just("*"),
        number.map(str),
        lists.map(",".join),
        steps.map(lambda step: f"{step[0]}/{step[1]}"),
    )


EXPRESSIONS = st.one_of(
    st.tuples(field(0, 59), field(0, 23), st.just("*"), st.just("*"), field(0, 7)),
    st.tuples(field(0, 59), field(0, 4), st.just("*"), st.just("*"), st.just("*")),
    st.tuples(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)),
).map(" ".join)


@lru_cache
def changes(name: str) -> list[datetime]:
    """When the zone's clocks change in three years, to the hour."""
    zone, hour = ZoneInfo(name), timedelta(hours=1)
    hours = [datetime(2010, 6, 1, tzinfo=UTC) + n * hour for n in range(3 * 366 * 24)]
    return [
        t
        for t in hours
        if t.astimezone(zone).utcoffset() != (t - hour).astimezone(zone).utcoffset()
    ]


def by_looking(timing: Cron, first: datetime, last: datetime) -> list[datetime]:
    """The slots from `first` to `last`, found by asking of each minute whether it is one."""
    zone, what = ZoneInfo(timing.timezone), pattern(timing.expression)

    def meets(wall: datetime) -> bool:
        return what.on(wall.date()) and 60 * wall.hour + wall.minute in what.times

    def exists(local: datetime) -> bool:
        return local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local.replace(
            tzinfo=None
        )

    found = set()
    if what.elapsed:
        moment = first
        while moment <= last:
            if meets(moment.astimezone(zone).replace(tzinfo=None)):
                found.add(moment)
            moment += MINUTE
        return sorted(found)
    wall = (first - timedelta(days=2)).astimezone(zone).replace(tzinfo=None)
    end = (last + timedelta(days=2)).astimezone(zone).replace(tzinfo=None)
    while wall <= end:
        if meets(wall):
            local = wall.replace(tzinfo=zone)
            while not exists(local):
                local += MINUTE
            found.add(local.astimezone(UTC))
        wall += MINUTE
    return sorted(slot for slot in found if first <= slot <= last)


def looks_right(expression: str, zone: str, around: int, second: int) -> None:
    """The slots of two days around a clock change, each way and counted."""
    change = changes(zone)[around % len(changes(zone))]
    first, last = change - timedelta(days=1), change + timedelta(days=1)
    timing = Cron(expression, zone)
    expected = by_looking(timing, first, last)
    assert list(timing.slots(first - MINUTE, last)) == expected
    assert timing.number(first - MINUTE, last) == len(expected)
    middle = change + timedelta(seconds=second)
    assert timing.number(first - MINUTE, middle) == sum(slot <= middle for slot in expected)
    backwards, slot = [], timing.until(last)
    while slot is not None and slot >= first:
        backwards.append(slot)
        slot = timing.until(slot - timedelta(seconds=1))
    assert backwards == expected[::-1]
    assert timing.after(middle) == next((s for s in expected if s > middle), timing.after(last))


def is_possible(text: str) -> bool:
    try:
        parse_cron(text)
    except ValueError:
        return False
    return True


POSSIBLE = EXPRESSIONS.filter(is_possible)
CASES = {
    "expression": POSSIBLE,
    "zone": st.sampled_from(ODD_ZONES),
    "around": st.integers(0, 20),
    "second": st.integers(-80_000, 80_000),
}


@settings(max_examples=10, deadline=None)
@given(**CASES)
def test_slots_around_clock_changes(expression: str, zone: str, around: int, second: int) -> None:
    looks_right(expression, zone, around, second)


@pytest.mark.slow
@settings(max_examples=5_000, deadline=None)
@given(**CASES)
def test_slots_around_clock_changes_at_length(
    expression: str, zone: str, around: int, second: int
) -> None:
    looks_right(expression, zone, around, second)


def there_and_back(expression: str, zone: str, seconds: int) -> None:
    """What comes after a moment, and what came until then, agree wherever one stands."""
    timing, moment = Cron(expression, zone), at("1975-01-01") + timedelta(seconds=seconds)
    after = timing.after(moment)
    assert after is not None
    assert after > moment
    assert timing.until(after) == after
    assert timing.after(after - timedelta(seconds=1)) == after
    before = timing.until(after - timedelta(seconds=1))
    assert before is None or before <= moment
    if before is not None:
        assert timing.after(before) == after
        assert timing.number(before, after) == 1
        assert timing.distance(after) <= after - before


ANYWHERE = {
    "expression": POSSIBLE,
    "zone": st.sampled_from(sorted(available_timezones())),
    "seconds": st.integers(0, 3_000_000_000),
}


@settings(max_examples=60, deadline=None)
@given(**ANYWHERE)
def test_backwards_agrees_with_forwards(expression: str, zone: str, seconds: int) -> None:
    there_and_back(expression, zone, seconds)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(**ANYWHERE)
def test_backwards_agrees_with_forwards_at_length(expression: str, zone: str, seconds: int) -> None:
    there_and_back(expression, zone, seconds)


@settings(max_examples=60, deadline=None)
@given(expression=ANYWHERE["expression"], seconds=ANYWHERE["seconds"])
def test_utc_is_read_as_the_library_reads_it(expression: str, seconds: int) -> None:
    moment = at("1975-01-01") + timedelta(seconds=seconds)
    assert Cron(expression).after(moment) == next(CronSim(expression, moment))


@pytest.mark.parametrize(
    ("expression", "zone", "moment", "slots"),
    [
        # Forward at 02:00 to 03:00: the skipped time falls just after the gap, once.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T01:00", "2026-03-30T00:30"],
        ),
        (
            "0,30 2,3 * * *",
            "Europe/Berlin",
            "2026-03-29T00:00",
            ["2026-03-29T01:00", "2026-03-29T01:30"],
        ),
        # Back at 03:00 to 02:00: the time that comes twice counts once, the first time.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T00:30", "2026-10-26T01:30"],
        ),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10", ["2026-10-26T01:30"]),
        # With `*`, slots follow elapsed time.
        (
            "30 * * * *",
            "Europe/Berlin",
            "2026-10-25T00:00",
            ["2026-10-25T00:30", "2026-10-25T01:30"],
        ),
        ("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-30T00:00"]),
        # A midnight that the zone skips.
        ("* 0 * * 0", "Asia/Beirut", "2011-03-26T12:00", ["2011-04-02T21:00"]),
        # By half an hour.
        (
            "0 * * * *",
            "Australia/Lord_Howe",
            "2026-04-04T13:30",
            ["2026-04-04T14:00", "2026-04-04T15:30"],
        ),
        ("0 0 29 2 *", "UTC", "2026-11-23T14:00", ["2028-02-29T00:00"]),
        ("0 0 29 2 */7", "UTC", "2088-03-01T00:00", ["2128-02-29T00:00"]),
    ],
)
def test_clock_changes_as_debians_cron_takes_them(
    expression: str, zone: str, moment: str, slots: list[str]
) -> None:
    timing, after, found = Cron(expression, zone), at(moment), []
    for _ in slots:
        slot = timing.after(after)
        assert slot is not None
        found.append(slot)
        after = slot
    assert found == [at(slot) for slot in slots]


def test_a_year_of_minutes_is_counted_at_once() -> None:
    started = time.process_time()
    count = Cron("* * * * *", "Europe/Berlin").number(at("2025-11-23"), at("2026-11-23"))
    assert count == 365 * 1440
    assert time.process_time() - started < 0.5


@given(
    minutes=st.integers(5, 129_600),
    offset=st.integers(0, 59),
    seconds=st.integers(0, 2_000_000_000),
)
def test_spans_are_counted_from_1970(minutes: int, offset: int, seconds: int) -> None:
    timing = Every(timedelta(minutes=minutes), timedelta(minutes=offset))
    moment = at("1970-06-01") + timedelta(seconds=seconds)
    before, after = timing.until(moment), timing.after(moment)
    assert before is not None
    assert after is not None
    assert before <= moment < after == before + timing.span
    assert (before - at("1970-01-01") - timing.offset) % timing.span == timedelta(0)
    assert timing.number(before, after) == 1
    assert timing.number(before - 3 * timing.span, moment) == 3
    assert timing.distance(before) == timing.span


def test_a_single_time_is_one_slot() -> None:
    timing = Once(NOW)
    assert timing.after(NOW - MINUTE) == timing.until(NOW) == timing.until(NOW + MINUTE) == NOW
    assert timing.after(NOW) is timing.until(NOW - MINUTE) is None
    assert list(timing.slots(NOW - MINUTE, NOW + MINUTE)) == [NOW]
    assert timing.number(NOW - MINUTE, NOW) == 1
    assert timing.number(NOW, NOW + MINUTE) == 0
    assert timing.distance(NOW) == timedelta(0)


def test_the_nearer_neighbour_is_a_slots_distance() -> None:
    office = Cron("0 9-17 * * 1-5")
    assert office.distance(at("2026-11-23T09:00")) == timedelta(hours=1)
    assert office.distance(at("2026-11-27T17:00")) == timedelta(hours=1)
    assert Cron("0 2 * * *", "Europe/Berlin").distance(at("2026-03-29T01:00")) == timedelta(
        hours=23
    )


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (Every(timedelta(days=1)), "every 1d"),
        (Cron("0 9 * * *"), "cron 0 9 * * *"),
        (Cron("0 9 * * *", "Asia/Tokyo"), "cron 0 9 * * * (Asia/Tokyo)"),
        (Once(NOW), "at 2026-11-23T14:00:00Z"),
    ],
)
def test_words_for_people(timing: Timing, words: str) -> None:
    assert timing.words() == words


@pytest.mark.parametrize(
    "text",
    [
        "*/30 * * * *",
        "0 */6 * * *",
        "0 2 * * *",
        "0 9-17 * * MON-FRI",
        "5 4 1,15 jan-jul 7",
        "* * * * *",
    ],
)
def test_documented_cron_expressions_are_taken(text: str) -> None:
    assert parse_cron(f" {text} ") == Cron(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("61 * * * *", r"minute '61' is not 0 to 59"),
        ("* 24 * * *", r"hour '24'"),
        ("* * 0 * *", r"day of month '0'"),
        ("* * * 13 *", r"month '13'"),
        ("* * * JAM *", r"month 'JAM'"),
        ("* * * * 8", r"day of week '8'"),
        ("* * L * *", r"day of month 'L'"),
        ("* * LW * *", r"day of month 'LW'"),
        ("* * * * 5L", r"day of week '5L'"),
        ("* * * * MON#2", r"day of week 'MON#2'"),
        ("* * * * FRI-SUN", r"day of week 'FRI-SUN'"),
        ("*/0 * * * *", r"minute '\*/0'"),
        ("5/10 * * * *", r"minute '5/10' has a step, but no range"),
        ("1,,2 * * * *", r"minute '1,,2'"),
        ("-5 * * * *", r"minute '-5'"),
        ("\N{ARABIC-INDIC DIGIT ONE} * * * *", r"minute"),
        ("0 0 31 2 *", r"day of month '31' does not come in the month '2'"),
        ("0 0 30,31 FEB *", r"day of month '30,31' does not come in the month 'FEB'"),
        ("0 0 31 4,6,9,11 *", r"does not come"),
        ("* * * * * *", r"has 6 fields, not 5"),
        ("* * * *", r"has 4 fields, not 5"),
        ("@daily", r"has 1 fields, not 5"),
        ("", r"has 0 fields, not 5"),
    ],
)
def test_other_expressions_are_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_cron(text)


@pytest.mark.parametrize(
    "zone", ["Mars/Base", "", "../etc/passwd", "/etc/localtime", "Europe", "a\0b"]
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        parse_cron("0 2 * * *", zone)
    with pytest.raises(ValueError, match="is not a time zone"):
        parse_at("2026-12-01 15:30:00", zone, NOW)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    readers: list[Callable[[str], object]] = [
        parse_every,
        parse_cron,
        lambda said: parse_cron("0 2 * * *", said),
        lambda said: parse_at(said, "UTC", NOW),
    ]
    for read in readers:
        with contextlib.suppress(ValueError):
            read(text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("5m", 5), ("24h", 1440), ("1d12h", 2160), ("90d", 129_600)]
)
def test_spans_for_jobs(text: str, minutes: int) -> None:
    assert parse_every(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["0", "-1h", "24", "1y", "0s", "0h", "4m59s", "90d1s", "", "1h2d", "never"]
)
def test_other_spans_are_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not"):
        parse_every(text)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-12-01 15:30:00", "UTC", "2026-12-01T15:30"),
        ("2026-12-01 15:30", "Europe/Berlin", "2026-12-01T14:30"),
        ("2026-12-01T15:30:00Z", "Europe/Berlin", "2026-12-01T15:30"),
        ("2026-12-01T15:30:00+02:00", "UTC", "2026-12-01T13:30"),
        ("2026-12-01T15:30:00.75", "UTC", "2026-12-01T15:30"),
    ],
)
def test_single_times(text: str, zone: str, moment: str) -> None:
    assert parse_at(text, zone, NOW) == Once(at(moment))


@pytest.mark.parametrize(
    ("text", "zone", "words"),
    [
        ("2026-11-23 14:00:00", "UTC", "is over: it is 2026-11-23T14:00:00Z now"),
        ("2020-01-01 00:00:00", "UTC", "is over"),
        ("tomorrow", "UTC", "is not a time like"),
        ("2026-12-01", "UTC", "has no time of day"),
        ("2026-12-32 10:00:00", "UTC", "is not a time like"),
        ("2027-03-28 02:30:00", "Europe/Berlin", "does not exist in Europe/Berlin"),
        ("9999-12-31T23:59:59-12:00", "UTC", "too far away"),
        ("9999-12-31 23:59:59", "UTC", "too far away"),
        ("0001-01-01T00:00:00+12:00", "UTC", "too far away"),
    ],
)
def test_other_single_times_are_refused_in_words(text: str, zone: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_at(text, zone, NOW)


def test_a_job_has_its_own_minute_for_good() -> None:
    hour = timedelta(hours=1)
    offsets = [
        stable_offset("1f2e3d4c", f"sync_business_{n}", timedelta(days=1)) for n in range(500)
    ]
    assert offsets == [
        stable_offset("1f2e3d4c", f"sync_business_{n}", timedelta(days=1)) for n in range(500)
    ]
    assert all(
        timedelta(0) <= offset < hour and offset % MINUTE == timedelta(0) for offset in offsets
    )
    assert len(set(offsets)) > 50
    assert stable_offset("1f2e3d4c", "sync_business_1", timedelta(minutes=5)) < timedelta(minutes=5)
