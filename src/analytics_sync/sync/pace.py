"""How often a job's runs come, and how often they read a post: what a cadence makes of a timing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice, pairwise
from typing import Final, NamedTuple, Protocol

from analytics_sync.domain.timing import Cron, Every, Timing

DAY: Final = timedelta(days=1)
# Of a cron expression so much is looked at: whole weeks, or for rare times more than a year.
WEEKS: Final = timedelta(days=28)
WEEK: Final = timedelta(days=7)
YEARS: Final = timedelta(days=1461)
# So many slots in four weeks and one week tells as much; with fewer than so few, years are needed.
MANY: Final = 3_000
FEW: Final = 8


class Often(NamedTuple):
    """How many times a day on average, and on which share of the UTC days at all."""

    times: float
    days: float


NEVER: Final = Often(0.0, 0.0)


class Pace(Protocol):
    """The rhythm of a job's runs."""

    @property
    def runs(self) -> Often:
        """How often the job runs."""

    def often(self, every: timedelta | None, *, grace: bool = True) -> Often:
        """How often something is done that waits so long each time; None: never.

        `grace`: half the job's interval less will do, as `Cadence.is_due` has it for posts.
        """


def pace_of(timing: Timing, now: datetime) -> Pace:
    """The pace of a timing; of a single time it is that of the day on which it comes."""
    match timing:
        case Every(span):
            return Even(span)
        case Cron(expression):
            # The zone moves the slots, but makes them neither more nor fewer.
            return _uneven(expression, now.replace(hour=0, minute=0, second=0, microsecond=0))
        case _:
            return SINGLE


class Even(NamedTuple):
    """A run every so often."""

    span: timedelta

    @property
    def runs(self) -> Often:
        return self._each(1)

    def often(self, every: timedelta | None, *, grace: bool = True) -> Often:
        if every is None:
            return NEVER
        wait = every - self.span / 2 if grace else every
        return self._each(max(1, -(-wait // self.span)))

    def _each(self, runs: int) -> Often:
        """Once in so many runs."""
        times = DAY / (runs * self.span)
        return Often(times, min(1.0, times))


class Uneven:
    """Runs as a calendar has them: those of one span of time."""

    def __init__(self, slots: Sequence[datetime], span: timedelta) -> None:
        self.slots = slots
        self.span = span

    @cached_property
    def runs(self) -> Often:
        return self._average(self.slots)

    def often(self, every: timedelta | None, *, grace: bool = True) -> Often:
        if every is None:
            return NEVER
        done: list[datetime] = []
        for slot, interval in zip(self.slots, self._intervals, strict=True):
            wait = every - interval / 2 if grace else every
            if not done or slot - done[-1] >= wait:
                done.append(slot)
        return self._average(done)

    @cached_property
    def _intervals(self) -> list[timedelta]:
        """How far each slot is from its nearer neighbour, as `Timing.distance` has it."""
        if len(self.slots) < 2:
            return [timedelta(0) for _ in self.slots]
        gaps = [after - before for before, after in pairwise(self.slots)]
        return [min(two) for two in zip([gaps[0], *gaps], [*gaps, gaps[-1]], strict=True)]

    def _average(self, moments: Sequence[datetime]) -> Often:
        days = self.span / DAY
        return Often(len(moments) / days, len({moment.date() for moment in moments}) / days)


class Single:
    """One run."""

    @property
    def runs(self) -> Often:
        return Often(1.0, 1.0)

    def often(self, every: timedelta | None, *, grace: bool = True) -> Often:
        return NEVER if every is None else self.runs


SINGLE: Final = Single()


@lru_cache(maxsize=4_096)
def _uneven(expression: str, start: datetime) -> Uneven:
    """Enough slots of a cron expression to tell its rhythm."""
    timing = Cron(expression)
    # A slot at the start itself counts, one at the end doesn't.
    first = start - timedelta(seconds=1)
    found = list(islice(timing.slots(first, first + WEEKS), MANY))
    if len(found) == MANY:
        return Uneven(list(timing.slots(first, first + WEEK)), WEEK)
    if len(found) < FEW:
        return Uneven(list(timing.slots(first, first + YEARS)), YEARS)
    return Uneven(found, WEEKS)
