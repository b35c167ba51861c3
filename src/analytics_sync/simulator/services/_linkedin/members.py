"""Statistics of members: one metric of one post at a time, their videos and their followers."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics_sync.simulator.services._linkedin.resource import (
    Asked,
    Method,
    Resource,
    checked_urn,
    elements,
)
from analytics_sync.simulator.services._linkedin.site import Site
from analytics_sync.simulator.services._linkedin.time import (
    WINDOW,
    Bucket,
    buckets,
    clipped,
    date_range,
)
from analytics_sync.simulator.services._linkedin.wire import JSON, access_denied, field_invalid
from analytics_sync.simulator.world import SimulatedPost

FIRST_ANALYTICS, MORE_METRICS, PLAIN_METRIC_TYPE = 202506, 202604, 202605
FIRST_FOLLOWERS, FOLLOWERS_BY_DAY = 202504, 202505

# LinkedIn's name: the world's name, and the version that brought it (Member Post Statistics).
POST_METRICS = {
    "IMPRESSION": ("impressions", FIRST_ANALYTICS),
    "MEMBERS_REACHED": ("reach", FIRST_ANALYTICS),
    "RESHARE": ("shares", FIRST_ANALYTICS),
    "REACTION": ("likes", FIRST_ANALYTICS),
    "COMMENT": ("comments", FIRST_ANALYTICS),
    "POST_SAVE": ("saves", MORE_METRICS),
    "POST_SEND": ("quotes", MORE_METRICS),
    "LINK_CLICKS": ("clicks", MORE_METRICS),
    "PREMIUM_CTA_CLICKS": (None, MORE_METRICS),
    "FOLLOWER_GAINED_FROM_CONTENT": ("follows", MORE_METRICS),
    "PROFILE_VIEW_FROM_CONTENT": ("profile_visits", MORE_METRICS),
}
VIDEO_METRICS = {
    "VIDEO_PLAY": ("video_views", FIRST_ANALYTICS),
    "VIDEO_WATCH_TIME": ("watch_time_ms", FIRST_ANALYTICS),
    "VIDEO_VIEWER": ("reach", FIRST_ANALYTICS),
}
_NEVER_DAILY = frozenset(
    "MEMBERS_REACHED LINK_CLICKS FOLLOWER_GAINED_FROM_CONTENT PROFILE_VIEW_FROM_CONTENT".split()
)
# The key in the `entity` union is `ugc`, although the type of the URN is `ugcPost`.
_UNION = {"share": "share", "ugc": "ugcPost"}
_OLD_TYPE = "com.linkedin.adsexternalapi.memberanalytics.v1.Creator{}AnalyticsMetricTypeV1"
_PARAMETERS = frozenset({"queryType", "aggregation", "dateRange", "start", "count"})
_ANALYTICS = frozenset({"r_member_postAnalytics"})
_PROFILE = frozenset({"r_member_profileAnalytics"})

Metrics = Mapping[str, tuple[str | None, int]]
MetricType = str | dict[str, str]


@dataclass(frozen=True)
class Members:
    """Handlers over one site."""

    site: Site

    def resources(self) -> list[Resource]:
        one = _PARAMETERS | {"entity"}
        return [
            Resource(
                "memberCreatorPostAnalytics",
                [
                    Method("FINDER-entity", "member analytics", self.of_post, one, _ANALYTICS),
                    Method("FINDER-me", "member totals", self.of_all, _PARAMETERS, _ANALYTICS),
                ],
                since=FIRST_ANALYTICS,
            ),
            Resource(
                "memberCreatorVideoAnalytics",
                [Method("FINDER-entity", "member video analytics", self.video, one, _ANALYTICS)],
                since=FIRST_ANALYTICS,
            ),
            Resource(
                "memberFollowersCount",
                [
                    Method("FINDER-me", "member followers", self.followers, scopes=_PROFILE),
                    Method(
                        "FINDER-dateRange",
                        "member follower gains",
                        self.follower_gains,
                        frozenset({"dateRange"}),
                        _PROFILE,
                        since=FOLLOWERS_BY_DAY,
                    ),
                ],
                since=FIRST_FOLLOWERS,
            ),
        ]

    def of_post(self, asked: Asked) -> JSON:
        """One metric of one post of the member; no element when LinkedIn has no data."""
        name, metric = _metric(asked, POST_METRICS)
        if _daily(asked) and name in _NEVER_DAILY | {"IMPRESSION"}:
            raise field_invalid("aggregation", f"DAILY is not supported for {name}")
        return self._of_one(asked, metric, _metric_type(asked, name, "Post"))

    def video(self, asked: Asked) -> JSON:
        """One metric of a video; other posts have no data here."""
        name, metric = _metric(asked, VIDEO_METRICS)
        return self._of_one(asked, metric, _metric_type(asked, name, "Video"), only="video")

    def _of_one(self, asked: Asked, metric: str | None, kind: MetricType, only: str = "") -> JSON:
        key, urn = _entity(asked)
        if asked.has("dateRange") and not _daily(asked):
            raise field_invalid("dateRange", "dateRange of one entity needs the aggregation DAILY")
        days = self._days(asked)
        start, count = asked.page()
        post = self.site.post(urn)
        if post is not None and post.account_id != asked.token.subject:
            raise access_denied(f"{asked.operation} on {urn}")
        if post is None or metric is None or (only and post.kind != only):
            return elements([], start, count)
        if self._unsaid(asked, post):
            return elements([], start, count)
        base = {"metricType": kind, "targetEntity": {key: urn}}
        if days is None:
            found = [{"count": self.site.number(post, metric), **base}]
        else:
            found = [{**each, **base} for each in self._by_day([post], metric, days)]
        return elements([self.site.extended(each) for each in found], start, count)

    def of_all(self, asked: Asked) -> JSON:
        """One metric over all posts of the token's member."""
        name, metric = _metric(asked, POST_METRICS)
        if _daily(asked) and name in _NEVER_DAILY:
            raise field_invalid("aggregation", f"DAILY is not supported for {name}")
        span, days = date_range(asked), self._days(asked)
        start, count = asked.page()
        posts = self.site.posts_of(asked.token.subject)
        if not posts or metric is None:
            return elements([], start, count)
        if days is not None:
            found = self._by_day(posts, metric, days)
        elif span is not None:
            found = self._by_day(posts, metric, [span])
        else:
            total = sum(self.site.number(post, metric) for post in posts)
            found = [{"count": total, "dateRange": {}}]
        kind = _metric_type(asked, name, "Post")
        return elements([{**each, "metricType": kind} for each in found], start, count)

    def _by_day(self, posts: list[SimulatedPost], metric: str, spans: list[Bucket]) -> list[JSON]:
        """What the posts gained in each span."""
        return [
            {
                "count": sum(
                    self.site.change(post, metric, span.start, span.end) for post in posts
                ),
                "dateRange": span.as_dates(),
            }
            for span in spans
        ]

    def followers(self, asked: Asked) -> JSON:
        account = self.site.world.account("linkedin", asked.token.subject)
        if account is None:
            return elements([])
        return elements(
            [self.site.extended({"memberFollowersCount": self.site.world.followers(account)})]
        )

    def follower_gains(self, asked: Asked) -> JSON:
        """Gains by day; the range is required."""
        span = date_range(asked)
        if span is None:
            raise field_invalid("dateRange", "Parameter is required")
        account = self.site.world.account("linkedin", asked.token.subject)
        followers = self.site.world.followers
        found: list[JSON] = [
            {
                "memberFollowersCount": followers(account, day.end) - followers(account, day.start),
                "dateRange": day.as_dates(),
            }
            for day in buckets(self._within_window(span), "DAY")
            if account is not None
        ]
        return elements(found)

    def _days(self, asked: Asked) -> list[Bucket] | None:
        """The days of a DAILY answer: of the range, else of the last twelve months."""
        if not _daily(asked):
            return None
        span = date_range(asked) or Bucket(self.site.now - WINDOW, self.site.now)
        return list(buckets(self._within_window(span), "DAY"))

    def _within_window(self, span: Bucket) -> Bucket:
        return clipped(span, self.site.now - WINDOW, self.site.now)

    def _unsaid(self, asked: Asked, post: SimulatedPost) -> bool:
        """LinkedIn's figures are best effort: some posts have none."""
        target = f"{asked.resource}?{post.id}"
        fault = self.site.world.faults.asks("linkedin", target, "no_data")
        return fault is not None or bool(post.facts.get("no_data"))


def _entity(asked: Asked) -> tuple[str, str]:
    """The union key and the URN of `entity=(share:...)` or `entity=(ugc:...)`.

    :raises Refusal: 400, or 403 for an activity.
    """
    record = asked.record("entity")
    if len(record) != 1 or not record.keys() <= _UNION.keys():
        raise field_invalid("entity", f"union with exactly one of {sorted(_UNION)} expected")
    ((key, urn),) = record.items()
    if not isinstance(urn, str):
        raise field_invalid(f"entity/{key}", "Invalid value for param; wrong type")
    return key, checked_urn(f"entity/{key}", urn, {_UNION[key]})


def _metric(asked: Asked, metrics: Metrics) -> tuple[str, str | None]:
    """The one metric that is asked for, if its version has it.

    :raises Refusal: 400.
    """
    known = {name for name, (_, since) in metrics.items() if asked.version >= since}
    name = asked.choice("queryType", known)
    return name, metrics[name][0]


def _daily(asked: Asked) -> bool:
    return asked.choice("aggregation", {"TOTAL", "DAILY"}, "TOTAL") == "DAILY"


def _metric_type(asked: Asked, name: str, kind: str) -> MetricType:
    """Plain text from 202605 on, an object before."""
    return name if asked.version >= PLAIN_METRIC_TYPE else {_OLD_TYPE.format(kind): name}
