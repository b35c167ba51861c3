"""What insights of posts, videos, Pages and Instagram share: metrics, rows, endless paging."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import Answer, must_be_one_of
from analytics_sync.simulator.services._graph.time import DAY, pacific_day, pacific_midnight
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

PERIODS = ("day", "week", "days_28", "month", "lifetime", "total_over_range")
# Two values are answered, and one link leads this far, when no time is asked for.
USUAL_SPAN = 2 * DAY
# No insights reach further back than two years.
MOST_DAYS = 731


class Sample:
    """A post's numbers at one instant. `sample("likes")` is one of `growth.FINAL`."""

    def __init__(self, world: World, post: SimulatedPost) -> None:
        self.world = world
        self.post = post

    def __call__(self, metric: str) -> int:
        return self.world.value(self.post, metric)

    def chance(self, *parts: object) -> float:
        """A number in [0, 1) of this post's own."""
        return fraction(self.world.seed, self.post.id, *parts)

    def part(self, metric: str, share: float) -> int:
        return self(metric) if share == 1 else int(self(metric) * share)

    def at(self, moment: datetime) -> "Sample":
        return Sample(world_at(self.world, moment), self.post)


def followers(world: World, account: SimulatedAccount, moment: datetime | None = None) -> int:
    """As the world counts them, now or at `moment`; remembered for the day, since many ask."""
    day = (moment or world.clock.now()).astimezone(UTC).date()
    return _followers(world.seed, account.id, account.followers, day)


@lru_cache(maxsize=10_000)
def _followers(seed: int, identity: str, base: int, day: date) -> int:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    account = SimulatedAccount(identity, "", "", followers=base)
    return World(SimulatedClock(at), seed).followers(account)


def world_at(world: World, moment: datetime) -> World:
    """The same world at another instant."""
    return replace(world, clock=SimulatedClock(moment))


@dataclass(frozen=True, slots=True)
class Metric:
    """How one metric of a post comes from its numbers."""

    measure: Callable[[Sample], Any]
    periods: tuple[str, ...] = ("lifetime",)
    video_only: bool = False


Metrics = Mapping[str, Metric]


def row(owner: str, name: str, period: str, values: Sequence[Answer]) -> Answer:
    """One element of `data`. `owner`: path of the edge (`1110001_900/insights`)."""
    title = name.replace("_", " ").capitalize()
    return {
        "name": name,
        "period": period,
        "values": list(values),
        "title": title,
        "description": f"{period.capitalize()}: {title}",
        "id": f"{owner}/{name}/{period}",
    }


def wanted_periods(options: Options, offered: Iterable[str]) -> list[str]:
    """The periods of a metric that are asked for: all of them when `period` is left out."""
    asked = options.names("period")
    if any(period not in PERIODS for period in asked):
        raise must_be_one_of("period", PERIODS, instagram=False)
    return [name for name in offered if not asked or name in asked]


def endless_paging(call: Call, options: Options) -> Answer:
    """Links to the time before and after; there is always one more, so they must not be followed."""
    since, until = window(call, options)
    repeated = {
        name: options.params[name]
        for name in ("metric", "period", "breakdown", "metric_type")
        if name in options.params
    }

    def link(start: datetime, end: datetime) -> str:
        bounds = {"since": str(int(start.timestamp())), "until": str(int(end.timestamp()))}
        return call.link(options.path, {**repeated, **bounds})

    span = max(until - since, DAY)
    return {"previous": link(since - span, since), "next": link(until, until + span)}


def window(
    call: Call, options: Options, usual: timedelta = USUAL_SPAN
) -> tuple[datetime, datetime]:
    """`since` and `until`; what is left out ends with the last whole Pacific day."""
    since, until = options.moment("since"), options.moment("until")
    if until is None:
        today = pacific_midnight(pacific_day(call.now))
        until = today if since is None or since < today else since + usual
    return (until - usual if since is None else since), until


def day_ends(since: datetime, until: datetime) -> list[datetime]:
    """The ends of the Pacific days of which each begins within [since, until)."""
    day = pacific_day(since)
    if pacific_midnight(day) < since:
        day += DAY
    ends: list[datetime] = []
    while pacific_midnight(day) < until and len(ends) < MOST_DAYS:
        day += DAY
        ends.append(pacific_midnight(day))
    return ends
