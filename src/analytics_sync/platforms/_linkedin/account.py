"""What is asked of LinkedIn for one account, which is an organisation's page or a member."""

from collections.abc import AsyncIterator, Sequence

from analytics_sync.domain.records import (
    AccountTotals,
    FoundPost,
    Horizon,
    Identity,
    Post,
    PostFailure,
    Reading,
)
from analytics_sync.errors import WrongUsage
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._linkedin import identity as identities
from analytics_sync.platforms._linkedin import posts as listed
from analytics_sync.platforms._linkedin import urns
from analytics_sync.platforms._linkedin.kinds import is_person
from analytics_sync.platforms._linkedin.member import MemberReader
from analytics_sync.platforms._linkedin.member_calls import member_totals
from analytics_sync.platforms._linkedin.organization import OrganizationReader, organization_totals


async def identify(context: Context) -> Identity:
    return await identities.identify(context)


async def discover(context: Context, horizon: Horizon) -> AsyncIterator[list[FoundPost]]:
    if _is_member(context):
        return
    async for page in listed.listed(context, horizon):
        yield page


async def look_up(context: Context, platform_post_id: str) -> FoundPost:
    """A member's post is not shown by LinkedIn: its id alone tells when it was published."""
    if not _is_member(context):
        return await listed.shown(context, platform_post_id)
    published_at = urns.published_at(platform_post_id)
    if published_at is None:
        raise WrongUsage(
            f"{platform_post_id} does not tell when it was published, and LinkedIn shows no "
            "member's posts.",
            hint="Import it with its published_at: analytics-sync post import",
        )
    return FoundPost(platform_post_id, published_at, permalink=urns.permalink(platform_post_id))


def read(context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
    reader = MemberReader(context) if _is_member(context) else OrganizationReader(context)
    return reader.results(posts)


async def totals(context: Context) -> AccountTotals | None:
    return await (member_totals if _is_member(context) else organization_totals)(context)


def _is_member(context: Context) -> bool:
    return is_person(context.account.platform_account_id)
