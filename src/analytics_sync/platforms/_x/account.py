"""What is asked of X for one account: whose it is, its new posts, their numbers, its totals."""

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
from analytics_sync.errors import AccountRefused, BudgetSpent, Refused
from analytics_sync.platforms._circles import Pages
from analytics_sync.platforms._contract import Context, app_bucket
from analytics_sync.platforms._x import answers
from analytics_sync.platforms._x.lookup import Lookup
from analytics_sync.platforms._x.requests import Requests

# X docs: Timelines, `max_results`.
LARGEST_PAGE = 100
SMALLEST_PAGE = 5


async def identify(context: Context) -> Identity:
    """Whose token: `GET /2/users/me`, or the named user where the token is an app's."""
    wanted = context.account.platform_account_id
    requests = Requests(context)
    try:
        user = answers.user_of(await requests.me())
    except AccountRefused:
        if not wanted:
            raise
        user = answers.user_of(await requests.user(wanted))
        return answers.as_identity(user, own=False)
    if wanted and user["id"] != wanted:
        other = answers.user_of(await requests.user(wanted))
        return answers.as_identity(other, own=False)
    return answers.as_identity(user, own=True)


async def discover(context: Context, horizon: Horizon) -> AsyncIterator[list[FoundPost]]:
    """The account's own posts, reposts left out (X docs: User Posts timeline)."""
    requests = Requests(context)
    token: str | None = None
    so_far = Pages("X timeline")
    while True:
        granted = await context.reads.take(LARGEST_PAGE)
        if granted < SMALLEST_PAGE:
            await context.reads.give_back(granted)
            raise budget_spent(context)
        page = answers.Page(await _page(requests, horizon, granted, token, context))
        await context.reads.give_back(granted - page.count)
        yield page.posts
        token = page.next_token
        if token is None:
            return
        so_far.check([post.platform_post_id for post in page.posts], token)


async def _page(
    requests: Requests, horizon: Horizon, size: int, token: str | None, context: Context
) -> object:
    """One page; a page that fails costs nothing."""
    try:
        return await requests.timeline(horizon, size, token)
    except BaseException:
        await context.reads.give_back(size)
        raise


async def look_up(context: Context, platform_post_id: str) -> FoundPost:
    if await context.reads.take(1) < 1:
        raise budget_spent(context)
    answer = answers.Answer(await Requests(context).dates([platform_post_id]))
    row = answer.rows.get(platform_post_id)
    if row is None:
        await context.reads.give_back(1)
        failure = answer.failure(platform_post_id)
        raise Refused(failure.message, status=200, reason=failure.code)
    return answers.as_found(row)


async def read(context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
    """Look up by 100; posts young enough for private metrics in batches of their own."""
    lookup = Lookup(context, Requests(context))
    affordable, unaffordable = await lookup.afford(posts)
    async for result in lookup.results(affordable):
        yield result
    if unaffordable:
        raise budget_spent(context)


async def totals(context: Context) -> AccountTotals | None:
    user = answers.user_of(await Requests(context).user(context.account.platform_account_id))
    return answers.as_totals(user)


def budget_spent(context: Context) -> BudgetSpent:
    """Our own ceiling of paid reads is reached for this UTC day."""
    budget = context.settings.number("daily_read_budget")
    return BudgetSpent(
        f"X: the budget of {budget} posts read a day is spent.",
        until=context.reads.spent_until(),
        bucket=f"{app_bucket(context.account)}:reads",
        hint="It begins anew at 00:00 UTC; raise platforms.x.daily_read_budget to read more.",
    )
