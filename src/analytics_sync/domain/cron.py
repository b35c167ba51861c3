"""When the five fields of cron are met in a time zone, as Debian's cron reads them.

The library cronsim reads the fields. Days and clock changes are counted here: cronsim 2.7 forgets
which of two equal local times it starts from, and fires at a midnight that a zone skips.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

FIELDS: Final = ("minute", "hour", "day of month", "month", "day of week")
LIMITS: Final = ("0 to 59", "0 to 23", "1 to 31", "1 to 12 or JAN to DEC", "0 to 7 or SUN to SAT")
# The 29th of February can fall on each weekday once in 40 years, where a century has no leap year.
FARTHEST: Final = 41 * 366
# A zone once left out a whole day, and clocks differ by a day at most.
REACH: Final = timedelta(hours=26)
DAY: Final = timedelta(days=1)


class Pattern(NamedTuple):
    """What five fields say.

    `times`: minutes of the day, in order. `both`: day of month and day of week must both match.
    `elapsed`: the job follows elapsed time, also where clocks change.
    """

    times: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both: bool
    elapsed: bool

    def on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        weekday = day.isoweekday() % 7 in self.weekdays
        if self.both:
            return weekday and day.day in self.days
        return weekday or day.day in self.days


@lru_cache(maxsize=4096)
def pattern(expression: str) -> Pattern:
    """:raises ValueError: the expression is none."""
    from cronsim import CronSim, CronSimError

    parts = expression.upper().split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"{expression!r} has {len(parts)} fields, not 5: {', '.join(FIELDS)}")
    try:
        read = CronSim(" ".join(parts), datetime(2000, 1, 1))  # noqa: DTZ001 - only read
    except CronSimError as error:
        raise ValueError(str(error)) from None
    weekdays = [day for day in read.weekdays if isinstance(day, int)]
    if len(weekdays) < len(read.weekdays) or min(read.days) < 1:
        # The last day, the nearest working day, the n-th weekday: cron knows none of them.
        raise ValueError(f"{expression!r} is more than cron understands")
    return Pattern(
        times=tuple(60 * hour + m for hour in sorted(read.hours) for m in sorted(read.minutes)),
        days=frozenset(read.days),
        months=frozenset(read.months),
        weekdays=frozenset(day % 7 for day in weekdays),
        both=read.day_and,
        elapsed=parts[0].startswith("*") or parts[1].startswith("*"),
    )


def check(expression: str) -> None:
    """:raises ValueError: not five fields that cron understands; the words name the field."""
    parts = expression.upper().split()
    if len(parts) != len(FIELDS):
        pattern(expression)
    for index, part in enumerate(parts):
        _check_field(index, part)
    try:
        pattern(expression)
    except ValueError:
        raise ValueError(
            f"the day of month {parts[2]!r} does not come in the month {parts[3]!r}"
        ) from None


def _check_field(index: int, part: str) -> None:
    fields = ["*"] * len(FIELDS)
    fields[index] = part
    try:
        pattern(" ".join(fields))
    except ValueError:
        raise ValueError(
            f"the {FIELDS[index]} {part!r} is not {LIMITS[index]}, nor *, or a list, range or step "
            "of them"
        ) from None
    for one in part.split(","):
        if "/" in one and not set(one) & set("*-"):
            raise ValueError(
                f"the {FIELDS[index]} {one!r} has a step, but no range like */5 or 10-30/5"
            )


def first_after(what: Pattern, zone: tzinfo, moment: datetime) -> datetime | None:
    """The first slot later than a moment, in UTC; None when there is none in 40 years."""
    start = moment.astimezone(zone).date() - DAY
    for day in (start + n * DAY for n in range(FARTHEST)):
        if not what.on(day):
            continue
        if (offset := _steady(day, zone)) is not None:
            local = moment + offset
            index = 0 if local.date() < day else bisect_right(what.times, _minute(local))
            if local.date() <= day and index < len(what.times):
                return _instant(day, what.times[index], offset)
            continue
        # Where clocks change, days may overlap.
        near = [_slots(what, zone, day + n * DAY) for n in range(3)]
        found = [some[i] for some in near if (i := bisect_right(some, moment)) < len(some)]
        if found:
            return min(found)
    return None


def last_until(what: Pattern, zone: tzinfo, moment: datetime) -> datetime | None:
    """The last slot at a moment or before, in UTC; None when there was none in 40 years."""
    start = moment.astimezone(zone).date() + DAY
    for day in (start - n * DAY for n in range(FARTHEST)):
        if not what.on(day):
            continue
        if (offset := _steady(day, zone)) is not None:
            local = moment + offset
            whole = len(what.times)
            index = whole if local.date() > day else bisect_right(what.times, _minute(local))
            if local.date() >= day and index:
                return _instant(day, what.times[index - 1], offset)
            continue
        near = [_slots(what, zone, day - n * DAY) for n in range(3)]
        found = [some[i - 1] for some in near if (i := bisect_right(some, moment))]
        if found:
            return max(found)
    return None


def number(what: Pattern, zone: tzinfo, after: datetime, until: datetime) -> int:
    """How many slots are later than `after`, up to and with `until`; a year takes milliseconds."""
    first, last = after.astimezone(zone).date(), until.astimezone(zone).date()
    steady = 0
    changing: set[datetime] = set()
    for day in (first + n * DAY for n in range(-1, (last - first).days + 2)):
        if not what.on(day):
            continue
        if first < day < last and _steady(day, zone) is not None:
            steady += len(what.times)
        else:
            changing.update(slot for slot in _slots(what, zone, day) if after < slot <= until)
    return steady + len(changing)


def _minute(local: datetime) -> int:
    return 60 * local.hour + local.minute


def _instant(day: date, minute: int, offset: timedelta) -> datetime:
    return datetime.combine(day, time(*divmod(minute, 60)), UTC) - offset


def _steady(day: date, zone: tzinfo) -> timedelta | None:
    """The zone's difference to UTC, where clocks are not changed on that day or a day around."""
    if zone is UTC:
        return timedelta(0)
    midnight = datetime.combine(day, time(), UTC)
    before = (midnight - REACH).astimezone(zone).utcoffset()
    after = (midnight + DAY + REACH).astimezone(zone).utcoffset()
    return before if before == after else None


@lru_cache(maxsize=64)
def _slots(what: Pattern, zone: tzinfo, day: date) -> list[datetime]:
    """All slots of a local day, whatever its clocks do, in UTC and in order."""
    if not what.on(day):
        return []
    found = set()
    for minute in what.times:
        local = datetime.combine(day, time(*divmod(minute, 60)), zone)
        if not what.elapsed:
            while not _exists(local):
                local += timedelta(minutes=1)
            found.add(local.astimezone(UTC))
            continue
        again = local.replace(fold=1)
        found.update(one.astimezone(UTC) for one in (local, again) if _exists(one))
    return sorted(found)


def _exists(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)
