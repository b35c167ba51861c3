"""When the clocks of a time zone change."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final

WEEK: Final = timedelta(days=7)
SECOND: Final = timedelta(seconds=1)
# Fixed: what is written for a job must not depend on the day on which it is written, or the next
# look would find it changed.
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2041, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def clock_changes(zone: tzinfo) -> tuple[datetime, ...]:
    """The moments in UTC, from 2026 to 2040, at which the zone's offset becomes another."""
    # No zone keeps an offset for less than a week.
    weeks = [FIRST + number * WEEK for number in range((LAST - FIRST) // WEEK + 1)]
    return tuple(
        _change_between(zone, early, late)
        for early, late in pairwise(weeks)
        if offset(zone, early) != offset(zone, late)
    )


def offset(zone: tzinfo, moment: datetime) -> timedelta:
    """How far the zone's clocks are ahead of UTC at a moment."""
    found = moment.astimezone(zone).utcoffset()
    assert found is not None
    return found


def _change_between(zone: tzinfo, early: datetime, late: datetime) -> datetime:
    before = offset(zone, early)
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        early, late = (middle, late) if offset(zone, middle) == before else (early, middle)
    return late
