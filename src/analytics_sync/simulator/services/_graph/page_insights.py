"""Insights of a Page itself, day by day. Source: Meta, "Page Insights" reference."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    bad_parameter,
    no_metric,
    not_a_metric,
)
from analytics_sync.simulator.services._graph.insights import (
    day_ends,
    endless_paging,
    followers,
    row,
    wanted_periods,
    window,
)
from analytics_sync.simulator.services._graph.time import DAY, written
from analytics_sync.simulator.world import SimulatedAccount, World

LONGEST_SPAN = 90 * DAY
KEPT = 730 * DAY
# Pages with fewer likes have no insights.
FEWEST_LIKES = 100
SPANS: Final = {"day": 1, "week": 7, "days_28": 28}

Daily = Callable[[World, SimulatedAccount, datetime], int]


def _share(name: str, of_followers: float) -> Daily:
    """So much of the followers each day, more or less."""

    def count(world: World, page: SimulatedAccount, end: datetime) -> int:
        chance = fraction(world.seed, page.id, name, end.date())
        return int(page.followers * of_followers * (0.5 + chance))

    return count


def _follows(world: World, page: SimulatedAccount, end: datetime) -> int:
    return followers(world, page, end)


def _gained(world: World, page: SimulatedAccount, end: datetime) -> int:
    """New followers of the day; those who left are counted apart."""
    net = _follows(world, page, end) - _follows(world, page, end - DAY)
    return net + _lost(world, page, end)


def _lost(world: World, page: SimulatedAccount, end: datetime) -> int:
    return 2 + int(fraction(world.seed, page.id, "lost", end.date()) * 3)


_ALL = tuple(SPANS)
_METRICS: Final[MappingProxyType[str, tuple[tuple[str, ...], Daily]]] = MappingProxyType(
    {
        "page_media_view": (_ALL, _share("media_view", 0.8)),
        "page_total_media_view_unique": (_ALL, _share("media_view_unique", 0.4)),
        "page_post_engagements": (_ALL, _share("engagements", 0.05)),
        "page_follows": (("day",), _follows),
        "page_daily_follows": (("day",), _gained),
        "page_daily_follows_unique": (_ALL, _gained),
        "page_daily_unfollows_unique": (_ALL, _lost),
        "page_views_total": (_ALL, _share("views", 0.03)),
        "page_total_actions": (_ALL, _share("actions", 0.004)),
        "page_actions_post_reactions_total": (("day",), _share("reactions", 0.03)),
        "page_video_views": (_ALL, _share("video_views", 0.2)),
    }
)


def page_insights(call: Call, page: SimulatedAccount, options: Options) -> Answer:
    """`values` has one entry for each Pacific day, named by its end."""
    names = options.names("metric")
    if not names:
        raise no_metric()
    retired = call.retired("facebook")
    silent = call.world.switches.get("facebook.retired_answer") == "empty"
    if not all(silent if name in retired else name in _METRICS for name in names):
        raise not_a_metric()
    call.access.need_page_insights(page.id)
    ends = _ends(call, options)
    few = followers(call.world, page) < FEWEST_LIKES
    shown = [] if few else [name for name in names if name not in retired]
    rows = [
        row(options.path, name, period, _values(call.world, page, name, period, ends))
        for name in shown
        for period in wanted_periods(options, _METRICS[name][0])
    ]
    return {"data": rows, "paging": endless_paging(call, options)}


def _ends(call: Call, options: Options) -> list[datetime]:
    since, until = window(call, options)
    if until - since > LONGEST_SPAN:
        raise bad_parameter("There cannot be more than 90 days (7776000 s) between since and until")
    return [end for end in day_ends(since, until) if call.now - KEPT < end <= call.now]


def _values(
    world: World, page: SimulatedAccount, name: str, period: str, ends: list[datetime]
) -> list[Answer]:
    measure, days = _METRICS[name][1], SPANS[period]
    return [
        {
            "value": sum(measure(world, page, end - timedelta(days=day)) for day in range(days)),
            "end_time": written(end),
        }
        for end in ends
    ]
