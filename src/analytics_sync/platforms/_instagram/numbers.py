"""Which metrics each kind of Instagram media has, and the columns that they fill.

Names and units are those of Meta docs: Instagram Media Insights; times are milliseconds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from analytics_sync.domain.metrics import Candidates, Number, as_count, as_number
from analytics_sync.platforms._graph.metrics import Said, count_of, flattened, said_metrics
from analytics_sync.platforms._instagram.media import FEED, REELS, STORY

_COMMON: Final = ("views", "reach", "likes", "comments", "saved", "shares", "total_interactions")

# Only what every media of its kind is documented to have: one name too many fails the whole call,
# and `crossposted_views` and `facebook_views` fail wherever a post was not shared to Facebook.
METRICS: Final[Mapping[str, tuple[str, ...]]] = {
    FEED: (*_COMMON, "profile_visits", "follows"),
    REELS: (*_COMMON, "ig_reels_avg_watch_time", "ig_reels_video_view_total_time"),
    STORY: (
        "views",
        "reach",
        "replies",
        "shares",
        "total_interactions",
        "profile_visits",
        "follows",
        "navigation",
    ),
}
# What retired metrics are remembered under.
SCOPES: Final[Mapping[str, str]] = {FEED: "post", REELS: "reel", STORY: "story"}

# Taps and exits of a story. Asked apart, because a breakdown fails all metrics that have none.
NAVIGATION: Final = "navigation"
NAVIGATION_BREAKDOWN: Final = "story_navigation_action_type"

# Fields of the media itself, for posts without insights.
COUNT_FIELDS: Final = ("like_count", "comments_count")


def said_numbers(rows: Iterable[Mapping[str, Any]]) -> dict[str, Said]:
    """Each metric that was said: `total_value` when present, else the first of `values`."""
    return said_metrics(rows, place=0)


def breakdown_numbers(rows: Iterable[Mapping[str, Any]]) -> dict[str, Number]:
    """The parts of each broken-down metric, as `metric.label`.

    Labels are documented in upper case and come in lower case, so they are kept in lower case.
    """
    parts: dict[str, Number] = {}
    for row in rows:
        total = row.get("total_value")
        for breakdown in _objects(total.get("breakdowns") if isinstance(total, dict) else None):
            for result in _objects(breakdown.get("results")):
                labels, value = result.get("dimension_values"), as_number(result.get("value"))
                if isinstance(labels, list) and labels and value is not None:
                    parts[".".join([str(row.get("name")), *map(str, labels)]).lower()] = value
    return parts


def count_numbers(node: Mapping[str, Any]) -> dict[str, int]:
    """The counts that a media node tells of itself."""
    counts = {name: as_count(node.get(name)) for name in COUNT_FIELDS}
    return {name: count for name, count in counts.items() if count is not None}


def columns(said: Mapping[str, Said], counts: Mapping[str, int], product: str) -> Candidates:
    """The columns of a media, from its insights or, where it has none, from its own counts."""
    replies = "replies" if product == STORY else "comments"
    wanted: dict[str, dict[str, int | None]] = {
        "impressions": {"views": count_of(said.get("views"))},
        "reach": {"reach": count_of(said.get("reach"))},
        "likes": {
            "likes": count_of(said.get("likes")),
            "like_count": counts.get("like_count"),
        },
        "comments": {
            replies: count_of(said.get(replies)),
            "comments_count": counts.get("comments_count"),
        },
        "shares": {"shares": count_of(said.get("shares"))},
        "saves": {"saved": count_of(said.get("saved"))},
        "watch_time_ms": {
            "ig_reels_video_view_total_time": count_of(said.get("ig_reels_video_view_total_time"))
        },
    }
    told = {
        column: {name: number for name, number in candidates.items() if number is not None}
        for column, candidates in wanted.items()
    }
    return {column: candidates for column, candidates in told.items() if candidates}


def extra_numbers(
    said: Mapping[str, Said], parts: Mapping[str, Number], counts: Mapping[str, int]
) -> dict[str, Number]:
    """Every number under Meta's own name."""
    return {**flattened(said), **parts, **counts}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
