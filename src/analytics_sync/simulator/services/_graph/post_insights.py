"""Insights of Page posts and of videos, and what a right client makes of them.

Sources: Meta, "Page Insights" reference, "Video Insights". Switches: `facebook.retired_metrics`
(names no longer known, living or long dead ones) and `facebook.retired_answer` ("empty": still
accepted, without a row).
"""

from datetime import datetime
from typing import Any

from analytics_sync.simulator.services._graph.call import Call, Options
from analytics_sync.simulator.services._graph.errors import (
    Answer,
    must_be_one_of,
    no_metric,
    not_a_metric,
    too_little_audience,
)
from analytics_sync.simulator.services._graph.host import names_in
from analytics_sync.simulator.services._graph.insights import (
    Metric,
    Metrics,
    Sample,
    day_ends,
    endless_paging,
    followers,
    row,
    wanted_periods,
    window,
)
from analytics_sync.simulator.services._graph.post_metrics import (
    BREAKDOWNS,
    POST,
    REEL,
    USUAL_REEL,
    USUAL_VIDEO,
    VIDEO,
)
from analytics_sync.simulator.services._graph.time import DAY, written
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost, World

# Pages with fewer followers are not told how many people a post reached.
FEWEST_FOLLOWERS = 100
UNIQUE_VIEWERS = "post_total_media_view_unique"


def metrics_of_post(post: SimulatedPost) -> Metrics:
    """Video metrics exist on video posts only."""
    if post.kind == "video":
        return POST
    return {name: metric for name, metric in POST.items() if not metric.video_only}


def post_insights(
    call: Call, page: SimulatedAccount, post: SimulatedPost, options: Options
) -> Answer:
    """`GET /{post-id}/insights`. Names are checked before permissions."""
    metrics = metrics_of_post(post)
    names = _checked(call, options.names("metric"), metrics)
    breakdown = _checked_breakdown(options)
    call.access.need_page_insights(page.id)
    if UNIQUE_VIEWERS in names and followers(call.world, page) < FEWEST_FOLLOWERS:
        raise too_little_audience(UNIQUE_VIEWERS)
    sample = Sample(call.world, post)
    rows = [
        row(options.path, name, period, _values(call, options, metrics[name], sample, period))
        for name in names
        for period in wanted_periods(options, metrics[name].periods)
    ]
    if breakdown is not None:
        rows = [_broken_down(said, breakdown) for said in rows]
    return {"data": rows, "paging": endless_paging(call, options)}


def _checked(call: Call, names: tuple[str, ...], metrics: Metrics) -> list[str]:
    """The names that get rows; a retired one gets none where it is still accepted."""
    if not names:
        raise no_metric()
    retired = call.retired("facebook")
    silent = call.world.switches.get("facebook.retired_answer") == "empty"
    if not all(silent if name in retired else name in metrics for name in names):
        raise not_a_metric()
    return [name for name in dict.fromkeys(names) if name not in retired]


def _checked_breakdown(options: Options) -> str | None:
    dimensions = options.names("breakdown")
    if any(name not in BREAKDOWNS for name in dimensions):
        raise must_be_one_of("breakdown", BREAKDOWNS, instagram=False)
    return next(iter(dimensions), None)


def _values(
    call: Call, options: Options, metric: Metric, sample: Sample, period: str
) -> list[Answer]:
    if period == "lifetime":
        return [{"value": metric.measure(sample)}]
    ends = [end for end in day_ends(*window(call, options)) if end <= call.now]
    return [{"value": _gain(metric, sample, end), "end_time": written(end)} for end in ends]


def _gain(metric: Metric, sample: Sample, end: datetime) -> Any:
    """What a number gained in the day that ended then."""
    return metric.measure(sample.at(end)) - metric.measure(sample.at(end - DAY))


def _broken_down(said: Answer, dimension: str) -> Answer:
    """Only media views are divided: one value for each side, the dimension beside it."""
    if said["name"] != "post_media_view":
        return said
    whole = said["values"][0]["value"]
    inside = int(whole * BREAKDOWNS[dimension])
    values = [{"value": whole - inside, dimension: "0"}, {"value": inside, dimension: "1"}]
    return {**said, "values": values}


def video_insights(
    call: Call, page: SimulatedAccount, video: SimulatedPost, options: Options
) -> Answer:
    """`GET /{video-id}/video_insights`; without `metric` a usual set is answered."""
    metrics, usual = (REEL, USUAL_REEL) if video.kind == "reel" else (VIDEO, USUAL_VIDEO)
    retired = call.retired("facebook")
    default = tuple(name for name in usual if name not in retired)
    names = _checked(call, options.names("metric") or default, metrics)
    call.access.need_video_insights(page.id)
    sample = Sample(call.world, video)
    rows = [
        row(options.path, name, period, [{"value": metrics[name].measure(sample)}])
        for name in names
        for period in wanted_periods(options, metrics[name].periods)
    ]
    return {"data": rows, "paging": endless_paging(call, options)}


def post_truth(world: World, post: SimulatedPost) -> dict[str, int | None]:
    """The canonical columns of a Page post or Reel, as its own fields and metrics say them."""
    said = _Said(world, post)
    if post.kind == "reel":
        actions = said.number("post_video_social_actions")
        return {
            "impressions": _first(
                said.number("fb_reels_total_plays"), said.number("blue_reels_play_count")
            ),
            "likes": _sum(said.number("post_video_likes_by_reaction_type")),
            "comments": actions["COMMENT"] if actions else None,
            "shares": actions["SHARE"] if actions else None,
            "video_views": said.number("total_video_views"),
            "watch_time_ms": said.number("post_video_view_time"),
        }
    return {
        "impressions": said.number("post_media_view"),
        "reach": said.number(UNIQUE_VIEWERS),
        "likes": _sum(said.number("post_reactions_by_type_total")),
        "comments": world.value(post, "comments"),
        "shares": world.value(post, "shares"),
        "clicks": said.number("post_clicks"),
        "video_views": said.number("post_video_views"),
        "watch_time_ms": said.number("post_video_view_time"),
    }


class _Said:
    """What insights answer for one post; None where they don't."""

    def __init__(self, world: World, post: SimulatedPost) -> None:
        self.sample = Sample(world, post)
        self.metrics = REEL if post.kind == "reel" else metrics_of_post(post)
        self.unsaid = names_in(world.switches.get("facebook.retired_metrics"))
        page = world.account("facebook", post.account_id)
        if page is None or followers(world, page) < FEWEST_FOLLOWERS:
            self.unsaid |= {UNIQUE_VIEWERS}

    def number(self, name: str) -> Any:
        metric = self.metrics.get(name)
        return None if metric is None or name in self.unsaid else metric.measure(self.sample)


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _sum(counts: dict[str, int] | None) -> int | None:
    return None if counts is None else sum(counts.values())
