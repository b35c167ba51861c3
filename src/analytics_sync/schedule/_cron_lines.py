"""Says a timing in the five fields of cron, which are read in the machine's local time.

Where the fields can't say it exactly (a span that no calendar knows, a zone other than the
machine's), the lines fire at every local time that a slot can have; the slot then decides.
All fields are numeric: not every cron knows names or `@daily`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from math import gcd
from pathlib import Path
from typing import Final, NamedTuple

from analytics_sync.clock import EPOCH
from analytics_sync.domain.timing import Cron, Every, Once, Timing
from analytics_sync.schedule._zones import FIRST, clock_changes, offset

DAY: Final = 86_400
MINUTES: Final = 1_440
MINUTE: Final = timedelta(minutes=1)
WEEK: Final = timedelta(days=7)
LIMITS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
NAMES: Final = {
    3: "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(),
    4: "SUN MON TUE WED THU FRI SAT".split(),
}
LOCAL_TIME: Final = Path("/etc/localtime")


class Gap(NamedTuple):
    """Minutes of a local day that clocks skip, and the moment at which they do."""

    end: datetime
    day: date
    minutes: frozenset[int]


class Days(NamedTuple):
    """The three fields that choose days."""

    day: str = "*"
    month: str = "*"
    weekday: str = "*"

    def match(self, when: date) -> bool:
        day = when.day in field_values(2, self.day)
        weekday = not {when.isoweekday(), when.isoweekday() % 7}.isdisjoint(
            field_values(4, self.weekday)
        )
        # As Debian's cron: either is enough when both are restricted.
        both = self.day.startswith("*") or self.weekday.startswith("*")
        chosen = day and weekday if both else day or weekday
        return chosen and when.month in field_values(3, self.month)

    def moved(self, days: int) -> "Days":
        """The days that lie so much later; all days where fields can't say that."""
        if days == 0 or self == ALL_DAYS:
            return self
        if self.day == self.month == "*":
            return Days(
                weekday=_said(4, {(value + days) % 7 for value in field_values(4, self.weekday)})
            )
        return ALL_DAYS


ALL_DAYS: Final = Days()


def machine_zone(file: Path = LOCAL_TIME) -> tzinfo:
    """The zone in which this machine's cron reads its lines, whatever TZ says; else UTC."""
    from zoneinfo import ZoneInfo

    try:
        with file.open("rb") as opened:
            return ZoneInfo.from_file(opened, key="localtime")
    except (OSError, ValueError):
        return UTC


def lines(timing: Timing, zone: tzinfo) -> list[str]:
    """The five fields, as many times as needed, that fire at the timing's slots.

    Each slot is met at its own minute of local time (at the next one if it has seconds), save
    where the machine's own clock change makes cron skip a time or not repeat it.
    """
    return list(_lines(timing, zone))


@lru_cache(maxsize=4096)
def _lines(timing: Timing, zone: tzinfo) -> tuple[str, ...]:
    match timing:
        case Once(at):
            local = (at + timedelta(seconds=-at.second % 60)).astimezone(zone)
            return (f"{local.minute} {local.hour} {local.day} {local.month} *",)
        case Every(span, first):
            return tuple(_shifted(_times_of(span, first), _days_of(span, first), UTC, zone))
        case Cron(expression, timezone):
            from zoneinfo import ZoneInfo

            source = UTC if timezone == "UTC" else ZoneInfo(timezone)
            return tuple(_cron(_numeric(expression), source, zone))
    raise TypeError(timing)


def _times_of(span: timedelta, begin: timedelta) -> set[int]:
    """The minutes of the day, in UTC, on which slots can fall."""
    step = gcd(span // timedelta(seconds=1), DAY)
    first = begin // timedelta(seconds=1) % step
    return {-(-second // 60) % MINUTES for second in range(first, DAY, step)}


def _days_of(span: timedelta, begin: timedelta) -> Days:
    if span != WEEK:
        return ALL_DAYS
    return Days(weekday=str((EPOCH + begin + timedelta(seconds=59)).isoweekday() % 7))


def _cron(fields: tuple[str, ...], source: tzinfo, zone: tzinfo) -> list[str]:
    if _shifts(source, zone) == {0}:
        return [" ".join(fields)]
    minute, hour, *rest = fields
    days = Days(*rest)
    times = {60 * h + m for h in field_values(1, hour) for m in field_values(0, minute)}
    said = list(_shifted(times, days, source, zone))
    if not (minute.startswith("*") or hour.startswith("*")):
        said += [line for line in _after_gaps(times, days, source, zone) if line not in said]
    return said


def _shifted(times: set[int], days: Days, source: tzinfo, zone: tzinfo) -> Iterator[str]:
    """Lines for minutes of the day in one zone, read in another: for all differences they have."""
    groups: dict[Days, set[int]] = defaultdict(set)
    for shift in sorted(_shifts(source, zone)):
        for time in times:
            later, local = divmod(time + shift, MINUTES)
            groups[days.moved(later)].add(local)
    for chosen, minutes in groups.items():
        alone = minutes if chosen == ALL_DAYS else minutes - groups.get(ALL_DAYS, set())
        yield from _rows(alone, chosen)


def _after_gaps(times: set[int], days: Days, source: tzinfo, zone: tzinfo) -> Iterator[str]:
    """Lines for times that a clock change skips; such a slot falls on the end of the gap."""
    months: dict[tuple[int, int], set[int]] = defaultdict(set)
    for gap in _gaps(source):
        if not times.isdisjoint(gap.minutes) and days.match(gap.day):
            local = gap.end.astimezone(zone)
            months[local.hour, local.minute].add(local.month)
    for (hour, minute), chosen in sorted(months.items()):
        yield f"{minute} {hour} * {_said(3, chosen)} *"


def _rows(minutes: set[int], days: Days) -> Iterator[str]:
    """Lines for minutes of the day, one for all hours that have the same minutes."""
    by_hour: dict[int, set[int]] = defaultdict(set)
    for minute in minutes:
        by_hour[minute // 60].add(minute % 60)
    hours: dict[frozenset[int], set[int]] = defaultdict(set)
    for hour, its in sorted(by_hour.items()):
        hours[frozenset(its)].add(hour)
    for its_minutes, its_hours in hours.items():
        yield " ".join((_said(0, its_minutes), _said(1, its_hours), *days))


def _numeric(expression: str) -> tuple[str, ...]:
    """The five fields without names and without what only some crons know."""
    fields = [
        ",".join(_term(number, term) for term in field.split(","))
        for number, field in enumerate(expression.upper().split())
    ]
    if "?" in fields[2] + fields[4]:
        # The last of a month and the like: every day, and the slot decides.
        fields[2] = fields[4] = "*"
    return tuple(fields)


def _term(number: int, term: str) -> str:
    base, _, step = term.partition("/")
    for value, name in enumerate(NAMES.get(number, ()), start=LIMITS[number][0]):
        base = base.replace(name, str(value))
    first, dash, last = base.partition("-")
    if base != "*" and not (first.isdigit() and (last.isdigit() or not dash)):
        return "?"
    low, high = LIMITS[number]
    if base != "*":
        # A single number with a step goes on to the end, for cronsim also as `5-5/15`.
        low, end = int(first), int(last or first)
        high = high if step and end == low else end
    if step and int(step) > high - low:
        return "*" if base == "*" and number in {2, 4} else str(low)
    base = base if base == "*" else f"{low}-{high}" if high > low else str(low)
    return f"{base}/{int(step)}" if step and int(step) > 1 else base


@lru_cache(maxsize=1024)
def field_values(number: int, field: str) -> frozenset[int]:
    """The numbers that a numeric field means."""
    values: set[int] = set()
    for term in field.split(","):
        base, _, step = term.partition("/")
        first, _, last = base.partition("-")
        low, high = LIMITS[number] if base == "*" else (int(first), int(last or first))
        values.update(range(low, high + 1, int(step or 1)))
    return frozenset(values)


def _said(number: int, values: Iterable[int]) -> str:
    """A field for these numbers, as a person would write it."""
    low, high = LIMITS[number]
    ordered = sorted(values)
    steps = {later - earlier for earlier, later in pairwise(ordered)}
    if len(steps) == 1:
        step = steps.pop()
        # Weekdays are 0 to 6 here; 7 is only another name.
        whole = range(low, high + (number != 4), step)
        if list(whole) == ordered:
            return "*" if step == 1 else f"*/{step}"
        if len(ordered) > 2:
            return f"{ordered[0]}-{ordered[-1]}" + (f"/{step}" if step > 1 else "")
    return ",".join(map(str, ordered))


@lru_cache(maxsize=64)
def _shifts(source: tzinfo, zone: tzinfo) -> frozenset[int]:
    """The minutes by which one zone's clocks are ahead of the other's, all that occur."""
    moments = (FIRST, *clock_changes(source), *clock_changes(zone))
    return frozenset((offset(zone, each) - offset(source, each)) // MINUTE for each in moments)


@lru_cache(maxsize=64)
def _gaps(source: tzinfo) -> tuple[Gap, ...]:
    """What clocks skip when they go forward, a gap over midnight as two."""
    found = []
    for end in clock_changes(source):
        before = offset(source, end - MINUTE)
        wall = (end + before).replace(tzinfo=None)
        by_day: dict[date, set[int]] = defaultdict(set)
        for passed in range((offset(source, end) - before) // MINUTE):
            skipped = wall + passed * MINUTE
            by_day[skipped.date()].add(60 * skipped.hour + skipped.minute)
        found += [Gap(end, day, frozenset(minutes)) for day, minutes in by_day.items()]
    return tuple(found)
