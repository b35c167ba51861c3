"""What one account wants of a day, at the pace of its job: posts, calls and paid reads."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from math import ceil, floor
from typing import Final, NamedTuple

from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.demand import Stock
from analytics_sync.sync.pace import Often, Pace

# Followers and the like are one request.
TOTALS: Final = 1


class Rhythm(NamedTuple):
    """How often at one pace each span of age is read, and each listing asked."""

    runs: Often
    spans: tuple[Often, ...]
    listings: Mapping[str, float]


class Day(NamedTuple):
    """An account's average day.

    `wanted` and `possible`: posts that the cadence wants read, and those that `posts_per_sync`
    lets the job read. The rest is what is done of that: `posts` read, `requests` sent, calls that
    the platform `counted`, and posts that it `charged`.
    """

    wanted: float
    possible: float
    posts: float
    requests: float
    counted: float
    charged: float


class Manner:
    """How the accounts of one platform are read.

    Posts are counted by spans of age: `ends` of all but the last one, the youngest first; `every`:
    for each span the time between readings; `groups`: spans with different numbers are never read
    by the same request.
    """

    def __init__(self, platform: Platform, settings: PlatformSettings) -> None:
        self.platform = platform
        self.settings = settings
        self._rhythms: dict[Pace, Rhythm] = {}

    @cached_property
    def ends(self) -> tuple[timedelta, ...]:
        steps = {age for age, _ in self.settings.cadence.steps}
        return tuple(sorted(steps.union(self.platform.read_apart_at)))

    @cached_property
    def every(self) -> tuple[timedelta | None, ...]:
        return tuple(self.settings.cadence.at(age) for age in (timedelta(0), *self.ends))

    @cached_property
    def groups(self) -> tuple[int, ...]:
        apart = self.platform.read_apart_at
        return tuple(sum(age >= end for end in apart) for age in (timedelta(0), *self.ends))

    def rhythm(self, pace: Pace) -> Rhythm:
        known = self._rhythms.get(pace)
        if known is None:
            listings = {**self.platform.listings, "posts": self.settings.discover_every}
            known = self._rhythms[pace] = Rhythm(
                pace.runs,
                tuple(map(pace.often, self.every)),
                {name: pace.often(wait, grace=False).times for name, wait in listings.items()},
            )
        return known

    def wanted(self, stock: Stock, pace: Pace) -> float:
        """How many posts of an account the cadence wants read a day."""
        spans = self.rhythm(pace).spans
        return sum(n * often.times for n, often in zip(stock.posts, spans, strict=True))

    def possible(self, pace: Pace) -> float:
        """How many posts of an account the job may read a day."""
        return self.settings.posts_per_sync * pace.runs.times

    def day(self, stock: Stock, pace: Pace) -> Day:
        """A day of an account when its posts stay as many and as old as they are now.

        Posts that are not read at every run are taken to be spread evenly over the runs.
        """
        wanted, possible = self.wanted(stock, pace), self.possible(pace)
        share = min(1.0, possible / wanted) if wanted else 1.0
        rhythm = self.rhythm(pace)
        requests = counted = rhythm.runs.days * TOTALS
        for due in self._due_each_run(stock, rhythm):
            sent, charge = self._reading(stock, due * share)
            requests += rhythm.runs.times * sent
            counted += rhythm.runs.times * charge
        if self.platform.can_list(stock.account):
            for listing, times in rhythm.listings.items():
                cost = self.platform.listing_cost(stock.account, listing, sum(stock.posts))
                requests += times * cost.requests
                counted += times * cost.counted
        read = wanted * share
        return Day(
            wanted, possible, read, requests, counted, min(read, self._charged(stock, rhythm))
        )

    def _due_each_run(self, stock: Stock, rhythm: Rhythm) -> Iterator[float]:
        """How many posts are due at a run on average, for each group that is read by itself."""
        due: dict[int, float] = {}
        for n, often, group in zip(stock.posts, rhythm.spans, self.groups, strict=True):
            if n and often.times:
                due[group] = due.get(group, 0.0) + n * often.times / rhythm.runs.times
        yield from due.values()

    def _reading(self, stock: Stock, due: float) -> tuple[float, float]:
        """Requests and counted calls of one run; between whole numbers of posts in proportion."""
        low = self.platform.read_cost(stock.account, self.settings, floor(due))
        high = self.platform.read_cost(stock.account, self.settings, ceil(due))
        part = due % 1
        return (
            low.requests + part * (high.requests - low.requests),
            low.counted + part * (high.counted - low.counted),
        )

    def _charged(self, stock: Stock, rhythm: Rhythm) -> float:
        """Each post costs once on each day on which it is read."""
        if not self.platform.charges_reads:
            return 0.0
        return sum(n * often.days for n, often in zip(stock.posts, rhythm.spans, strict=True))
