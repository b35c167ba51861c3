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
from typing import Any, Final

from analytics_sync.clock import EPOCH
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.schedule._zones import clock_changes, offset

DAY: Final = 86_400
WEEK: Final = timedelta(days=7)
HOURS: Final = range(24)
MINUTES: Final = range(60)
WEEKDAYS: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# A clock change touches no slot farther away.
REACH: Final = timedelta(hours=3)


def on_calendar(timing: Timing) -> list[str]:
    """The events, as few as say it."""
    match timing:
        case Every(span, start):
            return _every(span, start)
        case Cron(expression, timezone):
            return list(_cron(expression, timezone))
        case Once(at):
            return [f"{at:%Y-%m-%d %H:%M:%S} UTC"]
    raise TypeError(timing)


def _every(span: timedelta, start: timedelta) -> list[str]:
    """Every so often of a day; a slot that lies within a minute is met at its end, if it must be."""
    step = gcd(span // timedelta(seconds=1), DAY)
    first = start // timedelta(seconds=1) % step
    if step < 60:
        step, first = 60, 0
    days = "*-*-*" if span % WEEK else f"{WEEKDAYS[(EPOCH + start).isoweekday()]} *-*-*"
    return [f"{days} {times} UTC" for times in _times(range(first, DAY, step))]


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
    """A component: `*`, `2/15` (from 2 on, every 15), `9..17` or a list."""
    ordered = sorted(values)
    if len(ordered) == len(every):
        return "*"
    steps = {later - earlier for earlier, later in pairwise(ordered)}
    if len(steps) == 1 and len(ordered) > 2:
        step = steps.pop()
        if ordered[-1] + step > every[-1]:
            return f"{ordered[0]:02}/{step}"
        if step == 1:
            return f"{ordered[0]:02}..{ordered[-1]:02}"
    return ",".join(f"{value:02}" for value in ordered)


@lru_cache(maxsize=4096)
def _cron(expression: str, timezone: str) -> tuple[str, ...]:
    from cronsim import CronSim

    fields = CronSim(expression, EPOCH)
    times = f"{_said(fields.hours, HOURS)}:{_said(fields.minutes, MINUTES)}:00"
    days = list(dict.fromkeys(_days(fields)))
    if timezone == "UTC":
        return tuple(f"{day} {times} UTC" for day in days)
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(timezone)
    if days == ["*-*-*"] and len(fields.hours) == len(HOURS) and _by_whole_hours(zone):
        return (f"*-*-* {times} UTC",)
    said = [f"{day} {times} {timezone}" for day in days]
    return (*said, *_around_changes(Cron(expression, timezone), fields, zone))


def _days(fields: Any) -> Iterator[str]:
    """The days that cron's three fields choose, each with its weekdays before it."""
    months = _said(fields.months, range(1, 13))
    dates = _dates(fields.days, months)
    weekdays = _weekdays(fields.weekdays, months)
    if not weekdays:
        yield from dates
    elif dates == [f"*-{months}-*"]:
        yield from (f"{names} {date or dates[0]}" for names, date in weekdays)
    elif fields.day_and:
        # Dates that are counted in two ways can't be said at once: the slot decides.
        yield from (f"{names} {date or own}" for names, date in weekdays for own in dates)
    else:
        # As Debian's cron: either is enough when both are restricted.
        yield from dates
        yield from (f"{names} {date or f'*-{months}-*'}" for names, date in weekdays)


def _dates(days: set[int], months: str) -> list[str]:
    from cronsim import CronSim

    counted = {day for day in days if day > 0}
    dates = [f"*-{months}-{_said(counted, range(1, 32))}"] if counted else []
    if CronSim.LAST in days:
        dates.append(f"*-{months}~01")
    if CronSim.LAST_WEEKDAY in days:
        dates += [f"Mon..Fri *-{months}~01", f"Fri *-{months}~02,03"]
    return dates


def _weekdays(weekdays: set[Any], months: str) -> list[tuple[str, str | None]]:
    """Names of weekdays with the dates on which they count, None: all; [] for all days."""
    from cronsim import CronSim

    plain = {day % 7 for day in weekdays if isinstance(day, int)}
    if len(plain) == 7:
        return []
    chosen: list[tuple[str, str | None]] = []
    if plain:
        chosen.append((_names(plain), None))
    for day, which in sorted(item for item in weekdays if not isinstance(item, int)):
        last = which == CronSim.LAST
        week = "~07/1" if last else f"-{7 * which - 6:02}..{min(7 * which, 31):02}"
        chosen.append((WEEKDAYS[day], f"*-{months}{week}"))
    return chosen


def _names(weekdays: set[int]) -> str:
    ordered = sorted(weekdays)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{WEEKDAYS[ordered[0]]}..{WEEKDAYS[ordered[-1]]}"
    return ",".join(WEEKDAYS[day] for day in ordered)


def _by_whole_hours(zone: tzinfo) -> bool:
    """Whether a minute of the hour is the same as in UTC, the year round."""
    moments = (EPOCH + timedelta(days=20_454), *clock_changes(zone))
    return not any(offset(zone, moment) % timedelta(hours=1) for moment in moments)


def _around_changes(timing: Cron, fields: Any, zone: tzinfo) -> Iterator[str]:
    """Events for the slots that systemd leaves out when clocks change, each with its date.

    It never fires at a time that the change skips, where the slot falls on the end of the gap, nor
    at the second of two equal times.
    """
    for change in clock_changes(zone):
        if not _touched(fields.hours, zone, change):
            continue
        by_hour: dict[datetime, set[int]] = defaultdict(set)
        for slot in timing.slots(change - REACH, change + REACH):
            local = slot.astimezone(zone)
            if local.fold or local.hour not in fields.hours or local.minute not in fields.minutes:
                by_hour[slot.replace(minute=0)].add(slot.minute)
        for hour, minutes in sorted(by_hour.items()):
            yield f"{hour:%Y-%m-%d %H}:{_said(minutes, MINUTES)}:00 UTC"


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
