"""Metrics of Page posts and of videos: names, periods, and how each grows.

Sources: Meta, "Page Insights" reference and "Video Insights"; removed names of the v26.0
changelog are not here, and so are refused.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from analytics_sync.simulator.services._graph.insights import Metric, Metrics, Sample

REACTIONS: Final = ("like", "love", "wow", "haha", "sorry", "anger")
_SHARES: Final = {"love": 0.2, "wow": 0.04, "haha": 0.05, "sorry": 0.02, "anger": 0.01}
RETENTION_SLICES = 40


def reactions(sample: Sample) -> dict[str, int]:
    """Every reaction's count; they sum up to the post's likes. "like" includes care."""
    others = {name: sample.part("likes", share) for name, share in _SHARES.items()}
    return {"like": sample("likes") - sum(others.values()), **others}


def said_reactions(sample: Sample) -> dict[str, int]:
    """As insights say it: reactions that nobody gave are left out, "like" never."""
    return {
        name: count for name, count in reactions(sample).items() if count or name == REACTIONS[0]
    }


def plays(sample: Sample) -> int:
    """A Reel's first plays, without replays."""
    return sample.part("impressions", 0.85)


def _number(metric: str, share: float = 1.0) -> Callable[[Sample], int]:
    return lambda sample: sample.part(metric, share)


def _reaction(name: str) -> Callable[[Sample], int]:
    return lambda sample: reactions(sample)[name]


def _clicks_by_type(sample: Sample) -> dict[str, int]:
    views = sample.part("clicks", 0.3)
    said = {"other clicks": sample("clicks") - views, "photo view": views}
    return {name: count for name, count in said.items() if count}


def _activity(share: float) -> Callable[[Sample], dict[str, int]]:
    def by_type(sample: Sample) -> dict[str, int]:
        names = (("like", "likes"), ("comment", "comments"), ("share", "shares"))
        counts = {name: sample.part(metric, share) for name, metric in names}
        return {name: count for name, count in counts.items() if count}

    return by_type


def average_watch_time(sample: Sample) -> int:
    """Milliseconds a view; it can exceed the video's length."""
    return sample("watch_time_ms") // max(1, sample("video_views"))


def _length(sample: Sample) -> int:
    return 5_000 + int(sample.chance("length") * 85_000)


def _retention(sample: Sample) -> dict[str, float]:
    steepness = 0.5 + sample.chance("retention") / 2
    slices = range(RETENTION_SLICES)
    return {str(at): round(1 - steepness * at / RETENTION_SLICES, 4) for at in slices}


def _video(measure: Callable[[Sample], Any], *, daily: bool = False) -> Metric:
    return Metric(measure, ("day", "lifetime") if daily else ("lifetime",), video_only=True)


_VIEW_SHARES = {
    "organic": 0.9,
    "paid": 0.1,
    "autoplayed": 0.7,
    "clicked_to_play": 0.3,
    "sound_on": 0.45,
    "15s": 0.4,
    "60s_excludes_shorter": 0.1,
}
_COMPLETE_SHARES = {
    "30s_autoplayed": 0.12,
    "30s_clicked_to_play": 0.1,
    "30s_organic": 0.2,
    "30s_paid": 0.02,
    "organic": 0.15,
    "paid": 0.01,
}

POST: Final[Metrics] = MappingProxyType(
    {
        "post_media_view": Metric(_number("impressions")),
        "post_total_media_view_unique": Metric(_number("reach")),
        "post_clicks": Metric(_number("clicks")),
        "post_clicks_by_type": Metric(_clicks_by_type),
        "post_reactions_by_type_total": Metric(said_reactions),
        **{f"post_reactions_{name}_total": Metric(_reaction(name)) for name in REACTIONS},
        "post_activity_by_action_type": Metric(_activity(1.0)),
        "post_activity_by_action_type_unique": Metric(_activity(0.9)),
        "post_video_views": _video(_number("video_views"), daily=True),
        **{
            f"post_video_views_{name}": _video(_number("video_views", share))
            for name, share in _VIEW_SHARES.items()
        },
        **{
            f"post_video_complete_views_{name}": _video(_number("video_views", share))
            for name, share in _COMPLETE_SHARES.items()
        },
        "post_video_avg_time_watched": _video(average_watch_time),
        "post_video_view_time": _video(_number("watch_time_ms"), daily=True),
        "post_video_view_time_organic": _video(_number("watch_time_ms", 0.9)),
        "post_video_length": _video(_length),
        "post_video_retention_graph": _video(_retention),
        "post_video_retention_graph_autoplayed": _video(_retention),
        "post_video_retention_graph_clicked_to_play": _video(_retention),
        "post_video_social_actions_count_unique": _video(_number("comments", 0.9)),
    }
)
BREAKDOWNS: Final = MappingProxyType({"is_from_ads": 0.06, "is_from_followers": 0.55})


def _social_actions(sample: Sample) -> dict[str, int]:
    return {"COMMENT": sample("comments"), "SHARE": sample("shares")}


def _video_reactions(sample: Sample) -> dict[str, int]:
    return {f"REACTION_{name.upper()}": count for name, count in said_reactions(sample).items()}


_OF_ANY_VIDEO: Final[Metrics] = {
    "post_video_avg_time_watched": Metric(average_watch_time),
    "post_video_view_time": Metric(_number("watch_time_ms")),
    "post_video_social_actions": Metric(_social_actions),
    "post_video_likes_by_reaction_type": Metric(_video_reactions),
    "post_video_followers": Metric(_number("follows")),
    "post_video_retention_graph": Metric(_retention),
    "total_video_views": Metric(_number("video_views")),
    "total_video_15s_views": Metric(_number("video_views", 0.4)),
    "total_video_avg_time_watched": Metric(average_watch_time),
    "total_video_view_total_time": Metric(_number("watch_time_ms")),
    "total_video_retention_graph": Metric(_retention),
}
VIDEO: Final[Metrics] = MappingProxyType(_OF_ANY_VIDEO)
REEL: Final[Metrics] = MappingProxyType(
    {
        "blue_reels_play_count": Metric(plays),
        "fb_reels_total_plays": Metric(_number("impressions")),
        "fb_reels_replay_count": Metric(lambda sample: sample("impressions") - plays(sample)),
        **_OF_ANY_VIDEO,
    }
)
# What `video_insights` answers when no metric is asked for.
USUAL_REEL: Final = tuple(name for name in REEL if not name.startswith("total_"))
USUAL_VIDEO: Final = tuple(VIDEO)
