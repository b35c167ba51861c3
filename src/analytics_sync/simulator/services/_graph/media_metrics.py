"""Which Instagram metrics exist for which media, and how each grows.

Source: Meta, "Instagram Media Insights" (matrix by `media_product_type`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from analytics_sync.simulator.services._graph.insights import Sample
from analytics_sync.simulator.services._graph.post_metrics import average_watch_time

FEED, REELS, STORY = "FEED", "REELS", "STORY"


@dataclass(frozen=True, slots=True)
class MediaMetric:
    """`products`: the media product types that have it.

    `page_only`: known only where Instagram is reached through Facebook Login. `shared_only`:
    refused unless the media was shared to Facebook. `breakdown`: its one dimension and the
    share of each label.
    """

    products: frozenset[str]
    measure: Callable[[Sample], Any]
    page_only: bool = False
    shared_only: bool = False
    breakdown: tuple[str, dict[str, float]] | None = None


def _of(metric: str, share: float = 1.0) -> Callable[[Sample], int]:
    return lambda sample: sample.part(metric, share)


def replies(sample: Sample) -> int:
    """Always 0 for stories made in Europe and Japan."""
    account = sample.world.account(sample.post.platform, sample.post.account_id)
    if account is not None and account.facts.get("region") in {"EU", "JP"}:
        return 0
    return sample("comments")


def _interactions(sample: Sample) -> int:
    if sample.post.kind == "story":
        return replies(sample) + sample("shares")
    return sum(map(sample, ("likes", "comments", "saves", "shares")))


def _skip_rate(sample: Sample) -> float:
    return round(20 + 40 * sample.chance("skip"), 2)


_EVERY = frozenset({FEED, REELS, STORY})
_LASTING = frozenset({FEED, REELS})
_NOT_REELS = frozenset({FEED, STORY})
_NAVIGATION = {"tap_forward": 0.7, "tap_back": 0.1, "tap_exit": 0.12, "swipe_forward": 0.08}
_ACTIVITY = {"bio_link_clicked": 0.6, "email": 0.2, "call": 0.1, "other": 0.1}

# In the order in which refusals list them.
MEDIA: Final = MappingProxyType(
    {
        "comments": MediaMetric(_LASTING, _of("comments")),
        "crossposted_views": MediaMetric(
            frozenset({REELS}), _of("impressions", 1.3), shared_only=True
        ),
        "facebook_views": MediaMetric(_EVERY, _of("impressions", 0.3), shared_only=True),
        "follows": MediaMetric(_NOT_REELS, _of("follows")),
        "ig_reels_avg_watch_time": MediaMetric(frozenset({REELS}), average_watch_time),
        "ig_reels_video_view_total_time": MediaMetric(frozenset({REELS}), _of("watch_time_ms")),
        "likes": MediaMetric(_LASTING, _of("likes")),
        "link_clicks": MediaMetric(frozenset(), _of("clicks")),
        "navigation": MediaMetric(
            frozenset({STORY}),
            _of("impressions", 0.9),
            breakdown=("story_navigation_action_type", _NAVIGATION),
        ),
        "profile_activity": MediaMetric(
            _NOT_REELS, _of("profile_visits", 0.3), breakdown=("action_type", _ACTIVITY)
        ),
        "profile_visits": MediaMetric(_NOT_REELS, _of("profile_visits")),
        "reach": MediaMetric(_EVERY, _of("reach")),
        "reels_skip_rate": MediaMetric(frozenset({REELS}), _skip_rate),
        "replies": MediaMetric(frozenset({STORY}), replies),
        "reposts": MediaMetric(_EVERY, _of("quotes")),
        "saved": MediaMetric(_LASTING, _of("saves")),
        "shares": MediaMetric(_EVERY, _of("shares")),
        "total_comments": MediaMetric(_LASTING, _of("comments", 1.2), page_only=True),
        "total_interactions": MediaMetric(_EVERY, _interactions),
        "total_likes": MediaMetric(_LASTING, _of("likes", 1.2), page_only=True),
        "total_views": MediaMetric(_EVERY, _of("impressions", 1.2), page_only=True),
        "views": MediaMetric(_EVERY, _of("impressions")),
    }
)
BREAKDOWNS: Final = (
    "action_type",
    "follow_type",
    "story_navigation_action_type",
    "surface_type",
)
# What one staged refusal names together.
REFUSAL_GROUPS: Final = (
    frozenset({"profile_visits", "follows", "profile_activity"}),
    frozenset({"replies", "navigation"}),
    frozenset({"ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "reels_skip_rate"}),
    frozenset({"likes", "comments", "saved"}),
)


def product_of(kind: str) -> str:
    """The `media_product_type` of a kind of post."""
    return {"reel": REELS, "story": STORY}.get(kind, FEED)


def first_group(refused: list[str]) -> list[str]:
    """Those refused metrics that a staged refusal names first."""
    group = next((group for group in REFUSAL_GROUPS if refused[0] in group), {refused[0]})
    return [name for name in refused if name in group]
