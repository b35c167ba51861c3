"""Instagram: media, Reels and stories of a professional account, through the Graph API.

An account is reached in one of two ways. With Instagram Login the token is the account's own and
graph.instagram.com answers. With Facebook Login the account hangs on a Facebook Page, and the
address, the secret and the batches are Facebook's.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

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
from analytics_sync.platforms import _instagram_listing as listings_of
from analytics_sync.platforms import _instagram_media
from analytics_sync.platforms._contract import Context, Platform, app_bucket, credential_bucket
from analytics_sync.platforms._graph import Graph
from analytics_sync.platforms._graph_errors import is_not_allowed
from analytics_sync.platforms._graph_rules import GraphRules
from analytics_sync.platforms._instagram_asking import FACEBOOK_LOGIN, INSTAGRAM_LOGIN, login_of
from analytics_sync.platforms._instagram_identity import identity
from analytics_sync.platforms._instagram_reading import MediaReader
from analytics_sync.settings.declare import PlatformSettings, Setting

TOTALS = ("followers_count", "follows_count", "media_count")


class Instagram(Platform):
    """One account is one professional account.

    Where its kind was not said it is `instagram-login`, which needs nothing of Facebook and is
    what `base_url` belongs to; `account add` also knows tokens of Facebook Login when it asks.
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
        return GraphRules(
            title=self.title,
            version=settings.text("graph_version"),
            usage_type="instagram",
            account_bucket=account_bucket(account),
            credential_bucket=credential_bucket(account),
            app_bucket=app_bucket(account),
        )

    def parse_account_id(self, text: str) -> str:
        return _instagram_media.parse_account_id(text)

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        return _instagram_media.parse_post_id(text)

    async def identify(self, context: Context) -> Identity:
        return await identity(graph_of(context), login_of(context.account, context.token))

    async def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        find = listings_of.stories if listing == "stories" else listings_of.media
        async for found in find(graph_of(context), horizon.since):
            yield found

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        return await listings_of.look_up(graph_of(context), platform_post_id)

    async def read(
        self, context: Context, posts: Sequence[Post]
    ) -> AsyncIterator[Reading | PostFailure]:
        login = login_of(context.account, context.token)
        reader = MediaReader(graph_of(context), together=login == FACEBOOK_LOGIN)
        async for result in reader.read(posts):
            yield result

    async def totals(self, context: Context) -> AccountTotals | None:
        """Fields of the account's node, which no retired metric can spoil."""
        fields = {"fields": ",".join(TOTALS)}
        account_id = context.account.platform_account_id
        try:
            node = await graph_of(context).get(account_id, fields, "Instagram: totals")
        except Refused as refusal:
            if is_not_allowed(refusal):
                return None
            raise
        extra = {name: count for name in TOTALS if (count := as_count(node.get(name))) is not None}
        return AccountTotals(extra.get("followers_count"), extra)


def graph_of(context: Context) -> Graph:
    """The way to this account.

    A proof made with the app's secret is sent to Facebook's host only: Instagram's own is not
    documented to take one.
    """
    settings = context.settings
    through_facebook = login_of(context.account, context.token) == FACEBOOK_LOGIN
    host = settings.siblings["facebook"] if through_facebook else settings
    return Graph(
        context,
        base_url=host.base_url,
        version=settings.text("graph_version"),
        account_bucket=account_bucket(context.account),
        secret=host.client_secret if through_facebook else None,
    )


def account_bucket(account: Account) -> str:
    """Limits are counted for each app and account. (Meta docs: Rate Limits.)"""
    return f"instagram:account:{account.platform_account_id}"


PLATFORM = Instagram()
