"""Instagram: media, Reels and stories of a professional account, through the Graph API.

An account is reached in one of two ways. With Instagram Login the token is the account's own and
graph.instagram.com answers. With Facebook Login the account hangs on a Facebook Page, and the
address, the secret and the batches are Facebook's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics_sync.platforms._contract import (
    Context,
    Cost,
    Platform,
    app_bucket,
    credential_bucket,
)
from analytics_sync.platforms._instagram.login import FACEBOOK_LOGIN, INSTAGRAM_LOGIN, login_of
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


class Instagram(Platform):
    """One account is one professional account.

    Where its kind was not said, nothing is kept, and its token tells at each use. A log-in is then
    that of `instagram-login`, which needs nothing of Facebook and is what `base_url` belongs to.
    """

    name = "instagram"
    title = "Instagram"
    aliases = ("ig",)
    family = "meta"
    account_kinds = (INSTAGRAM_LOGIN, FACEBOOK_LOGIN)
    account_id_help = (
        "the professional account's numeric id (17841...); left out, the token is asked"
    )
    base_url = "https://graph.instagram.com"
    token_url = "https://api.instagram.com/oauth/access_token"
    authorize_url = "https://www.instagram.com/oauth/authorize"
    settings = (
        Setting(
            "graph_version",
            "v26.0",
            "Graph API version that every call names",
            pattern=r"v\d+\.\d+",
            form="v and a number with one decimal, such as v26.0",
        ),
    )
    # Stories are found and read only while they are live.
    listings = {"posts": timedelta(hours=1), "stories": timedelta(hours=3)}  # noqa: RUF012
    lifetimes = {"story": timedelta(hours=24)}  # noqa: RUF012

    def rules(self, account: Account, settings: PlatformSettings) -> GraphRules:
        from analytics_sync.platforms._graph.rules import GraphRules

        return GraphRules(
            title=self.title,
            version=settings.text("graph_version"),
            usage_type="instagram",
            account_bucket=account_bucket(account),
            credential_bucket=credential_bucket(account),
            app_bucket=app_bucket(account),
        )

    def read_cost(self, account: Account, settings: PlatformSettings, posts: int) -> Cost:
        """Through Facebook in batches; Instagram's own host is asked for each post by itself.

        A live story is asked for twice, but there are never many of them.
        """
        from analytics_sync.platforms._graph.sizes import LARGEST_BATCH

        through_facebook = login_of(account, "") == FACEBOOK_LOGIN
        return Cost(-(-posts // LARGEST_BATCH) if through_facebook else posts, posts)

    def parse_account_id(self, text: str) -> str:
        from analytics_sync.platforms._instagram.media import parse_account_id

        return parse_account_id(text)

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        from analytics_sync.platforms._instagram.media import parse_post_id

        return parse_post_id(text)

    def account_kind(self, platform_account_id: str, kind: str | None) -> str | None:
        """What was said, or nothing: an id does not tell, but a token does (`login_of`)."""
        return kind

    def login(self, kind: str | None = None) -> Login:
        if kind == FACEBOOK_LOGIN:
            from analytics_sync.platforms._facebook.login import BEHIND_PAGES

            return BEHIND_PAGES
        if kind not in {None, INSTAGRAM_LOGIN}:
            kinds = ", ".join(self.account_kinds)
            raise ValueError(f"Instagram has no accounts of kind {kind!r}, but {kinds}")
        from analytics_sync.platforms._instagram.own_login import LOGIN

        return LOGIN

    async def identify(self, context: Context) -> Identity:
        from analytics_sync.platforms._instagram import account

        return await account.identify(context)

    def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        from analytics_sync.platforms._instagram import account

        return account.discover(context, listing, horizon)

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        from analytics_sync.platforms._instagram import account

        return await account.look_up(context, platform_post_id)

    def read(self, context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        from analytics_sync.platforms._instagram import account

        return account.read(context, posts)

    async def totals(self, context: Context) -> AccountTotals | None:
        from analytics_sync.platforms._instagram import account

        return await account.totals(context)


def account_bucket(account: Account) -> str:
    """Limits are counted for each app and account. (Meta docs: Rate Limits.)"""
    return f"instagram:account:{account.platform_account_id}"


PLATFORM = Instagram()
