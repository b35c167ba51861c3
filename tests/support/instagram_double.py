"""An Instagram account in a function, which refuses what the Graph API refuses."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analytics_sync.domain.records import Account, Post, PostFailure, Reading
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.platforms.instagram import PLATFORM
from analytics_sync.settings.declare import PlatformSettings
from support.fake_clock import START, FakeClock
from support.graph_doubles import GONE, Answer, GraphSender, ListMemory, context_for, error

ACCOUNT_ID = "17841400000000001"
DIRECT = Account(4, 1, "instagram", ACCOUNT_ID, kind="instagram-login", credential_id=8, app_id=6)
BEHIND_PAGE = Account(4, 1, "instagram", ACCOUNT_ID, kind="facebook-login", credential_id=8)
DIRECT_TOKEN = "IGAAdirect1234567"
PAGE_TOKEN = "EAAPpage123456789"
SECRET = "appsecret"

FEED = ("views", "reach", "likes", "comments", "saved", "shares", "total_interactions")
FEED_SET = (*FEED, "profile_visits", "follows")
REELS_SET = (*FEED, "ig_reels_avg_watch_time", "ig_reels_video_view_total_time")
STORY_SET = (
    "views",
    "reach",
    "replies",
    "shares",
    "total_interactions",
    "profile_visits",
    "follows",
    "navigation",
)
SETS = {"FEED": FEED_SET, "REELS": REELS_SET, "STORY": STORY_SET}
KNOWN = sorted({*FEED_SET, *REELS_SET, *STORY_SET, "reposts", "facebook_views"})
NOT_ALLOWED = error(10, "(#10) Application does not have permission for this action")
FEW_VIEWERS = error(10, "(#10) Not enough viewers for the media to show insights")
BEFORE_CONVERSION = Answer(
    {
        "error": {
            "message": "Invalid parameter",
            "type": "IGApiException",
            "code": 100,
            "error_subcode": 2108006,
            "is_transient": False,
            "error_user_title": "Media posted before business account conversion",
            "error_user_msg": "The media was posted before...",
            "fbtrace_id": "A1",
        }
    },
    400,
)


@dataclass
class Media:
    """One media. `answers` are given to its insights calls, one after the other, before the usual
    one; `refused`: metrics that this very media has not.
    """

    product: str = "FEED"
    media_type: str = "IMAGE"
    refused: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer | Exception | None] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    always: Answer | Exception | None = None


@dataclass
class Gram:
    """An account's media by id. `unknown`: metrics that the API does not know any more."""

    media: dict[str, Media] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    silent: bool = False
    staged: bool = False
    new_style: bool = True
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    special: Callable[[str, dict[str, str]], Answer | Exception | None] | None = None

    def __call__(self, path: str, params: dict[str, str]) -> Answer | Exception | None:
        if path == "batch":
            return None
        if self.special is not None and (told := self.special(path, params)) is not None:
            return told
        if path in self.nodes:
            return Answer(self.nodes[path])
        media_id, _, edge = path.partition("/")
        if media_id == ACCOUNT_ID and edge == "media":
            return Answer({"data": [self._row(name) for name in self.media]})
        media = self.media.get(media_id)
        if media is None:
            return GONE
        return self._insights(media, params) if edge else Answer(self._node(media_id, params))

    def _row(self, media_id: str) -> dict[str, Any]:
        media = self.media[media_id]
        return {
            "id": media_id,
            "media_type": media.media_type,
            "media_product_type": media.product,
            "timestamp": "2026-11-20T10:00:00+0000",
        }

    def _node(self, media_id: str, params: dict[str, str]) -> dict[str, Any]:
        told = {**self._row(media_id), **self.media[media_id].fields}
        return {name: told[name] for name in params["fields"].split(",") if name in told}

    def _insights(self, media: Media, params: dict[str, str]) -> Answer | Exception | None:
        if media.always is not None:
            return media.always
        if media.answers:
            return media.answers.pop(0)
        names = params["metric"].split(",")
        for index, name in enumerate(names):
            if name not in KNOWN or name in self.unknown:
                return self._unknown_name(index)
        refused = [n for n in names if n not in SETS[media.product] or n in media.refused]
        if refused:
            return self.not_supported(*refused[: 1 if self.staged else None])
        if "breakdown" in params and names != ["navigation"]:
            return error(1, "An unknown error has occurred")
        return Answer({"data": [self._metric(media, name, params) for name in names]})

    def _unknown_name(self, index: int) -> Answer:
        if self.silent:
            return error(100, "(#100) The value must be a valid insights metric")
        known = ", ".join(name for name in KNOWN if name not in self.unknown)
        words = f"metric[{index}] must be one of the following values: {known}"
        return error(100, words, type="IGApiException")

    def not_supported(self, *names: str) -> Answer:
        words = (
            f"The Media Insights API does not support the {', '.join(names)} metric for this "
            "media product type."
        )
        if self.new_style:
            return error(100, words, type="IGApiException")
        return error(100, f"(#100) {words}")

    def _metric(self, media: Media, name: str, params: dict[str, str]) -> dict[str, Any]:
        value = media.values.get(name, 7)
        row = {"name": name, "period": "lifetime", "values": [{"value": value}]}
        if "breakdown" in params:
            results = [
                {"dimension_values": ["TAP_FORWARD"], "value": 5},
                {"dimension_values": ["tap_exit"], "value": 2},
            ]
            row["total_value"] = {
                "value": value,
                "breakdowns": [{"dimension_keys": [params["breakdown"]], "results": results}],
            }
        return row


@dataclass
class Told:
    """What one reading of posts brought."""

    results: dict[str, Reading | PostFailure]
    stopped: AnalyticsSyncError | None
    sender: GraphSender
    memory: ListMemory
    clock: FakeClock

    def reading(self, post_id: str) -> Reading:
        found = self.results[post_id]
        assert isinstance(found, Reading), found
        return found

    def failure(self, post_id: str) -> PostFailure:
        found = self.results[post_id]
        assert isinstance(found, PostFailure), found
        return found

    def metrics_asked(self, post_id: str) -> list[list[str]]:
        """The metrics of each insights question about a post, taps left out."""
        asked = self.sender.asked_of(f"{post_id}/insights")
        return [one["metric"].split(",") for one in asked if "breakdown" not in one]


def settings(**more: Any) -> PlatformSettings:
    facebook = PlatformSettings(
        base_url="https://graph.facebook.com", client_secret=SECRET, own={"graph_version": "v26.0"}
    )
    own = {"graph_version": "v26.0"}
    told = {"base_url": PLATFORM.base_url, "client_secret": "ig-secret", "own": own, **more}
    return PlatformSettings(**told, siblings={"facebook": facebook})


def context_of(
    sender: Any,
    account: Account = DIRECT,
    *,
    token: str | None = None,
    clock: FakeClock | None = None,
    memory: ListMemory | None = None,
) -> Any:
    usual = PAGE_TOKEN if account.kind == "facebook-login" else DIRECT_TOKEN
    return context_for(
        PLATFORM,
        sender,
        clock or sender.clock,
        account,
        memory=memory,
        settings=settings(),
        token=token or usual,
    )


def post(post_id: str, kind: str | None = "image", **more: Any) -> Post:
    told: dict[str, Any] = {"published_at": START - timedelta(days=3), **more}
    return Post(int(post_id), post_id, kind=kind, **told)


def read(
    gram: Callable[[str, dict[str, str]], Answer | Exception | None],
    posts: Sequence[Post],
    account: Account = DIRECT,
    memory: ListMemory | None = None,
) -> Told:
    clock = FakeClock()
    sender = GraphSender(gram, clock)
    used = memory or ListMemory()
    context = context_of(sender, account, memory=used)
    results: dict[str, Reading | PostFailure] = {}

    async def collect() -> AnalyticsSyncError | None:
        try:
            async for result in PLATFORM.read(context, posts):
                assert result.platform_post_id not in results
                results[result.platform_post_id] = result
        except AnalyticsSyncError as failure:
            return failure
        return None

    stopped = asyncio.run(collect())
    return Told(results, stopped, sender, used, clock)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
