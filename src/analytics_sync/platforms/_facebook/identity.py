"""Whose token it is, and what it may read of the Page (Meta docs: Permissions Reference)."""

from collections.abc import Sequence
from typing import Any

from analytics_sync.domain.records import Identity
from analytics_sync.errors import CallFailed, CredentialRefused, Refused, WrongUsage
from analytics_sync.platforms._graph.batch import Answer, ask_batch
from analytics_sync.platforms._graph.errors import field_missing, is_not_allowed
from analytics_sync.platforms._graph.requests import Graph, relative_url, rows_of

FIELDS = "id,name,followers_count"
LABEL = "Facebook: what the token may read"

POSTS = "posts of the Page (pages_read_engagement)"
NUMBERS = "numbers of posts (read_insights)"
COMMENTS = "comments of posts (pages_read_user_content)"


async def identity(graph: Graph) -> Identity:
    """The Page, and which of its numbers are open to the token.

    :raises WrongUsage: no Page id was given, and the token is a person's.
    """
    page_id = graph.context.account.platform_account_id
    node = await (_page(graph, page_id) if page_id else _me(graph))
    found = str(node.get("id") or page_id)
    answers = await ask_batch(graph, _probes(found), LABEL)
    name = node.get("name")
    return Identity(
        platform_account_id=found,
        name=name if isinstance(name, str) else None,
        may_read=(*(["followers"] if "followers_count" in node else []), *_may_read(answers)),
        lacks=_lacks(answers),
    )


def _probes(page_id: str) -> list[str]:
    """One cheap question for each permission, in the order POSTS, NUMBERS, COMMENTS.

    Only refusals of permission count: a metric that is retired one day must not spoil a set-up.
    """
    comments = "id,comments.limit(0).summary(true)"
    return [
        relative_url(f"{page_id}/published_posts", {"fields": "id", "limit": 1}),
        relative_url(f"{page_id}/insights", {"metric": "page_post_engagements", "period": "day"}),
        relative_url(f"{page_id}/published_posts", {"fields": comments, "limit": 1}),
    ]


def _may_read(answers: Sequence[Answer]) -> tuple[str, ...]:
    return tuple(
        what
        for what, answer in zip((POSTS, NUMBERS, COMMENTS), answers, strict=True)
        if isinstance(answer, dict)
    )


def _lacks(answers: Sequence[Answer]) -> tuple[str, ...]:
    for answer in answers:
        if isinstance(answer, CredentialRefused):
            raise answer
    return tuple(
        what
        for what, answer in zip((POSTS, NUMBERS, COMMENTS), answers, strict=True)
        if isinstance(answer, Refused) and is_not_allowed(answer)
    )


async def _page(graph: Graph, page_id: str) -> dict[str, Any]:
    """The Page, by its name alone where nothing more is allowed: the probes then tell why."""
    try:
        return await graph.get(page_id, {"fields": FIELDS}, LABEL)
    except Refused as refusal:
        if not is_not_allowed(refusal):
            raise
    return await graph.get(page_id, {"fields": "id,name"}, LABEL)


async def _me(graph: Graph) -> dict[str, Any]:
    """The Page that the token belongs to."""
    try:
        return await graph.get("me", {"fields": FIELDS}, LABEL)
    except Refused as refusal:
        missing = field_missing(refusal)
        if missing is None:
            raise
    raise WrongUsage(
        "This token belongs to a person, not to a Page.",
        hint=f"Name the Page with --platform-account-id{await _pages_of_person(graph)}; "
        "best with the Page's own token (me/accounts, field access_token).",
    )


async def _pages_of_person(graph: Graph) -> str:
    """The Pages that the person manages, if they can be listed."""
    try:
        body = await graph.get("me/accounts", {"fields": "id,name", "limit": 25}, LABEL)
    except CallFailed:
        return ""
    named = [f"{row.get('id')} ({row.get('name')})" for row in rows_of(body)]
    return f": {', '.join(named)}" if named else ""
