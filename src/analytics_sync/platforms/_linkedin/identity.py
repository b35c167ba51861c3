"""Tries a token: whose it is, which page it serves, and what it may read there."""

from collections.abc import Sequence
from typing import Final

from analytics_sync.domain.records import Identity
from analytics_sync.errors import Refused, WrongUsage
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin.calls import ORGANIZATIONS, POSTS, Api
from analytics_sync.platforms._linkedin.kinds import (
    ACCOUNT_ID_FORM,
    MEMBER,
    ORGANIZATION,
    is_person,
)
from analytics_sync.platforms._linkedin.member_calls import member_followers_call, try_right
from analytics_sync.platforms._linkedin.organization import followers_call, statistics_call
from analytics_sync.platforms._linkedin.person import person_of, text_of, welcome
from analytics_sync.platforms._linkedin.roles import administered, role_lost
from analytics_sync.platforms._linkedin.versions import version_warning
from analytics_sync.transport.call import Call

_NAME_IT: Final = "Name the account with --platform-account-id"


async def identify(context: Context) -> Identity:
    """Whose token it is and what it may read.

    :raises AccountRefused: it may not read the numbers of this account's posts.
    :raises WrongUsage: no account is named, and the token does not tell which is meant.
    """
    account = context.account
    is_member = is_person(account.platform_account_id) or account.kind == MEMBER
    pages = [] if is_member else await _pages(context)
    if not account.platform_account_id:
        account = account._replace(platform_account_id=await _account_of(context, pages or []))
        context = context._replace(account=account)
    if is_person(account.platform_account_id):
        return await _identify_member(context)
    return await _identify_organization(context, pages)


async def _account_of(context: Context, pages: Sequence[str]) -> str:
    """The one page that the token's member administers; the member where there is none."""
    if len(pages) > 1:
        raise WrongUsage(
            f"This LinkedIn token serves {len(pages)} pages: {', '.join(pages)}.",
            hint=f"{_NAME_IT}.",
        )
    if pages:
        return pages[0]
    if context.account.kind == ORGANIZATION:
        raise WrongUsage(
            "This LinkedIn token does not tell of any page: its member administers none, or it "
            "lacks the scope rw_organization_admin.",
            hint=f"{_NAME_IT} urn:li:organization:<number>.",
        )
    person = await person_of(context)
    if person is None:
        raise WrongUsage(
            "This LinkedIn token does not tell whose it is (scopes openid and profile), and of no "
            "page that its member administers (scope rw_organization_admin).",
            hint=f"{_NAME_IT}: {ACCOUNT_ID_FORM}.",
        )
    return person.urn


async def _identify_organization(context: Context, pages: Sequence[str] | None) -> Identity:
    page = context.account.platform_account_id
    if pages is not None and page not in pages:
        raise role_lost(page, f"the pages that it lists are {', '.join(pages) or 'none'}")
    await context.send(statistics_call(context))
    may_read, lacks = await _tried(context, _organization_trials(context))
    return Identity(
        page,
        name=await _page_name(context),
        kind=ORGANIZATION,
        may_read=("numbers of posts", *may_read),
        lacks=(*lacks, *_warnings(context)),
    )


async def _identify_member(context: Context) -> Identity:
    wanted = context.account.platform_account_id
    person = await person_of(context)
    if person is not None and person.urn != wanted:
        raise WrongUsage(
            f"This LinkedIn token belongs to {person.urn}, not to {wanted}.",
            hint="A member's numbers are shown to that member's own token only.",
        )
    await try_right(context)
    may_read, lacks = await _tried(context, _member_trials(context))
    return Identity(
        wanted,
        name=person.name if person else None,
        kind=MEMBER,
        may_read=("numbers of posts", *may_read),
        lacks=(
            *lacks,
            "list of posts (LinkedIn lists no member's posts: use post add or import)",
            *_warnings(context),
        ),
    )


# What may be read, what it takes, and a call that proves it.
_Trial = tuple[str, str, Call]


def _organization_trials(context: Context) -> Sequence[_Trial]:
    newest = (("start", 0), ("count", 1), ("sortBy", "CREATED"))
    author = ("author", context.account.platform_account_id)
    posts = Api.of(context).finder(POSTS, "author", (author, *newest))
    return (
        (
            "list of posts",
            "scope r_organization_social; without it new posts are not found by themselves",
            posts,
        ),
        ("followers", "scope rw_organization_admin", followers_call(context)),
    )


def _member_trials(context: Context) -> Sequence[_Trial]:
    return (("followers", "scope r_member_profileAnalytics", member_followers_call(context)),)


async def _tried(context: Context, trials: Sequence[_Trial]) -> tuple[list[str], list[str]]:
    """What the trials proved to be readable, and what was refused."""
    may_read: list[str] = []
    lacks: list[str] = []
    for what, condition, call in trials:
        try:
            await context.send(call)
        except Refused as refused:
            lacks.append(f"{what} ({condition}; HTTP {refused.status})")
        else:
            may_read.append(what)
    return may_read, lacks


def _warnings(context: Context) -> tuple[str, ...]:
    warning = version_warning(context.settings.text("version"), context.clock.now())
    return (warning,) if warning else ()


async def _pages(context: Context) -> list[str] | None:
    """The pages that the token's member administers; None where it may not ask."""
    try:
        return await administered(context)
    except Refused:
        return None


async def _page_name(context: Context) -> str | None:
    number = context.account.platform_account_id.rpartition(":")[2]
    answer = await welcome(context, Api.of(context).get(ORGANIZATIONS, number))
    return text_of(answer.get("localizedName"))
