"""Whose token it is, and what it may read of the account (Meta docs: Instagram Platform)."""

from collections.abc import Sequence
from typing import Any, Final

from analytics_sync.domain.records import Identity
from analytics_sync.errors import (
    AnalyticsSyncError,
    AnswerNotUnderstood,
    CredentialRefused,
    Refused,
    WrongUsage,
)
from analytics_sync.platforms._graph.errors import field_missing, is_not_allowed
from analytics_sync.platforms._graph.paging import pages
from analytics_sync.platforms._graph.requests import Graph, rows_of
from analytics_sync.platforms._instagram.asking import Question, ask
from analytics_sync.platforms._instagram.login import FACEBOOK_LOGIN, INSTAGRAM_LOGIN

LABEL: Final = "Instagram: what the token may read"
CONNECTED: Final = "instagram_business_account"

_SCOPES: Final = {
    INSTAGRAM_LOGIN: ("instagram_business_basic", "instagram_business_manage_insights"),
    FACEBOOK_LOGIN: ("instagram_basic", "instagram_manage_insights"),
}


async def identity(graph: Graph, login: str) -> Identity:
    """The professional account, and which of its numbers are open to the token.

    :raises WrongUsage: the id is not that of the token's account, or several accounts are meant.
    :raises Refused: the platform does not show the account.
    """
    find = _through_facebook if login == FACEBOOK_LOGIN else own_account
    account_id, name = await find(graph)
    may_read, lacks = await _rights(graph, account_id, login)
    return Identity(account_id, name=name, kind=login, may_read=may_read, lacks=lacks)


async def own_account(graph: Graph) -> tuple[str, str | None]:
    """The token's own account, id and name. `id` is another one in each app, `user_id` its own.

    :raises WrongUsage: another account was named.
    """
    node = await graph.get("me", {"fields": "user_id,username"}, LABEL)
    if "user_id" not in node:
        node = next(iter(rows_of(node)), node)
    found = _id(node.get("user_id"))
    if found is None:
        raise AnswerNotUnderstood(f"{LABEL}: the answer has no user_id", hint="Try again later.")
    given = graph.context.account.platform_account_id
    if given not in {"", found}:
        raise WrongUsage(
            f"This token belongs to the Instagram account {found}{_called(node)}, not to {given}.",
            hint=f"Name {found}, leave --platform-account-id out, or take that account's token.",
        )
    return found, _name(node)


async def _through_facebook(graph: Graph) -> tuple[str, str | None]:
    """The account that was named, else the only one behind the Pages of the token."""
    given = graph.context.account.platform_account_id
    if given:
        return given, _name(await _named(graph, given))
    accounts = await _connected(graph)
    if len(accounts) == 1:
        account_id, node = next(iter(accounts.items()))
        return account_id, _name(node)
    if not accounts:
        raise WrongUsage(
            "No Instagram professional account is connected to the Pages of this token.",
            hint="Connect it to its Page (Instagram: Settings, Business tools), allow that Page in "
            "the log-in, or name the account with --platform-account-id.",
        )
    listed = ", ".join(f"{account_id}{_called(node)}" for account_id, node in accounts.items())
    raise WrongUsage(
        f"This token reaches {len(accounts)} Instagram accounts.",
        hint=f"Name one of them with --platform-account-id: {listed}.",
    )


async def _named(graph: Graph, account_id: str) -> dict[str, Any]:
    """The account's node. Pages have a user name too, but follow nobody."""
    try:
        return await graph.get(account_id, {"fields": "id,username,follows_count"}, LABEL)
    except Refused as refusal:
        missing = field_missing(refusal)
        if missing is None:
            raise
    raise WrongUsage(
        f"{account_id} is the id of a {missing[1]}, not of an Instagram professional account.",
        hint="Leave --platform-account-id out to find the account behind the token's Pages.",
    )


async def _connected(graph: Graph) -> dict[str, dict[str, Any]]:
    """The Instagram accounts of the token's Page, or of all Pages of its person, by id."""
    page_ids = await _pages_of_person(graph)
    questions = [
        Question(page_id, {"fields": f"id,{CONNECTED}{{id,username}}"}) for page_id in page_ids
    ]
    await ask(graph, questions, LABEL, together=len(questions) > 1)
    found = {}
    for question in questions:
        if isinstance(question.answer, AnalyticsSyncError):
            raise question.answer
        node = question.answer.get(CONNECTED) if question.answer is not None else None
        if isinstance(node, dict) and (account_id := _id(node.get("id"))):
            found[account_id] = node
    return found


async def _pages_of_person(graph: Graph) -> list[str]:
    """Ids of the Pages; a Page's own token has no list of them, only itself."""
    try:
        listing = pages(graph, "me/accounts", {"fields": "id,name"}, LABEL)
        return [
            page_id async for rows in listing for row in rows if (page_id := _id(row.get("id")))
        ]
    except Refused as refusal:
        if field_missing(refusal) is None:
            raise
    return ["me"]


async def _rights(
    graph: Graph, account_id: str, login: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the token may read, and what it lacks; what only trouble hid is in neither.

    Only refusals of permission count: a metric that is retired one day must not spoil a set-up.
    """
    basic, insights = _SCOPES[login]
    total = {"metric": "reach", "period": "day", "metric_type": "total_value"}
    probes = {
        f"followers ({basic})": Question(account_id, {"fields": "followers_count"}),
        f"posts of the account ({basic})": Question(
            f"{account_id}/media", {"fields": "id", "limit": 1}
        ),
        f"numbers of posts ({insights})": Question(f"{account_id}/insights", total),
    }
    await ask(graph, list(probes.values()), LABEL, together=login == FACEBOOK_LOGIN)
    _heed_dead_token(list(probes.values()))
    told = (what for what, probe in probes.items() if isinstance(probe.answer, dict))
    refusals = {what: probe.refusal for what, probe in probes.items()}
    lacks = (what for what, refusal in refusals.items() if refusal and is_not_allowed(refusal))
    return tuple(told), tuple(lacks)


def _heed_dead_token(questions: Sequence[Question]) -> None:
    for question in questions:
        if isinstance(question.answer, CredentialRefused):
            raise question.answer


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _name(node: dict[str, Any]) -> str | None:
    name = node.get("username")
    return name if isinstance(name, str) and name else None


def _called(node: dict[str, Any]) -> str:
    name = _name(node)
    return f" ({name})" if name else ""
