"""Finds an account's media and live stories (Meta docs: IG User Media, IG User Stories)."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from analytics_sync.domain.records import FoundPost, Post
from analytics_sync.errors import AccountRefused, AnswerNotUnderstood, Refused
from analytics_sync.platforms._graph.errors import is_not_allowed
from analytics_sync.platforms._graph.paging import pages
from analytics_sync.platforms._graph.requests import Graph, Params, graph_time
from analytics_sync.platforms._instagram.media import (
    KIND_FIELDS,
    MEDIA_FIELDS,
    found_media,
    is_ad,
)

# Times of imported posts need not be exact.
MARGIN = timedelta(days=1)


async def media(graph: Graph, since: datetime) -> AsyncIterator[list[FoundPost]]:
    """What was published since then, newest first, without stories; a page at a time.

    The platform is asked for the span and the end is watched too: posts pinned to the top of a
    profile are old, so it is the last of a page that tells how far the listing has come.
    """
    params: Params = {"fields": MEDIA_FIELDS, "since": _seconds(since)}
    path = f"{graph.context.account.platform_account_id}/media"
    try:
        async for rows in pages(graph, path, params, "Instagram: posts"):
            yield _recent(rows, since)
            times = [time for row in rows if (time := graph_time(row.get("timestamp")))]
            if times and times[-1] < since:
                return
    except Refused as refusal:
        _heed_permission(refusal)
        raise


async def stories(graph: Graph, since: datetime) -> AsyncIterator[list[FoundPost]]:
    """The stories that are live: those of the last 24 hours."""
    path = f"{graph.context.account.platform_account_id}/stories"
    try:
        async for rows in pages(graph, path, {"fields": MEDIA_FIELDS}, "Instagram: stories"):
            yield _recent(rows, since, kind="story")
    except Refused as refusal:
        _heed_permission(refusal)
        raise


async def nodes_of(graph: Graph, posts: Sequence[Post]) -> dict[str, dict[str, object]]:
    """Ids, kinds and products of these posts, as far as a short listing shows them.

    At most one page for every two posts, since each could be asked for by itself. Stories are in
    no listing of posts.

    :raises Refused: as any other request.
    """
    times = [post.published_at for post in posts]
    params: Params = {
        "fields": KIND_FIELDS,
        "since": _seconds(min(times) - MARGIN),
        "until": _seconds(max(times) + MARGIN),
    }
    path = f"{graph.context.account.platform_account_id}/media"
    wanted = {post.platform_post_id for post in posts}
    nodes: dict[str, dict[str, object]] = {}
    left = max(1, len(posts) // 2)
    async for rows in pages(graph, path, params, "Instagram: kinds of posts"):
        nodes |= {id: row for row in rows if (id := str(row.get("id"))) in wanted}
        left -= 1
        if not left or len(nodes) == len(wanted):
            break
    return nodes


async def look_up(graph: Graph, post_id: str) -> FoundPost:
    """One media by its id.

    :raises Refused: the platform does not show it.
    :raises AnswerNotUnderstood: it has no id or no time.
    """
    label = "Instagram: one post"
    found = found_media(await graph.get(post_id, {"fields": MEDIA_FIELDS}, label))
    if found is None:
        raise AnswerNotUnderstood(
            f"{label}: the answer has no id or no timestamp",
            hint="Is this the id of a post? Try again later.",
        )
    return found


def _recent(
    rows: Sequence[dict[str, object]], since: datetime, kind: str | None = None
) -> list[FoundPost]:
    found = [found_media(row, kind) for row in rows if not is_ad(row)]
    return [post for post in found if post is not None and post.published_at >= since]


def _heed_permission(refusal: Refused) -> None:
    """Where it is missing, nothing of the account can be listed.

    :raises AccountRefused: it is missing.
    """
    if is_not_allowed(refusal):
        raise AccountRefused(
            f"Posts can't be listed: {refusal.message}",
            hint="Connect again and allow instagram_business_basic (through Facebook: "
            "instagram_basic, pages_show_list and pages_read_engagement).",
        ) from refusal


def _seconds(moment: datetime) -> int:
    """Unix time; the platform knows none before 1970."""
    return max(0, int(moment.timestamp()))
