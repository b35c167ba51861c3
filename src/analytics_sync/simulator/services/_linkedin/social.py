"""Reactions and comments: `socialMetadata`, and the older `socialActions`."""

from collections.abc import Callable
from dataclasses import dataclass

from analytics_sync.simulator.growth import fraction
from analytics_sync.simulator.services._linkedin.resource import (
    ACTIVITY,
    POST_TYPES,
    Asked,
    Method,
    Resource,
    checked_urn,
)
from analytics_sync.simulator.services._linkedin.site import Site, batch
from analytics_sync.simulator.services._linkedin.wire import (
    JSON,
    Refusal,
    access_denied,
    not_found,
)
from analytics_sync.simulator.world import SimulatedPost

_SCOPES = frozenset({"r_organization_social_feed", "r_member_social_feed"})
_TYPES = POST_TYPES | {ACTIVITY}
REACTIONS = ("LIKE", "PRAISE", "EMPATHY", "INTEREST", "APPRECIATION", "ENTERTAINMENT")
_UNKNOWN_REACTION = "CURIOUS_MINDS"

Show = Callable[[SimulatedPost], JSON]


@dataclass(frozen=True)
class Social:
    """Handlers over one site."""

    site: Site

    def resources(self) -> list[Resource]:
        return [
            self._resource("socialMetadata", "social metadata", self.metadata),
            self._resource("socialActions", "social actions", self.actions),
        ]

    def _resource(self, name: str, label: str, show: Show) -> Resource:
        def one(asked: Asked) -> JSON:
            found = self._shown(asked, asked.key, show)
            if isinstance(found, Refusal):
                raise found
            return found

        def several(asked: Asked) -> JSON:
            results = {urn: self._shown(asked, urn, show) for urn in asked.texts("ids")}
            return batch(results, encode=bool(self.site.switch("encoded_keys")))

        methods = [
            Method("GET", label, one, scopes=_SCOPES),
            Method("BATCH_GET", f"{label} batch", several, scopes=_SCOPES),
        ]
        return Resource(name, methods)

    def _shown(self, asked: Asked, urn: str, show: Show) -> JSON | Refusal:
        checked_urn("id", urn, _TYPES)
        post = self.site.post(urn)
        if post is None:
            return not_found("Not Found")
        if not self.site.owns(asked.token, post):
            return access_denied(f"{asked.operation} on {urn}")
        return self.site.extended(show(post))

    def metadata(self, post: SimulatedPost) -> JSON:
        comments = self.site.number(post, "comments")
        return {
            "entity": post.id,
            "commentsState": "OPEN",
            "reactionSummaries": {
                kind: {"reactionType": kind, "count": count}
                for kind, count in self._reactions(post).items()
            },
            "commentSummary": {"count": comments, "topLevelCount": _first_level(comments)},
        }

    def actions(self, post: SimulatedPost) -> JSON:
        likes, comments = (self.site.number(post, metric) for metric in ("likes", "comments"))
        return {
            "target": post.id,
            "likesSummary": {"totalLikes": likes, "aggregatedTotalLikes": likes},
            "commentsSummary": {
                "totalFirstLevelComments": _first_level(comments),
                "aggregatedTotalComments": comments,
            },
        }

    def _reactions(self, post: SimulatedPost) -> dict[str, int]:
        """All reactions by kind; kinds that nobody chose are left out."""
        kinds = [*REACTIONS]
        if self.site.switch("unknown_fields"):
            kinds.insert(1, _UNKNOWN_REACTION)
        left = self.site.number(post, "likes")
        counts: dict[str, int] = {}
        for kind in reversed(kinds[1:]):
            counts[kind] = int(left * 0.2 * fraction(self.site.world.seed, post.id, kind))
            left -= counts[kind]
        counts[kinds[0]] = left
        return {kind: counts[kind] for kind in kinds if counts[kind]}


def _first_level(comments: int) -> int:
    return comments - comments // 4
