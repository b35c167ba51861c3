"""Statistics of organisations: their posts' totals, followers and videos."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from analytics_sync.simulator.services._linkedin.facets import follower_facets
from analytics_sync.simulator.services._linkedin.resource import (
    POST_TYPES,
    Asked,
    Method,
    Resource,
    elements,
)
from analytics_sync.simulator.services._linkedin.site import Numbers, Site
from analytics_sync.simulator.services._linkedin.time import (
    DAY,
    WINDOW,
    Bucket,
    buckets,
    clipped,
    midnight,
    time_intervals,
    time_range,
)
from analytics_sync.simulator.services._linkedin.wire import JSON, field_invalid, not_found
from analytics_sync.simulator.world import SimulatedAccount, SimulatedPost

ORGANIZATION = frozenset({"organization"})
ADMINISTRATION = frozenset({"rw_organization_admin", "r_organization_admin"})
FOLLOWERS = ADMINISTRATION | {"r_organization_followers"}
ANY_ORGANIZATION_SCOPE = FOLLOWERS | {"r_organization_social", "r_organization_social_feed"}

# LinkedIn's name: the world's name (Organization Share Statistics).
SHARE_COUNTS = {
    "impressionCount": "impressions",
    "uniqueImpressionsCount": "reach",
    "clickCount": "clicks",
    "likeCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
}
_LISTS = {"shares": "share", "ugcPosts": "ugcPost"}
_VIDEO = {
    "VIDEO_VIEW": "video_views",
    "VIEWER": "reach",
    "TIME_WATCHED": "watch_time_ms",
    "TIME_WATCHED_FOR_VIDEO_VIEWS": "watch_time_ms",
}
_VIDEO_WINDOW = timedelta(days=183)


@dataclass(frozen=True)
class Statistics:
    """Handlers over one site."""

    site: Site

    def resources(self) -> list[Resource]:
        entity = frozenset({"organizationalEntity", "timeIntervals", "start", "count"})
        finder = "FINDER-organizationalEntity"
        shares = Method(
            finder,
            "share statistics",
            self.share_statistics,
            entity | _LISTS.keys(),
            ADMINISTRATION,
        )
        followers = Method(
            finder, "follower statistics", self.follower_statistics, entity, FOLLOWERS
        )
        size = Method(
            "GET",
            "network size",
            self.network_size,
            frozenset({"edgeType"}),
            ANY_ORGANIZATION_SCOPE,
        )
        video = Method(
            "FINDER-entity",
            "video analytics",
            self.video_analytics,
            frozenset({"entity", "type", "aggregation", "timeRange"}),
            ANY_ORGANIZATION_SCOPE,
        )
        return [
            Resource("organizationalEntityShareStatistics", [shares]),
            Resource("organizationalEntityFollowerStatistics", [followers]),
            Resource("networkSizes", [size]),
            Resource("videoAnalytics", [video]),
        ]

    def share_statistics(self, asked: Asked) -> JSON:
        """Lifetime totals of posts; without posts the organisation's, lifetime or in buckets."""
        organization = asked.urn("organizationalEntity", ORGANIZATION)
        start, count = asked.page()
        urns = [
            urn
            for name, urn_type in _LISTS.items()
            if asked.has(name)
            for urn in asked.urns(name, {urn_type})
        ]
        if urns and asked.has("timeIntervals"):
            raise field_invalid(
                "timeIntervals", "Time-bound statistics is not supported for specific share queries"
            )
        if not self.site.may_read(asked, organization):
            return elements([], start, count)
        if urns:
            found = self._posts_statistics(organization, urns)
        elif asked.has("timeIntervals"):
            found = self._in_buckets(asked, organization)
        else:
            found = [self._lifetime(organization)]
        return elements([self.site.extended(element) for element in found], start, count)

    def _posts_statistics(self, organization: str, urns: Sequence[str]) -> list[JSON]:
        """One element for each post with activity: all others are silently left out."""
        found = []
        for urn in urns:
            post = self.site.post(urn)
            if post is None or post.account_id != organization:
                continue
            counts = self.share_counts(post)
            if any(counts.values()):
                name = urn.split(":")[2]
                found.append({**_element(organization, counts), name: urn})
        return self.site.shuffled(found)

    def _lifetime(self, organization: str) -> JSON:
        posts = self.site.posts_of(organization)
        return _element(organization, _sums(SHARE_COUNTS, map(self.share_counts, posts)))

    def share_counts(self, post: SimulatedPost) -> Numbers:
        return {name: self.site.number(post, metric) for name, metric in SHARE_COUNTS.items()}

    def _in_buckets(self, asked: Asked, organization: str) -> list[JSON]:
        span, granularity = time_intervals(asked, {"DAY", "MONTH"}, self.site.now)
        posts = self.site.posts_of(organization)
        return [
            {
                **_element(organization, self._grown(posts, bucket)),
                "timeRange": bucket.as_milliseconds(),
            }
            for bucket in buckets(span, granularity)
        ]

    def _grown(self, posts: Iterable[SimulatedPost], bucket: Bucket) -> Numbers:
        """What the posts gained in a bucket; unique impressions are not told there."""
        end = min(bucket.end, self.site.now)
        names = {name: metric for name, metric in SHARE_COUNTS.items() if metric != "reach"}
        return _sums(
            names,
            (
                {
                    name: self.site.change(post, metric, bucket.start, end)
                    for name, metric in names.items()
                }
                for post in posts
            ),
        )

    def follower_statistics(self, asked: Asked) -> JSON:
        """Lifetime: followers by facets, without a total. In buckets: gains, to two days ago."""
        organization = asked.urn("organizationalEntity", ORGANIZATION)
        start, count = asked.page()
        if not self.site.may_read(asked, organization):
            return elements([], start, count)
        account = self.site.world.accounts["linkedin", organization]
        if not asked.has("timeIntervals"):
            facets = follower_facets(self.site.world, account)
            return elements([{"organizationalEntity": organization, **facets}], start, count)
        return elements(self._follower_gains(asked, account), start, count)

    def _follower_gains(self, asked: Asked, account: SimulatedAccount) -> list[JSON]:
        now, followers = self.site.now, self.site.world.followers
        span, granularity = time_intervals(asked, {"DAY", "WEEK", "MONTH"}, now)
        known = clipped(span, now - WINDOW, midnight(now) - 2 * DAY)
        return [
            {
                "organizationalEntity": account.id,
                "timeRange": bucket.as_milliseconds(),
                "followerGains": {
                    "organicFollowerGain": followers(account, min(bucket.end, known.end))
                    - followers(account, bucket.start),
                    "paidFollowerGain": 0,
                },
            }
            for bucket in buckets(known, granularity)
        ]

    def network_size(self, asked: Asked) -> JSON:
        """The follower total, which everybody may read."""
        asked.choice("edgeType", {"COMPANY_FOLLOWED_BY_MEMBER"})
        account = self.site.organization(asked.key)
        if account is None:
            raise not_found(f"Could not find entity {asked.key}")
        return self.site.extended({"firstDegreeSize": self.site.world.followers(account)})

    def video_analytics(self, asked: Asked) -> JSON:
        """One number of an organisation's video; 0 for who is not an administrator."""
        urn = asked.urn("entity", POST_TYPES)
        kind = asked.choice("type", _VIDEO)
        aggregation = asked.choice("aggregation", {"ALL", "DAY", "WEEK"}, "ALL")
        post = self.site.post(urn)
        now = self.site.now
        span = Bucket(now - _VIDEO_WINDOW, now)
        if asked.has("timeRange"):
            wanted = time_range("timeRange", asked.record("timeRange"), now)
            span = clipped(wanted, span.start, span.end)
        if post is None or post.kind != "video":
            return elements([])
        visible = self.site.owns(asked.token, post)
        spans = [span] if aggregation == "ALL" else list(buckets(span, aggregation))
        found: list[JSON] = [
            {
                "entity": urn,
                "statisticsType": kind,
                "timeRange": each.as_milliseconds(),
                "value": self._watched(post, kind, each) if visible else 0,
            }
            for each in spans
        ]
        return elements(found)

    def _watched(self, post: SimulatedPost, kind: str, span: Bucket) -> int:
        end = min(span.end, self.site.now)
        return max(0, self.site.change(post, _VIDEO[kind], span.start, end))


def _sums(names: Iterable[str], many: Iterable[Numbers]) -> Numbers:
    totals = dict.fromkeys(names, 0)
    for counts in many:
        for name, value in counts.items():
            totals[name] += value
    return totals


def _element(organization: str, counts: Numbers) -> JSON:
    """An element without its post or time. `engagement` is a ratio, rounded as LinkedIn does."""
    acts = sum(counts[name] for name in ("clickCount", "likeCount", "commentCount", "shareCount"))
    impressions = counts["impressionCount"]
    ratio = round(acts / impressions, 6) if impressions else 0.0
    return {
        "organizationalEntity": organization,
        "totalShareStatistics": {**counts, "engagement": ratio},
    }
