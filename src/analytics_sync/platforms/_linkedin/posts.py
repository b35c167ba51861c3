"""LinkedIn's posts as it lists and shows them (LinkedIn docs: Posts API). Their text is not kept."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final

from analytics_sync.clock import from_milliseconds
from analytics_sync.domain.metrics import as_count
from analytics_sync.domain.records import FoundPost, Horizon
from analytics_sync.errors import AnswerNotUnderstood, WrongUsage
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin import urns
from analytics_sync.platforms._linkedin.calls import POSTS, Api, elements_of, object_of

PAGE_SIZE: Final = 100

# By the type of the URN in `content.media.id`.
_MEDIA_KINDS: Final = {"image": "image", "video": "video", "document": "document"}
_CONTENT_KINDS: Final = {"article": "link", "multiImage": "album", "carousel": "carousel"}

# Later than this no clock of LinkedIn goes: 9999 is where Python's datetimes end.
_LAST_MILLISECOND: Final = 253_402_300_799_000


async def listed(context: Context, horizon: Horizon) -> AsyncIterator[list[FoundPost]]:
    """The published posts of an organisation since the horizon, newest first, a page at a time.

    Each post once: posts published meanwhile shift the pages, so that LinkedIn repeats some.
    """
    seen: set[str] = set()
    start = 0
    while True:
        elements = await newest_posts(context, start)
        found = {post.platform_post_id: post for e in elements if (post := found_post(e))}
        new = [post for urn, post in found.items() if urn not in seen]
        yield [post for post in new if post.published_at >= horizon.since]
        if len(elements) < PAGE_SIZE or not new or _reaches(horizon, elements, found):
            return
        seen |= found.keys()
        start += PAGE_SIZE


async def newest_posts(context: Context, start: int = 0) -> list[Mapping[str, Any]]:
    """One page of an organisation's posts, drafts and all, newest first."""
    call = Api.of(context).finder(
        POSTS,
        "author",
        [
            ("author", context.account.platform_account_id),
            ("start", start),
            ("count", PAGE_SIZE),
            # The default order, by last change, shifts between pages.
            ("sortBy", "CREATED"),
        ],
    )
    return elements_of(call, await context.send(call))


def _reaches(
    horizon: Horizon, elements: list[Mapping[str, Any]], found: Mapping[str, FoundPost]
) -> bool:
    """Whether a page goes back to the horizon. Pages are in the order of creation."""
    if horizon.newest_known_id in found:
        return True
    created = [moment for element in elements if (moment := _moment(element.get("createdAt")))]
    return any(moment < horizon.since for moment in created)


async def shown(context: Context, platform_post_id: str) -> FoundPost:
    """One post by its URN.

    :raises Refused: LinkedIn does not show it.
    :raises WrongUsage: it is somebody else's.
    """
    call = Api.of(context).get(POSTS, platform_post_id)
    element = object_of(call, await context.send(call))
    if not is_author(element, context.account.platform_account_id):
        raise WrongUsage(
            f"{platform_post_id} was published by {element['author']}, not by "
            f"{context.account.platform_account_id}.",
            hint="Add it to the account that published it.",
        )
    moment = _published_at(element) or urns.published_at(platform_post_id)
    if moment is None:
        raise AnswerNotUnderstood(f"{call.label}: the answer does not say when it was published")
    return _found(platform_post_id, moment, element)


def is_author(element: Mapping[str, Any], platform_account_id: str) -> bool:
    """Whether a post is the account's; taken for granted where LinkedIn does not say."""
    return element.get("author") in (None, platform_account_id)


def found_post(element: Mapping[str, Any]) -> FoundPost | None:
    """A post of a listing; None for drafts and for what statistics can't be asked for."""
    urn = element.get("id")
    if not isinstance(urn, str) or urns.post_type(urn) is None:
        return None
    if element.get("lifecycleState", "PUBLISHED") != "PUBLISHED":
        return None
    moment = _published_at(element) or urns.published_at(urn)
    return _found(urn, moment, element) if moment else None


def _found(urn: str, moment: datetime, element: Mapping[str, Any]) -> FoundPost:
    return FoundPost(urn, moment, kind=_kind(element), permalink=urns.permalink(urn))


def _published_at(element: Mapping[str, Any]) -> datetime | None:
    return _moment(element.get("publishedAt")) or _moment(element.get("createdAt"))


def _moment(value: Any) -> datetime | None:
    milliseconds = as_count(value)
    if milliseconds is None or not 0 < milliseconds <= _LAST_MILLISECOND:
        return None
    return from_milliseconds(milliseconds)


def _kind(element: Mapping[str, Any]) -> str | None:
    """The kind that the content tells; None for polls, reposts, events and what is new."""
    content = element.get("content")
    if not content:
        is_text = bool(element.get("commentary")) and not element.get("reshareContext")
        return "text" if is_text else None
    if not isinstance(content, dict):
        return None
    media = content.get("media")
    if isinstance(media, dict):
        return _MEDIA_KINDS.get(_urn_type(media.get("id")))
    return next((kind for name, kind in _CONTENT_KINDS.items() if name in content), None)


def _urn_type(urn: Any) -> str:
    parts = urn.split(":") if isinstance(urn, str) else []
    return parts[2] if len(parts) > 3 else ""
