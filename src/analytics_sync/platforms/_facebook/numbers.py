"""Which metrics each kind of Facebook object has, and the columns that they fill.

Names and units are those of Meta docs: Page Insights, Video Insights; times are milliseconds.
"""

from collections.abc import Mapping
from typing import Any, Final

from analytics_sync.domain.metrics import Candidates, Number, as_count
from analytics_sync.platforms._graph.metrics import Said, count_of, flattened, part_of, total_of

POST_METRICS: Final = (
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks",
    "post_clicks_by_type",
    "post_reactions_by_type_total",
    "post_activity_by_action_type",
)
# On top of these, for posts that are videos.
VIDEO_POST_METRICS: Final = (
    "post_video_views",
    "post_video_view_time",
    "post_video_avg_time_watched",
)
# Of the edge `video_insights`, which Reels and bare videos have instead.
REEL_METRICS: Final = (
    "fb_reels_total_plays",
    "blue_reels_play_count",
    "post_video_likes_by_reaction_type",
    "post_video_social_actions",
    "post_video_view_time",
    "post_video_avg_time_watched",
)
# Asked apart, because an object that has the Reels' names need not have these.
CLASSIC_VIDEO_METRICS: Final = ("total_video_views",)

SHARES: Final = "shares.count"
COMMENTS: Final = "comments.summary.total_count"
REACTIONS: Final = "reactions.summary.total_count"


def node_numbers(node: Mapping[str, Any]) -> dict[str, int]:
    """`shares` of a post node that was read: Meta leaves it out when it is zero."""
    if "id" not in node:
        return {}
    shares = node.get("shares", {"count": 0})
    count = as_count(shares.get("count")) if isinstance(shares, dict) else None
    return {} if count is None else {SHARES: count}


def summary_numbers(node: Mapping[str, Any]) -> dict[str, int]:
    """Totals of comments and reactions, where their summaries were said."""
    numbers = {}
    for edge, name in (("comments", COMMENTS), ("reactions", REACTIONS)):
        told = node.get(edge)
        summary = told.get("summary") if isinstance(told, dict) else None
        count = as_count(summary.get("total_count")) if isinstance(summary, dict) else None
        if count is not None:
            numbers[name] = count
    return numbers


def post_columns(said: Mapping[str, Said], fields: Mapping[str, int]) -> Candidates:
    """The columns of a post, from its insights and its fields."""
    reactions = "post_reactions_by_type_total"
    return _filled(
        {
            "impressions": _counts(said, "post_media_view"),
            "reach": _counts(said, "post_total_media_view_unique"),
            "likes": {reactions: total_of(said.get(reactions))},
            "comments": {COMMENTS: fields.get(COMMENTS)},
            "shares": {SHARES: fields.get(SHARES)},
            "clicks": _counts(said, "post_clicks"),
            "video_views": _counts(said, "post_video_views"),
            "watch_time_ms": _counts(said, "post_video_view_time"),
        }
    )


def video_columns(said: Mapping[str, Said]) -> Candidates:
    """The columns of a Reel or a bare video."""
    likes, actions = "post_video_likes_by_reaction_type", "post_video_social_actions"
    return _filled(
        {
            "impressions": _counts(said, "fb_reels_total_plays", "blue_reels_play_count"),
            "likes": {likes: total_of(said.get(likes))},
            "comments": {f"{actions}.COMMENT": part_of(said.get(actions), "COMMENT")},
            "shares": {f"{actions}.SHARE": part_of(said.get(actions), "SHARE")},
            "video_views": _counts(said, "total_video_views"),
            "watch_time_ms": _counts(said, "post_video_view_time"),
        }
    )


def extra_numbers(said: Mapping[str, Said], fields: Mapping[str, int]) -> dict[str, Number]:
    """Every number under Meta's own name."""
    return {**flattened(said), **fields}


def is_reel(said: Mapping[str, Said]) -> bool:
    """Only Reels have plays; other videos answer without them."""
    return "fb_reels_total_plays" in said or "blue_reels_play_count" in said


def _counts(said: Mapping[str, Said], *names: str) -> dict[str, int | None]:
    return {name: count_of(said.get(name)) for name in names}


def _filled(columns: Mapping[str, Mapping[str, int | None]]) -> Candidates:
    """Without what was not said."""
    told = {
        column: {name: number for name, number in candidates.items() if number is not None}
        for column, candidates in columns.items()
    }
    return {column: candidates for column, candidates in told.items() if candidates}
