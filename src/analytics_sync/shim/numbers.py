"""The numbers over HTTP, in pages, for the application's own pages."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.errors import WrongUsage
from analytics_sync.platforms import names_meant
from analytics_sync.shim import answers
from analytics_sync.shim.bounds import (
    BusinessPath,
    BusinessQuery,
    Cursor,
    Limit,
    Moment,
    PlatformName,
    PostPath,
    make_cursor,
    read_cursor,
)
from analytics_sync.shim.described import ETAG, responses
from analytics_sync.shim.desk import opened
from analytics_sync.shim.route import Route
from analytics_sync.shim.shapes import History, Posts, Summary

if TYPE_CHECKING:
    from sqlalchemy import Row

    from analytics_sync.store.summaries import Grown, Total

USUAL_SPAN: Final = timedelta(days=30)
MOST_FASTEST: Final = 10

IfNoneMatch = Annotated[str | None, Header(max_length=1_000)]
router = APIRouter(route_class=Route, tags=["numbers"])


@router.get(
    "/api/v1/businesses/{business_id}/posts",
    summary="Posts with their newest numbers",
    responses=responses(Posts, 304, 404, headers=ETAG),
)
def posts(
    business_id: BusinessPath,
    since: Annotated[Moment | None, Query(description="Published then or later.")] = None,
    platform: Annotated[PlatformName | None, Query()] = None,
    cursor: Cursor | None = None,
    limit: Limit = 100,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Posts of a business with their newest numbers, the newest first, in pages."""
    from analytics_sync.store import businesses, pages

    listing = ("posts", business_id, since, platform)
    after = None if cursor is None else read_cursor(cursor, listing)
    with opened() as installation, installation.database.read() as connection:
        businesses.find(connection, str(business_id))
        found = pages.posts(
            connection,
            business_id,
            limit=limit + 1,
            since=since,
            platforms=None if platform is None else names_meant(platform),
            after=after,
        )
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = make_cursor(shown[-1].published_at, shown[-1].id, listing)
    document = {"posts": [_post(row) for row in shown], "next_cursor": following}
    return answers.with_etag(document, if_none_match)


@router.get(
    "/api/v1/posts/{platform}/{platform_post_id}/history",
    summary="The history of a post",
    responses=responses(History, 304, 404, headers=ETAG),
)
def history(
    platform: PlatformName,
    platform_post_id: PostPath,
    business_id: BusinessQuery | None = None,
    since: Annotated[Moment | None, Query(description="Read then or later.")] = None,
    cursor: Cursor | None = None,
    limit: Limit = 500,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Every stored reading of a post in which a number differs from the one before."""
    from analytics_sync.store import pages

    with opened() as installation, installation.database.read() as connection:
        found = _only(
            pages.post_at(connection, names_meant(platform), platform_post_id, business_id)
        )
        listing = ("history", found.id, since)
        after = None if cursor is None else read_cursor(cursor, listing)[0]
        readings = pages.history(connection, found.id, limit=limit + 1, since=since, after=after)
    shown = readings[:limit]
    following = None
    if len(readings) > limit:
        following = make_cursor(shown[-1].captured_at, found.id, listing)
    document = {
        "post": _post(found),
        "history": [{"captured_at": row.captured_at, **_numbers(row)} for row in shown],
        "next_cursor": following,
    }
    return answers.with_etag(document, if_none_match)


@router.get(
    "/api/v1/businesses/{business_id}/summary",
    summary="Numbers and growth by platform",
    responses=responses(Summary, 304, 404, headers=ETAG),
)
def summary(
    business_id: BusinessPath,
    since: Annotated[
        Moment | None, Query(description="Growth is counted from here; else of 30 days.")
    ] = None,
    until: Annotated[Moment | None, Query(description="Else to the newest numbers.")] = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Numbers of a business by platform, how much they grew, and the posts that grew most."""
    from analytics_sync.store import businesses, summaries

    with opened() as installation, installation.database.read() as connection:
        business = businesses.find(connection, str(business_id))
        # From midnight, so that the same is answered for a day.
        today = installation.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        begin = since if since is not None else (until or today) - USUAL_SPAN
        if until is not None and until < begin:
            raise WrongUsage("`until` lies before `since`.", hint="Swap them, or leave one out.")
        span = summaries.Span(begin, until)
        totals = summaries.totals(connection, COLUMNS, span, business_id=business.id)
        fastest = summaries.fastest(
            connection, "impressions", span, limit=MOST_FASTEST, business_id=business.id
        )
    document = {
        "business_id": business.id,
        "business": business.name,
        "since": begin,
        "until": until,
        "platforms": [_total(one) for one in totals],
        "fastest": [_grown(one) for one in fastest],
    }
    return answers.with_etag(document, if_none_match)


def _only(found: "Sequence[Row[Any]]") -> "Row[Any]":
    """The one post that was meant.

    :raises WrongUsage: there is none, or several businesses have it.
    """
    if not found:
        raise WrongUsage(
            "There is no such post.",
            hint="`/api/v1/businesses/{id}/posts` lists those of a business.",
            code="unknown_post",
        )
    if len(found) > 1:
        whose = ", ".join(str(row.business_id) for row in found)
        raise WrongUsage(
            f"The post belongs to several accounts, of the businesses {whose}.",
            hint="Say which with business_id.",
            code="ambiguous_post",
        )
    return found[0]


def _total(one: "Total") -> dict[str, Any]:
    names = ("platform", "posts", "numbers", "growth")
    return {name: getattr(one, name) for name in names}


def _grown(one: "Grown") -> dict[str, Any]:
    return {
        "platform": one.post.platform,
        "platform_post_id": one.post.platform_post_id,
        "published_at": one.post.published_at,
        "impressions": one.value,
        "growth": one.growth,
    }


def _post(row: "Row[Any]") -> dict[str, Any]:
    names = (
        "id",
        "business_id",
        "platform",
        "platform_account_id",
        "platform_post_id",
        "published_at",
        "kind",
        "text",
        "permalink",
        "state",
        "last_read_at",
        "captured_at",
    )
    told = {name: getattr(row, name) for name in names}
    return {**told, **_numbers(row), "unsaid": row.unsaid or []}


def _numbers(row: "Row[Any]") -> dict[str, Any]:
    """The canonical columns, null where the platform did not say; and all under their own names."""
    extra: Mapping[str, Any] = row.extra or {}
    return {**{name: getattr(row, name) for name in COLUMNS}, "extra": extra}
