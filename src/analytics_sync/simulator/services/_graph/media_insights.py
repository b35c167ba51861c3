"""Insights of one Instagram media: the order of its refusals, and what it says.

Source: Meta, "Instagram Media Insights". Switches, for both hosts: `instagram.retired_metrics`
(names no longer known), `instagram.retired_answer` ("empty": still accepted, without a row),
`instagram.refusals` ("staged": a refusal names one group of offenders at a time),
`instagram.lag_hours` (0): how late numbers are, `instagram.silent_minutes` (10): how long a new
media has no data, `instagram.reach_after_minutes` (60).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    bad_parameter,
    metrics_not_supported,
    must_be_one_of,
    posted_before_conversion,
    too_few_viewers,
    unknown_error,
)
from analytics_sync.simulator.services._graph.host import names_in
from analytics_sync.simulator.services._graph.insights import PERIODS, Sample, row
from analytics_sync.simulator.services._graph.media_metrics import (
    BREAKDOWNS,
    MEDIA,
    STORY,
    first_group,
    product_of,
)
from analytics_sync.simulator.services._graph.time import DAY, MINUTE
from analytics_sync.simulator.world import SimulatedPost, World

FEWEST_VIEWERS = 5
KEPT = 730 * DAY
COLUMNS: Final[Mapping[str, str]] = {
    "impressions": "views",
    "reach": "reach",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
    "watch_time_ms": "ig_reels_video_view_total_time",
}


def media_insights(call: Call, media: SimulatedPost, options: Options) -> Answer:
    """Names are checked before permissions, permissions before the media itself."""
    names = options.names("metric")
    retired = _check_names(call, names)
    _check_enumerations(options)
    call.access.need_instagram(insights=True)
    if media.facts.get("pre_conversion"):
        raise posted_before_conversion()
    names = tuple(name for name in names if name not in retired)
    _check_support(call, media, names)
    _check_breakdown(options, names)
    if _is_small_story(call.world, media):
        raise too_few_viewers()
    sample = sample_of(call.world, media)
    if sample is None:
        return {"data": []}
    return {"data": [_row(options, sample, name) for name in names if _is_said(sample, name)]}


def _check_names(call: Call, names: tuple[str, ...]) -> frozenset[str]:
    """The retired ones among them, where those are silently accepted."""
    if not names:
        raise bad_parameter("The parameter metric is required", instagram=True)
    retired = call.retired("instagram")
    silent = call.world.switches.get("instagram.retired_answer") == "empty"
    known = [
        name
        for name, metric in MEDIA.items()
        if name not in retired and not (metric.page_only and call.host.name == "instagram")
    ]
    for index, name in enumerate(names):
        if name not in known and not (silent and name in retired):
            raise must_be_one_of(f"metric[{index}]", known, instagram=True)
    return retired


def _check_enumerations(options: Options) -> None:
    for parameter, allowed in (("period", PERIODS), ("breakdown", BREAKDOWNS)):
        for index, value in enumerate(options.names(parameter)):
            if value not in allowed:
                raise must_be_one_of(f"{parameter}[{index}]", allowed, instagram=True)


def _check_support(call: Call, media: SimulatedPost, names: tuple[str, ...]) -> None:
    refused = [name for name in names if not is_supported(media, name)]
    if not refused:
        return
    staged = call.world.switches.get("instagram.refusals") == "staged"
    raise metrics_not_supported(first_group(refused) if staged else refused)


def is_supported(media: SimulatedPost, name: str) -> bool:
    """By the matrix; `facts["refused"]` names what this very media refuses besides."""
    metric = MEDIA[name]
    return (
        product_of(media.kind) in metric.products
        and name not in names_in(media.facts.get("refused"))
        and not (metric.shared_only and not media.facts.get("shared_to_facebook"))
    )


def _check_breakdown(options: Options, names: tuple[str, ...]) -> None:
    for dimension in options.names("breakdown"):
        for name in names:
            breakdown = MEDIA[name].breakdown
            if breakdown is None or breakdown[0] != dimension:
                raise unknown_error()


def _is_small_story(world: World, media: SimulatedPost) -> bool:
    is_story = product_of(media.kind) == STORY
    return is_story and world.value(media, "reach") < FEWEST_VIEWERS


def sample_of(world: World, media: SimulatedPost) -> Sample | None:
    """The numbers that Instagram says by now; None while, or when again, it has no data."""
    age = world.clock.now() - media.published_at
    lag = timedelta(hours=_setting(world, "lag_hours", 0))
    if age < _setting(world, "silent_minutes", 10) * MINUTE or age < lag or age > KEPT:
        return None
    sample = Sample(world, media)
    return sample.at(world.clock.now() - lag) if lag else sample


def _is_said(sample: Sample, name: str) -> bool:
    """Reach comes later than the other numbers."""
    if name != "reach":
        return True
    age = sample.world.clock.now() - sample.post.published_at
    return age >= _setting(sample.world, "reach_after_minutes", 60) * MINUTE


def _setting(world: World, name: str, default: float) -> float:
    value = world.switches.get(f"instagram.{name}", default)
    return float(value) if isinstance(value, (int, float, str)) else default


def _row(options: Options, sample: Sample, name: str) -> Answer:
    metric = MEDIA[name]
    value = metric.measure(sample)
    said = row(options.path, name, "lifetime", [{"value": value}])
    if metric.breakdown is not None and options.names("breakdown"):
        said["total_value"] = {"value": value, "breakdowns": [_breakdown(*metric.breakdown, value)]}
    return said


def _breakdown(dimension: str, shares: Mapping[str, float], whole: int) -> Answer:
    """Labels are lower case here, whatever the documentation prints; they sum up to the whole."""
    counts = {label: int(whole * share) for label, share in shares.items()}
    counts[next(iter(counts))] += whole - sum(counts.values())
    results = [{"dimension_values": [label], "value": n} for label, n in counts.items()]
    return {"dimension_keys": [dimension], "results": results}


def media_truth(world: World, media: SimulatedPost) -> dict[str, int | None]:
    """The canonical columns that insights of this media say now; None for the others."""
    sample = sample_of(world, media)
    if sample is None or media.facts.get("pre_conversion") or _is_small_story(world, media):
        return dict.fromkeys(COLUMNS)
    retired = names_in(world.switches.get("instagram.retired_metrics"))
    truth: dict[str, int | None] = {}
    for column, usual in COLUMNS.items():
        name = "replies" if (column, media.kind) == ("comments", "story") else usual
        said = is_supported(media, name) and name not in retired and _is_said(sample, name)
        truth[column] = int(MEDIA[name].measure(sample)) if said else None
    return truth
