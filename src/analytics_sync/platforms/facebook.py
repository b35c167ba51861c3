"""Facebook Pages: posts, videos and Reels of a Page and their numbers, through the Graph API."""

import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qs, urlsplit

from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import (
    Account,
    AccountTotals,
    FoundPost,
    Horizon,
    Identity,
    Post,
    PostFailure,
    Reading,
)
from analytics_sync.errors import Refused
from analytics_sync.platforms import _facebook_posts
from analytics_sync.platforms._contract import Context, Platform, app_bucket, credential_bucket
from analytics_sync.platforms._facebook_identity import identity
from analytics_sync.platforms._facebook_listing import published_posts, reels
from analytics_sync.platforms._facebook_lookup import look_up
from analytics_sync.platforms._facebook_reading import PostReader
from analytics_sync.platforms._graph import Graph
from analytics_sync.platforms._graph_errors import is_not_allowed
from analytics_sync.platforms._graph_rules import GraphRules
from analytics_sync.settings.declare import PlatformSettings, Setting


class Facebook(Platform):
    """One account is one Page, read with a token of that Page."""

    name = "facebook"
    title = "Facebook"
    aliases = ("fb",)
    family = "meta"
    account_id_help = "the Page's numeric id (Page settings: Page transparency, Page ID)"
    base_url = "https://graph.facebook.com"
    token_url = "https://graph.facebook.com/v26.0/oauth/access_token"
    authorize_url = "https://www.facebook.com/v26.0/dialog/oauth"
    settings = (
        Setting(
            "graph_version",
            "v26.0",
            "Graph API version that every call names",
            pattern=r"v\d+\.\d+",
            form="v and a number with one decimal, such as v26.0",
        ),
    )

    def rules(self, account: Account, settings: PlatformSettings) -> GraphRules:
        return GraphRules(
            title=self.title,
            version=settings.text("graph_version"),
            usage_type="pages",
            account_bucket=page_bucket(account),
            credential_bucket=credential_bucket(account),
            app_bucket=app_bucket(account),
        )

    def parse_account_id(self, text: str) -> str:
        wanted = text.strip()
        if "/" in wanted:
            wanted = _id_in_address(wanted)
        if not re.fullmatch(r"[0-9]{1,25}", wanted):
            raise ValueError(
                f"{text!r}: a Facebook Page id is digits only (Page settings: Page transparency, "
                "Page ID), not the Page's name"
            )
        return wanted

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        page_id = account.platform_account_id if account is not None else None
        return _facebook_posts.parse_post_id(text, page_id)

    async def identify(self, context: Context) -> Identity:
        return await identity(graph_of(context))

    async def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        graph = graph_of(context)
        async for found in published_posts(graph, horizon.since):
            yield found
        async for found in reels(graph, horizon.since):
            yield found

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        return await look_up(graph_of(context), platform_post_id)

    async def read(
        self, context: Context, posts: Sequence[Post]
    ) -> AsyncIterator[Reading | PostFailure]:
        async for result in PostReader(graph_of(context)).read(posts):
            yield result

    async def totals(self, context: Context) -> AccountTotals | None:
        """Fields of the Page node, which no retired metric can spoil."""
        fields = {"fields": "id,name,followers_count,fan_count"}
        page = context.account.platform_account_id
        try:
            node = await graph_of(context).get(page, fields, "Facebook: totals of the Page")
        except Refused as refusal:
            if is_not_allowed(refusal):
                return None
            raise
        told = {name: as_count(node.get(name)) for name in ("followers_count", "fan_count")}
        extra = {name: count for name, count in told.items() if count is not None}
        return AccountTotals(told["followers_count"], extra)


def graph_of(context: Context) -> Graph:
    settings = context.settings
    return Graph(
        context,
        base_url=settings.base_url,
        version=settings.text("graph_version"),
        account_bucket=page_bucket(context.account),
        secret=settings.client_secret,
    )


def page_bucket(account: Account) -> str:
    """Limits of Page tokens are counted for each Page. (Meta docs: Rate Limits.)"""
    return f"facebook:page:{account.platform_account_id}"


def _id_in_address(text: str) -> str:
    """facebook.com/profile.php?id=1110001, facebook.com/1110001."""
    address = urlsplit(text if "//" in text else f"https://{text}")
    named = parse_qs(address.query).get("id", [])
    last = address.path.rstrip("/").rsplit("/", 1)[-1]
    return named[0] if named else last


PLATFORM = Facebook()
