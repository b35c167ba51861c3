"""X (Twitter): posts looked up by the hundred through the API v2."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics_sync.domain.cadence import Cadence
from analytics_sync.platforms._contract import Context, Platform
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
    from analytics_sync.platforms._login import Login
    from analytics_sync.transport.call import Rules

# Private metrics end at 30 days; one post outside the rule can lose its whole row.
PRIVATE_AGE = timedelta(days=29)


class X(Platform):
    """X. Each post read costs money, once per post and UTC day."""

    name = "x"
    title = "X"
    aliases = ("twitter",)
    account_id_help = "the numeric user id, for example 2244994945"
    base_url = "https://api.x.com"
    token_url = "https://api.x.com/2/oauth2/token"
    authorize_url = "https://x.com/i/oauth2/authorize"
    settings = (
        Setting(
            "dialect",
            "legacy",
            "Names sent to X: `legacy` (tweet.fields) or `new` (post.fields). Both are understood.",
            choices=("legacy", "new"),
        ),
        Setting(
            "daily_read_budget",
            2000,
            "Most posts that may be read on one UTC day; each costs `price_per_read`.",
            least=0,
            most=3_000_000,
        ),
        Setting("price_per_read", 0.005, "US dollars that X charges for a post read.", least=0),
    )
    cadence = Cadence(
        (
            (timedelta(days=2), timedelta(0)),
            (timedelta(days=30), timedelta(days=1)),
            (timedelta(days=90), timedelta(days=7)),
        ),
        None,
    )
    charges_reads = True
    # X docs: Post lookup, `ids`. Posts with private metrics are looked up by themselves.
    posts_per_call = 100
    read_apart_at = (PRIVATE_AGE,)

    def rules(self, account: Account, settings: PlatformSettings) -> Rules:
        from analytics_sync.platforms._x.rules import XRules

        return XRules(account)

    def parse_account_id(self, text: str) -> str:
        from analytics_sync.platforms._x.answers import parse_user_id

        return parse_user_id(text)

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        from analytics_sync.platforms._x.answers import parse_post_id

        return parse_post_id(text)

    def published_from_id(self, platform_post_id: str) -> datetime | None:
        from analytics_sync.platforms._x.answers import published_from_id

        return published_from_id(platform_post_id)

    def login(self, kind: str | None = None) -> Login:
        from analytics_sync.platforms._x.login import LOGIN

        return LOGIN

    async def identify(self, context: Context) -> Identity:
        from analytics_sync.platforms._x import account

        return await account.identify(context)

    def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        from analytics_sync.platforms._x import account

        return account.discover(context, horizon)

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        from analytics_sync.platforms._x import account

        return await account.look_up(context, platform_post_id)

    def read(self, context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        from analytics_sync.platforms._x import account

        return account.read(context, posts)

    async def totals(self, context: Context) -> AccountTotals | None:
        from analytics_sync.platforms._x import account

        return await account.totals(context)


PLATFORM = X()
