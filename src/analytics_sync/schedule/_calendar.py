"""Says a timing in calendar events of systemd, as `OnCalendar=` takes them (`man systemd.time`).

They fire at every slot of the timing. Where events can't say it exactly (a span that no calendar
knows), they fire more often, and the slot decides.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import Final

from analytics_sync.clock import EPOCH
from analytics_sync.domain import cron
from analytics_sync.domain.cron import Pattern
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.schedule._zones import clock_changes, offset

DAY: Final = 86_400
WEEK: Final = timedelta(days=7)
HOURS: Final = range(24)
MINUTES: Final = range(60)
# By the numbers of cron and of ISO 8601.
WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A clock change touches no slot farther away.
REACH: Final = timedelta(hours=3)


def on_calendar(timing: Timing) -> list[str]:
    """The events, as few as say it."""
    match timing:
        case Every(span, start):
            return list(_every(span, start))
        case Cron(expression, timezone):
            return list(_cron(expression, timezone))
        case Once(at):
            return [f"{at:%Y-%m-%d %H:%M:%S} UTC"]
    raise TypeError(timing)


@lru_cache(maxsize=4096)
def _every(span: timedelta, start: timedelta) -> tuple[str, ...]:
    """Every so often of a day; a slot that lies within a minute is met at its end, if it must be."""
    step = gcd(span // timedelta(seconds=1), DAY)
    first = start // timedelta(seconds=1) % step
    if step < 60:
        step, first = 60, 0
    days = "*-*-*" if span % WEEK else f"{WEEKDAYS[(EPOCH + start).isoweekday()]} *-*-*"
    return tuple(f"{days} {times} UTC" for times in _times(range(first, DAY, step)))


def _times(seconds: Iterable[int]) -> list[str]:
    """Times of the day: one for all hours that have the same minutes, and the same seconds."""
    by_hour: dict[tuple[int, int], set[int]] = defaultdict(set)
    for second in seconds:
        by_hour[second // 3600, second % 60].add(second // 60 % 60)
    hours: dict[tuple[tuple[int, ...], int], set[int]] = defaultdict(set)
    for (hour, second), minutes in by_hour.items():
        hours[tuple(sorted(minutes)), second].add(hour)
    return [
        f"{_said(its, HOURS)}:{_said(minutes, MINUTES)}:{second:02}"
        for (minutes, second), its in hours.items()
    ]


def _said(values: Collection[int], every: range) -> str:
    """A component: `*`, `02..47/15` (every 15 from 2 to 47), `9..17` or a list.

    A step always with its end: without one, systemd 252 steps past the end of a month and leaves
    out the next first, or gives up ("Resource deadlock avoided") in a zone whose clocks change.
    """
    ordered = sorted(values)
    if len(ordered) == len(every):
        return "*"
    steps = {later - earlier for earlier, later in pairwise(ordered)}
    if len(steps) == 1 and len(ordered) > 2:
        step = steps.pop()
        span = f"{ordered[0]:02}..{ordered[-1]:02}"
        return span if step == 1 else f"{span}/{step}"
    return ",".join(f"{value:02}" for value in ordered)


@lru_cache(maxsize=4096)
def _cron(expression: str, timezone: str) -> tuple[str, ...]:
    what = cron.pattern(expression)
    days = _days(what)
    times = _times(60 * minute for minute in what.times)
    if timezone == "UTC":
        return tuple(f"{day} {time} UTC" for day in days for time in times)
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(timezone)
    if days == ["*-*-*"] and times[0].startswith("*:") and _by_whole_hours(zone):
        return tuple(f"*-*-* {time} UTC" for time in times)
    said = [f"{day} {time} {timezone}" for day in days for time in times]
    return (*said, *_around_changes(Cron(expression, timezone), what, zone))


def _days(what: Pattern) -> list[str]:
    """The days that cron's three fields choose."""
    months = _said(what.months, range(1, 13))
    dates = f"*-{months}-{_said(what.days, range(1, 32))}"
    if len(what.weekdays) == 7:
        return [dates if what.both else f"*-{months}-*"]
    names = _names(what.weekdays)
    if what.both:
        return [f"{names} {dates}"]
    # As Debian's cron: either is enough when both are restricted.
    return [dates, f"{names} *-{months}-*"]


def _names(weekdays: Collection[int]) -> str:
    # A week begins on Monday here: `Sun..Tue` is refused.
    ordered = sorted(day or 7 for day in weekdays)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{WEEKDAYS[ordered[0]]}..{WEEKDAYS[ordered[-1]]}"
    return ",".join(WEEKDAYS[day] for day in ordered)


def _by_whole_hours(zone: tzinfo) -> bool:
    """Whether a minute of the hour is the same as in UTC, the year round."""
    moments = (EPOCH + timedelta(days=20_454), *clock_changes(zone))
    return not any(offset(zone, moment) % timedelta(hours=1) for moment in moments)


def _around_changes(timing: Cron, what: Pattern, zone: tzinfo) -> Iterator[str]:
    """Events for the slots that systemd may leave out when clocks change, each with its date.

    It never fires at a time that the change skips, where the slot falls on the end of the gap; and
    of two equal times only at one, mostly the first.
    """
    for change in clock_changes(zone):
        if not _touched({minute // 60 for minute in what.times}, zone, change):
            continue
        by_hour: dict[datetime, set[int]] = defaultdict(set)
        for slot in timing.slots(change - REACH, change + REACH):
            local = slot.astimezone(zone)
            if _comes_twice(local) or 60 * local.hour + local.minute not in what.times:
                by_hour[slot.replace(minute=0)].add(slot.minute)
        for hour, minutes in sorted(by_hour.items()):
            yield f"{hour:%Y-%m-%d %H}:{_said(minutes, MINUTES)}:00 UTC"


def _comes_twice(local: datetime) -> bool:
    """Whether the clock shows this time before a change and after it."""
    return local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()


def _touched(hours: set[int], zone: tzinfo, change: datetime) -> bool:
    """Whether one of these hours of the day is skipped or comes twice."""
    at = change.astimezone(UTC).replace(tzinfo=None)
    before, after = at + offset(zone, change - timedelta(seconds=1)), at + offset(zone, change)
    early, late = sorted((before, after))
    passed = early.replace(minute=0)
    while passed < late:
        if passed.hour in hours:
            return True
        passed += timedelta(hours=1)
    return False
