"""Walks the Graph API's cursor-paged listings (Meta docs: Paginated Results)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from analytics_sync.errors import Refused
from analytics_sync.platforms._circles import Pages
from analytics_sync.platforms._graph.errors import wants_less
from analytics_sync.platforms._graph.requests import Graph, Params, rows_of
from analytics_sync.platforms._graph.sizes import LARGEST_PAGE

# Where a listing goes on. All but the first belong to older, time-paged edges.
_POSITION: Final = ("after", "until", "__paging_token", "__previous", "offset")


async def pages(
    graph: Graph, path: str, params: Params, label: str, *, limit: int = LARGEST_PAGE
) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of a listing, a page at a time; a page may be empty with more to come.

    Ends only when `next` is absent. `next` itself is never requested, because it holds the token:
    the request is built anew from its cursor. When the platform asks for less data, the page size
    is halved for the rest of the listing.

    :raises AnswerNotUnderstood: the listing goes in a circle.
    :raises Refused: as any other request.
    """
    position: dict[str, str] = {}
    so_far = Pages(label)
    while True:
        try:
            body = await graph.get(path, {**params, **position, "limit": limit}, label)
        except Refused as refusal:
            if not wants_less(refusal) or limit == 1:
                raise
            limit = max(1, limit // 2)
            continue
        rows = rows_of(body)
        yield rows
        position = next_position(body)
        if not position:
            return
        ids = [str(row.get("id")) for row in rows]
        so_far.check(ids, tuple(sorted(position.items())))


def next_position(body: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of the next page; none when this page is the last."""
    paging = body.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(paging, dict) or not isinstance(following, str) or not following:
        return {}
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if isinstance(after, str) and after:
        return {"after": after}
    try:
        query = parse_qs(urlsplit(following).query)
    except ValueError:
        return {}
    return {name: query[name][0] for name in _POSITION if name in query}
