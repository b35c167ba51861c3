"""What is asked of Facebook for one Page: what its token may, new posts, numbers, totals."""

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
from analytics_sync.platforms._facebook.identity import identity
from analytics_sync.platforms._facebook.listing import published_posts, reels
from analytics_sync.platforms._facebook.lookup import look_up as shown
from analytics_sync.platforms._facebook.reading import PostReader
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.requests import Graph
from analytics_sync.platforms.facebook import page_bucket


async def identify(context: Context) -> Identity:
    return await identity(graph_of(context))


async def discover(context: Context, horizon: Horizon) -> AsyncIterator[list[FoundPost]]:
    graph = graph_of(context)
    async for found in published_posts(graph, horizon.since):
        yield found
    async for found in reels(graph, horizon.since):
        yield found


async def look_up(context: Context, platform_post_id: str) -> FoundPost:
    return await shown(graph_of(context), platform_post_id)


async def read(context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
    async for result in PostReader(graph_of(context), context.metrics).read(posts):
        yield result


async def totals(context: Context) -> AccountTotals | None:
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
