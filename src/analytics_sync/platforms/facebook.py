"""Facebook Pages: posts, videos and Reels of a Page and their numbers, through the Graph API."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from analytics_sync.platforms._contract import (
    Context,
    Cost,
    Platform,
    app_bucket,
    credential_bucket,
)
from analytics_sync.settings.declare import PlatformSettings, Setting

if TYPE_CHECKING:
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
    from analytics_sync.platforms._graph.rules import GraphRules
    from analytics_sync.platforms._login import Login


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
        Setting(
            "config_id",
            "none",
            "Configuration of Facebook Login for Business; none: each permission is asked for by name",
            pattern=r"none|[0-9]+",
            form="none, or the digits of its id",
        ),
    )

    def rules(self, account: Account, settings: PlatformSettings) -> GraphRules:
        from analytics_sync.platforms._graph.rules import GraphRules

        return GraphRules(
            title=self.title,
            version=settings.text("graph_version"),
            usage_type="pages",
            account_bucket=page_bucket(account),
            credential_bucket=credential_bucket(account),
            app_bucket=app_bucket(account),
        )

    def read_cost(self, account: Account, settings: PlatformSettings, posts: int) -> Cost:
        """Two items a post (insights and fields, or both kinds of video insights), in batches."""
        from analytics_sync.platforms._graph.sizes import LARGEST_BATCH

        full, rest = divmod(posts, LARGEST_BATCH)
        return Cost(2 * full + -(-2 * rest // LARGEST_BATCH), 2 * posts)

    def listing_cost(self, account: Account, listing: str, known: int) -> Cost:
        """Reels, and as many pages of posts as there are before a long row of old ones."""
        from analytics_sync.platforms._graph.sizes import LARGEST_PAGE, OLD_IN_A_ROW

        pages = min(-(-known // LARGEST_PAGE), 1 + OLD_IN_A_ROW // LARGEST_PAGE)
        requests = 1 + max(1, pages)
        return Cost(requests, requests)

    def parse_account_id(self, text: str) -> str:
        wanted = text.strip()
        if "/" in wanted:
            wanted = _id_in_address(wanted)
        if not re.fullmatch(r"[1-9][0-9]{0,24}", wanted):
            raise ValueError(
                f"{text!r}: a Facebook Page id is digits only (Page settings: Page transparency, "
                "Page ID), not the Page's name"
            )
        return wanted

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        from analytics_sync.platforms._facebook.posts import parse_post_id

        page_id = account.platform_account_id if account is not None else None
        return parse_post_id(text, page_id)

    def login(self, kind: str | None = None) -> Login:
        if kind is not None:
            raise ValueError(f"Facebook has one kind of account, not {kind!r}")
        from analytics_sync.platforms._facebook.login import LOGIN

        return LOGIN

    async def identify(self, context: Context) -> Identity:
        from analytics_sync.platforms._facebook import account

        return await account.identify(context)

    def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        from analytics_sync.platforms._facebook import account

        return account.discover(context, horizon)

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        from analytics_sync.platforms._facebook import account

        return await account.look_up(context, platform_post_id)

    def read(self, context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        from analytics_sync.platforms._facebook import account

        return account.read(context, posts)

    async def totals(self, context: Context) -> AccountTotals | None:
        from analytics_sync.platforms._facebook import account

        return await account.totals(context)


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
