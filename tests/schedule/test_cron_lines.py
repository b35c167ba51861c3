from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.schedule._cron_lines import (
    Days,
    _shifts,
    field_values,
    lines,
    machine_zone,
)
from analytics_sync.schedule._zones import clock_changes

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
END = BEGIN + timedelta(days=730)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = """UTC Europe/Berlin Europe/London America/New_York America/Chicago America/St_Johns
    America/Santiago Asia/Kolkata Asia/Kathmandu Africa/Casablanca Africa/Cairo Asia/Beirut
    Australia/Lord_Howe Australia/Adelaide Pacific/Chatham Pacific/Kiritimati Pacific/Apia
    America/Havana Antarctica/Troll""".split()


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        (Every(timedelta(hours=1)), ["0 * * * *"]),
        (Every(timedelta(hours=1), timedelta(minutes=17)), ["17 * * * *"]),
        (Every(timedelta(minutes=30)), ["*/30 * * * *"]),
        (Every(timedelta(minutes=30), timedelta(minutes=17)), ["17,47 * * * *"]),
        (Every(timedelta(minutes=5)), ["*/5 * * * *"]),
        (Every(timedelta(hours=6)), ["0 */6 * * *"]),
        (Every(timedelta(hours=6), timedelta(minutes=17)), ["17 */6 * * *"]),
        (Every(timedelta(days=1), timedelta(minutes=17)), ["17 0 * * *"]),
        (Every(timedelta(days=90)), ["0 0 * * *"]),
        (Every(timedelta(days=7), timedelta(minutes=17)), ["17 0 * * 4"]),
        (Every(timedelta(hours=36)), ["0 */12 * * *"]),
        (Every(timedelta(minutes=90)), ["0 */3 * * *", "30 1-22/3 * * *"]),
        (Every(timedelta(minutes=7)), ["* * * * *"]),
        (Every(timedelta(minutes=5, seconds=30)), ["* * * * *"]),
        (Every(timedelta(minutes=7, seconds=30)), ["0,8,15,23,30,38,45,53 * * * *"]),
        (Cron("0 2 * * *"), ["0 2 * * *"]),
        (Cron("0 9-17 * * mon-fri"), ["0 9-17 * * 1-5"]),
        (Cron("*/30 * * * *"), ["*/30 * * * *"]),
        (Cron("5/15 00-04 1 jan,Jul *"), ["5-59/15 0-4 1 1,7 *"]),
        (Cron("0 4 L * *"), ["0 4 * * *"]),
        (Cron("0 4 1 * mon#1"), ["0 4 * * *"]),
        (Cron("*/90 */24 */40 * 1"), ["0 0 * * 1"]),
        (Once(datetime(2026, 12, 1, 15, 30, tzinfo=UTC)), ["30 15 1 12 *"]),
        (Once(datetime(2026, 12, 31, 23, 59, 1, tzinfo=UTC)), ["0 0 1 1 *"]),
    ],
)
def test_lines_on_a_machine_in_utc_are_what_a_person_would_write(
    timing: Timing, expected: list[str]
) -> None:
    assert lines(timing, UTC_ZONE) == expected
    assert lines(timing, UTC) == expected


@pytest.mark.parametrize(
    ("timing", "zone", "expected"),
    [
        (Every(timedelta(hours=1), timedelta(minutes=17)), BERLIN, ["17 * * * *"]),
        (Every(timedelta(hours=24), timedelta(minutes=17)), BERLIN, ["17 1,2 * * *"]),
        (Every(timedelta(hours=1), timedelta(minutes=17)), LORD_HOWE, ["17,47 * * * *"]),
        (Cron("30 2 * * *", "Europe/Berlin"), BERLIN, ["30 2 * * *"]),
        (Cron("30 2 * * *", "Europe/Paris"), BERLIN, ["30 2 * * *"]),
        (Cron("30 2 * * *", "Europe/Berlin"), UTC_ZONE, ["30 0,1 * * *", "0 1 * 3 *"]),
        (Cron("30 0 * * 1", "Europe/Berlin"), UTC_ZONE, ["30 22,23 * * 0"]),
        (Cron("30 0 1 * *", "Europe/Berlin"), UTC_ZONE, ["30 22,23 * * *"]),
        (Cron("0 9-17 * * 1-5", "Europe/Berlin"), UTC_ZONE, ["0 7-16 * * 1-5"]),
        (Once(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)), BERLIN, ["30 1 2 7 *"]),
    ],
)
def test_lines_elsewhere_fire_at_every_local_time_that_a_slot_can_have(
    timing: Timing, zone: ZoneInfo, expected: list[str]
) -> None:
    assert lines(timing, zone) == expected


@st.composite
def terms(draw: st.DrawFn, low: int, high: int) -> str:
    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high))
    return draw(
        st.sampled_from(
            [f"{first}", f"{first}-{last}", f"{first}-{last}/{step}", f"{first}/{step}"]
        )
    )


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    stars = st.sampled_from(["*", "*", "*/2", "*/7"])
    return stars | st.lists(terms(low, high), min_size=1, max_size=2).map(",".join)


expressions = st.tuples(fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 7))
timings = st.one_of(
    st.builds(
        Every,
        st.integers(5, 90 * 1440).map(lambda minutes: timedelta(minutes=minutes))
        | st.integers(300, 90_000).map(lambda seconds: timedelta(seconds=seconds)),
        st.integers(0, 59).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    st.builds(Cron, expressions.map(" ".join), st.sampled_from(ZONES)),
    st.builds(
        Once, st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
    ),
)


def fires(line: str, local: datetime) -> bool:
    minute, hour, *days = line.split()
    return (
        local.minute in field_values(0, minute)
        and local.hour in field_values(1, hour)
        and Days(*days).match(local.date())
    )


def met(timing: Timing, zone: ZoneInfo, count: int) -> None:
    """Slots of two years have a line at their very minute of the machine's clock.

    Looked at: `count` of them every four weeks, and from before each change of a clock.
    """
    said = lines(timing, zone)
    assert all(len(line.split()) == 5 for line in said)
    assert len(set(said)) == len(said)
    zones = [zone, ZoneInfo(timing.timezone)] if isinstance(timing, Cron) else [zone]
    alike = len(zones) == 2 and _shifts(zones[1], zone) == {0}
    changes = {change for each in zones for change in clock_changes(each)}
    begins = {BEGIN + timedelta(days=28 * number) for number in range(26)}
    begins |= {change - timedelta(hours=2) for change in changes if BEGIN < change < END}
    for begin in begins:
        for slot in islice(timing.slots(begin, END), count):
            local = (slot + timedelta(seconds=-slot.second % 60)).astimezone(zone)
            hit = any(fires(line, local) for line in said)
            # In its own zone, cron itself runs what a change of the clock skips, just after it.
            assert hit or (alike and slot in changes), (timing, zone, said, local)


@settings(max_examples=40, deadline=None)
@given(timings, st.sampled_from(ZONES))
def test_slots_are_met_at_their_minute(timing: Timing, zone: str) -> None:
    met(timing, ZoneInfo(zone), 3)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(timings, st.sampled_from(ZONES))
def test_many_slots_are_met_at_their_minute(timing: Timing, zone: str) -> None:
    met(timing, ZoneInfo(zone), 20)


def test_the_machines_zone_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "localtime"
    assert machine_zone(file) is UTC
    file.write_bytes(b"no zone")
    assert machine_zone(file) is UTC
    file.unlink()
    berlin = next(
        path
        for root in ("/usr/share/zoneinfo", "/usr/lib/zoneinfo")
        if (path := Path(root, "Europe/Berlin")).exists()
    )
    file.symlink_to(berlin)
    july = datetime(2026, 7, 1, tzinfo=UTC)
    assert july.astimezone(machine_zone(file)).utcoffset() == timedelta(hours=2)
    assert lines(Cron("30 2 * * *", "Europe/Berlin"), machine_zone(file)) == ["30 2 * * *"]
