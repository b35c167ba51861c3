"""What schedules cost a day: calls, posts read, paid reads and dollars, and whether they suffice."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.timing import Once, Timing
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.demand import stocks
from analytics_sync.store.light import Rows
from analytics_sync.sync.demand import Manner
from analytics_sync.sync.pace import Pace, pace_of
from analytics_sync.sync.shortfalls import Planned, Shortfall, ceilings, shares, shortfalls


class Load(NamedTuple):
    """Businesses that are synced together; `business_ids` None: all that no other load names.

    `timing` None: they are not synced at all.
    """

    timing: Timing | None
    business_ids: frozenset[int] | None = None


class Cost(NamedTuple):
    """What an average day takes. None: nothing is known yet, because no posts are."""

    calls_per_day: float | None = None
    posts_per_day: float | None = None
    reads_charged_per_day: float | None = None
    dollars_per_day: float | None = None

    def as_json(self) -> dict[str, float | None]:
        return {
            "calls_per_day": _rounded(self.calls_per_day, 1),
            "posts_per_day": _rounded(self.posts_per_day, 1),
            "reads_charged_per_day": _rounded(self.reads_charged_per_day, 1),
            "dollars_per_day": _rounded(self.dollars_per_day, 4),
        }


class Forecast(NamedTuple):
    """The cost of an average day in all and by platform, and where the schedules do not suffice.

    `unknown_accounts`: of how many accounts no post is known yet; they count nowhere.
    """

    cost: Cost
    platforms: Mapping[str, Cost]
    shortfalls: tuple[Shortfall, ...]
    unknown_accounts: int

    def as_json(self) -> dict[str, Any]:
        return {
            **self.cost.as_json(),
            "unknown_accounts": self.unknown_accounts,
            "platforms": {name: cost.as_json() for name, cost in self.platforms.items()},
            "shortfalls": [shortfall.as_json() for shortfall in self.shortfalls],
        }


def loads_of(jobs: Iterable[Job], *, only: Job | None = None) -> list[Load]:
    """What jobs sync day by day: not those for a single time, nor those at rest.

    A business with a job of its own, even at rest, is none of the job for all businesses. `only`:
    the costs of this one job among them, which may also be one for a single time.
    """
    if only is not None and isinstance(only.timing, Once):
        return [_load(only, only.timing)]
    loads = []
    for job in jobs:
        if isinstance(job.timing, Once):
            continue
        counts = not job.at_rest if only is None else job.name == only.name
        if counts or job.business_id is not None:
            loads.append(_load(job, job.timing if counts else None))
    return loads


def _load(job: Job, timing: Timing | None) -> Load:
    return Load(timing, None if job.business_id is None else frozenset({job.business_id}))


def forecast(
    rows: Rows,
    loads: Sequence[Load],
    *,
    platforms: Mapping[str, Platform],
    settings: Mapping[str, PlatformSettings],
    now: datetime,
) -> Forecast:
    """What a day of these loads takes when posts stay as many and as old as they are now.

    Loads nothing heavy. Ceilings that accounts share are those of all loads together, so whether
    schedules suffice is told of all jobs, and what one of them costs is told of that one alone.
    """
    planned: list[Planned] = []
    unknown: dict[str, int] = {}
    paces = _Paces(loads, now)
    for name, platform in platforms.items():
        manner = Manner(platform, settings[name])
        found = stocks(rows, name, manner.ends, now=now, lifetimes=platform.lifetimes)
        for stock in found:
            pace = paces.of(stock.account.business_id)
            if pace is None:
                continue
            if stock.is_known:
                planned.append(Planned(stock, manner, pace, manner.day(stock, pace)))
            else:
                unknown[name] = unknown.get(name, 0) + 1
    limits = ceilings(planned)
    by_platform = _by_platform(planned, shares(limits))
    return Forecast(
        _in_all(by_platform.values()),
        {**{name: Cost() for name in unknown}, **by_platform},
        tuple(shortfalls(planned, limits)),
        sum(unknown.values()),
    )


class _Paces:
    """The pace at which each business is synced."""

    def __init__(self, loads: Sequence[Load], now: datetime) -> None:
        self._general: Pace | None = None
        self._own: dict[int, Pace | None] = {}
        for load in loads:
            pace = None if load.timing is None else pace_of(load.timing, now)
            if load.business_ids is None:
                self._general = pace
            else:
                self._own |= dict.fromkeys(load.business_ids, pace)

    def of(self, business_id: int) -> Pace | None:
        return self._own.get(business_id, self._general)


def _by_platform(planned: Sequence[Planned], left: Mapping[int, float]) -> dict[str, Cost]:
    sums: dict[str, list[float]] = {}
    prices: dict[str, float] = {}
    for one in planned:
        platform, day = one.manner.platform, one.day
        share = left.get(one.stock.account.id, 1.0)
        total = sums.setdefault(platform.name, [0.0, 0.0, 0.0])
        for index, number in enumerate((day.requests, day.posts, day.charged)):
            total[index] += share * number
        if platform.charges_reads:
            prices[platform.name] = float(one.manner.settings.own["price_per_read"])
    return {
        name: Cost(calls, posts, charged, charged * prices.get(name, 0.0))
        for name, (calls, posts, charged) in sums.items()
    }


def _in_all(costs: Iterable[Cost]) -> Cost:
    known = [cost for cost in costs if cost.calls_per_day is not None]
    if not known:
        return Cost()
    return Cost(
        *(
            sum(number for cost in known if (number := getattr(cost, name)) is not None)
            for name in Cost._fields
        )
    )


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)
