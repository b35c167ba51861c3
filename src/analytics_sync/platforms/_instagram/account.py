"""What is asked for one Instagram account: what its token may, new media, numbers, totals."""

from collections.abc import AsyncIterator, Sequence

from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import (
    AccountTotals,
    FoundPost,
    Horizon,
    Identity,
    Post,
    PostFailure,
    Reading,
)
from analytics_sync.errors import Refused
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms._instagram import listing as listings_of
from analytics_sync.platforms._instagram.identity import identity
from analytics_sync.platforms._instagram.login import FACEBOOK_LOGIN, login_of
from analytics_sync.platforms._instagram.reading import MediaReader
from analytics_sync.platforms.instagram import account_bucket

TOTALS = ("followers_count", "follows_count", "media_count")


async def identify(context: Context) -> Identity:
    return await identity(graph_of(context), login_of(context.account, context.token))


async def discover(
    context: Context, listing: str, horizon: Horizon
) -> AsyncIterator[list[FoundPost]]:
    find = listings_of.stories if listing == "stories" else listings_of.media
    async for found in find(graph_of(context), horizon.since):
        yield found


async def look_up(context: Context, platform_post_id: str) -> FoundPost:
    return await listings_of.look_up(graph_of(context), platform_post_id)


async def read(context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
    login = login_of(context.account, context.token)
    together = login == FACEBOOK_LOGIN
    reader = MediaReader(graph_of(context), context.metrics, together=together)
    async for result in reader.read(posts):
        yield result


async def totals(context: Context) -> AccountTotals | None:
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
