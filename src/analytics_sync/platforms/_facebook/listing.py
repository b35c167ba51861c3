"""Finds a Page's posts and Reels (Meta docs: Page Feed, Page Video Reels)."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from analytics_sync.domain.records import FoundPost
from analytics_sync.errors import AccountRefused, Refused
from analytics_sync.platforms._facebook.posts import (
    POST_FIELDS,
    REEL_FIELDS,
    found_post,
    found_video,
)
from analytics_sync.platforms._graph.errors import field_missing, is_not_allowed
from analytics_sync.platforms._graph.paging import pages
from analytics_sync.platforms._graph.requests import Graph, Params
from analytics_sync.platforms._graph.sizes import OLD_IN_A_ROW

logger = logging.getLogger(__name__)


async def published_posts(graph: Graph, since: datetime) -> AsyncIterator[list[FoundPost]]:
    """The Page's own posts published since then, a page at a time. Reels are not among them.

    :raises AccountRefused: the token may not list them.
    """
    old_in_a_row = 0
    async for rows in _listed(graph):
        found = [post for post in map(found_post, rows) if post is not None]
        recent = [post for post in found if post.published_at >= since]
        yield recent
        old_in_a_row = 0 if recent else old_in_a_row + len(found)
        if old_in_a_row >= OLD_IN_A_ROW:
            return


async def _listed(graph: Graph) -> AsyncIterator[list[dict[str, Any]]]:
    path = f"{graph.context.account.platform_account_id}/published_posts"
    try:
        async for rows in pages(
            graph, path, {"fields": POST_FIELDS}, "Facebook: posts of the Page"
        ):
            yield rows
    except Refused as refusal:
        if not is_not_allowed(refusal):
            raise
        raise AccountRefused(
            f"New posts can't be found: {refusal.message}",
            hint="Connect again and allow pages_show_list and pages_read_engagement.",
        ) from None


async def reels(graph: Graph, since: datetime) -> AsyncIterator[list[FoundPost]]:
    """The Page's Reels published since then. Not every token may list them, which is no failure."""
    path = f"{graph.context.account.platform_account_id}/video_reels"
    fields = list(REEL_FIELDS)
    while fields:
        params: Params = {"fields": ",".join(fields), "since": int(since.timestamp())}
        try:
            async for rows in pages(graph, path, params, "Facebook: Reels of the Page"):
                found = (found_video(row, "reel") for row in rows)
                yield [post for post in found if post is not None and post.published_at >= since]
        except Refused as refusal:
            missing = field_missing(refusal)
            if missing is None or missing[0] not in fields:
                logger.info("Reels of the Page are not listed: %s", refusal.message)
                return
            fields.remove(missing[0])
        else:
            return
