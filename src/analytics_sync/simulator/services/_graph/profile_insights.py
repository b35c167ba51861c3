"""Insights of an Instagram account: totals, daily values, demographics.

Source: Meta, "Instagram Account Insights".
"""

from datetime import datetime, timedelta
from typing import Final

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    bad_parameter,
    must_be_one_of,
)
from analytics_sync.simulator.services._graph.insights import (
    PERIODS,
    day_ends,
    endless_paging,
    followers,
    row,
    window,
)
from analytics_sync.simulator.services._graph.time import DAY, written
from analytics_sync.simulator.world import SimulatedAccount

KEPT = 90 * DAY
LOOK_BACK = timedelta(hours=24)
FEWEST_FOLLOWERS = 100
# Answered only with metric_type=total_value: name -> share of the followers each day.
TOTALS: Final = {
    "views": 1.6,
    "accounts_engaged": 0.06,
    "total_interactions": 0.11,
    "likes": 0.08,
    "comments": 0.01,
    "saves": 0.012,
    "shares": 0.009,
    "replies": 0.003,
    "reposts": 0.002,
    "profile_links_taps": 0.004,
    "follows_and_unfollows": 0.005,
}
REACH = 0.5
DEMOGRAPHICS: Final = ("follower_demographics", "engaged_audience_demographics")
SERIES: Final = ("reach", "follower_count")
ALLOWED: Final = (*SERIES, *TOTALS, *DEMOGRAPHICS)
METRIC_TYPES: Final = ("default", "time_series", "total_value")
TIMEFRAMES: Final = ("this_week", "this_month")
# Dimension -> its labels with their shares.
BREAKDOWNS: Final = {
    "media_product_type": {"post": 0.5, "reel": 0.4, "story": 0.1},
    "follow_type": {"follower": 0.7, "non_follower": 0.3},
    "contact_button_type": {"book_now": 0.2, "call": 0.5, "email": 0.3},
}
PEOPLE: Final = {
    "age": {"18-24": 0.3, "25-34": 0.5, "35-44": 0.2},
    "city": {"Berlin, Berlin": 0.6, "Vienna, Vienna": 0.4},
    "country": {"DE": 0.7, "AT": 0.3},
    "gender": {"F": 0.52, "M": 0.46, "U": 0.02},
}


def profile_insights(call: Call, account: SimulatedAccount, options: Options) -> Answer:
    """`metric` and `period` are required; the default look-back is 24 hours."""
    names, total = _checked(call, options)
    call.access.need_instagram(insights=True)
    rows = [_row(call, account, options, name, total=total) for name in names]
    return {
        "data": [said for said in rows if said is not None],
        "paging": endless_paging(call, options),
    }


def _checked(call: Call, options: Options) -> tuple[list[str], bool]:
    """The metrics that get rows, and whether `metric_type=total_value` was asked for.

    :raises GraphError: code 100, in the order: missing, unknown, not together.
    """
    for required in ("metric", "period"):
        if not options.params.get(required):
            raise bad_parameter(f"The parameter {required} is required", instagram=True)
    asked, retired = options.names("metric"), call.retired("instagram")
    silent = call.world.switches.get("instagram.retired_answer") == "empty"
    allowed = [name for name in ALLOWED if name not in retired]
    for index, name in enumerate(asked):
        if name not in allowed and not (silent and name in retired):
            raise must_be_one_of(f"metric[{index}]", allowed, instagram=True)
    kind = options.params.get("metric_type", "default")
    for parameter, value, choices in (
        ("period", _period(options), PERIODS),
        ("metric_type", kind, METRIC_TYPES),
    ):
        if value not in choices:
            raise must_be_one_of(parameter, choices, instagram=True)
    total = kind == "total_value"
    names = [name for name in asked if name not in retired]
    _check_together(options, names, total=total)
    return names, total


def _check_together(options: Options, names: list[str], *, total: bool) -> None:
    lacking = [name for name in names if name not in SERIES and not total]
    if lacking:
        raise bad_parameter(
            f"The following metrics ({', '.join(lacking)}) should be specified with parameter "
            "metric_type=total_value",
            instagram=True,
        )
    if options.params.get("breakdown") and not total:
        raise bad_parameter("breakdown requires metric_type=total_value", instagram=True)
    if any(name in DEMOGRAPHICS for name in names):
        if _period(options) != "lifetime":
            raise must_be_one_of("period", ("lifetime",), instagram=True)
        if options.params.get("timeframe") not in TIMEFRAMES:
            raise must_be_one_of("timeframe", TIMEFRAMES, instagram=True)


def _period(options: Options) -> str:
    """The one period asked for, alone or in a list."""
    return next(iter(options.names("period")), "")


def _row(
    call: Call, account: SimulatedAccount, options: Options, name: str, *, total: bool
) -> Answer | None:
    """None where Instagram leaves the metric out instead of refusing it."""
    period = _period(options)
    few = followers(call.world, account) < FEWEST_FOLLOWERS
    if name in DEMOGRAPHICS:
        return None if few else _people(call, account, options, name)
    if name == "follower_count" and (total or few):
        return None
    if period != "day":
        return None
    ends = _ends(call, options)
    values = [_value(call, account, name, end) for end in ends]
    if not total:
        shown = [
            {"value": value, "end_time": written(end)}
            for value, end in zip(values, ends, strict=True)
        ]
        return row(options.path, name, period, shown)
    return _total(options, name, sum(values))


def _ends(call: Call, options: Options) -> list[datetime]:
    since, until = window(call, options, LOOK_BACK)
    return [end for end in day_ends(since, until) if call.now - KEPT < end <= call.now]


def _value(call: Call, account: SimulatedAccount, name: str, end: datetime) -> int:
    if name == "follower_count":
        return max(
            0, followers(call.world, account, end) - followers(call.world, account, end - DAY)
        )
    share = TOTALS.get(name, REACH)
    chance = fraction(call.world.seed, account.id, name, end.date())
    return int(account.followers * share * (0.5 + chance))


def _total(options: Options, name: str, value: int) -> Answer:
    said = row(options.path, name, _period(options), [])
    del said["values"]
    said["total_value"] = {"value": value}
    dimensions = options.names("breakdown")
    if dimensions:
        shares = BREAKDOWNS.get(dimensions[0])
        if shares is None:
            raise must_be_one_of("breakdown[0]", BREAKDOWNS, instagram=True)
        said["total_value"]["breakdowns"] = [_breakdown(dimensions[0], shares, value)]
    return said


def _people(call: Call, account: SimulatedAccount, options: Options, name: str) -> Answer:
    dimension = next(iter(options.names("breakdown")), "country")
    shares = PEOPLE.get(dimension)
    if shares is None:
        raise must_be_one_of("breakdown[0]", PEOPLE, instagram=True)
    said = row(options.path, name, "lifetime", [])
    del said["values"]
    whole = followers(call.world, account)
    said["total_value"] = {"breakdowns": [_breakdown(dimension, shares, whole)]}
    return said


def _breakdown(dimension: str, shares: dict[str, float], whole: int) -> Answer:
    results = [
        {"dimension_values": [label], "value": int(whole * share)}
        for label, share in shares.items()
    ]
    return {"dimension_keys": [dimension], "results": results}
