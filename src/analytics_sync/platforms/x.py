"""X (Twitter): posts looked up by the hundred through the API v2."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from analytics_sync.clock import from_milliseconds
from analytics_sync.domain.cadence import Cadence
from analytics_sync.domain.records import (
    Account,
    AccountTotals,
    FoundPost,
    Horizon,
    Identity,
    Post,
    PostFailure,
    Reading,
)
from analytics_sync.errors import AccountRefused, BudgetSpent, Refused
from analytics_sync.platforms import _x_answers as answers
from analytics_sync.platforms._contract import Context, Platform, app_bucket
from analytics_sync.platforms._x_lookup import Lookup
from analytics_sync.platforms._x_requests import Requests
from analytics_sync.platforms._x_rules import XRules
from analytics_sync.settings.declare import PlatformSettings, Setting
from analytics_sync.transport.call import Rules

# X docs: Timelines, `max_results`.
LARGEST_PAGE = 100
SMALLEST_PAGE = 5
# Ids below this one were not made from the time (X docs: Snowflake).
FIRST_SNOWFLAKE = 29_700_859_247
SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


class X(Platform):
    """X. Each post read costs money, once per post and UTC day."""

    name = "x"
    title = "X"
    aliases = ("twitter",)
    account_id_help = "the numeric user id, for example 2244994945"
    base_url = "https://api.x.com"
    token_url = "https://api.x.com/2/oauth2/token"
    authorize_url = "https://x.com/i/oauth2/authorize"
    settings = (
        Setting(
            "dialect",
            "legacy",
            "Names sent to X: `legacy` (tweet.fields) or `new` (post.fields). Both are understood.",
            choices=("legacy", "new"),
        ),
        Setting(
            "daily_read_budget",
            2000,
            "Most posts that may be read on one UTC day; each costs `price_per_read`.",
            least=0,
            most=3_000_000,
        ),
        Setting("price_per_read", 0.005, "US dollars that X charges for a post read.", least=0),
    )
    cadence = Cadence(
        (
            (timedelta(days=2), timedelta(0)),
            (timedelta(days=30), timedelta(days=1)),
            (timedelta(days=90), timedelta(days=7)),
        ),
        None,
    )
    charges_reads = True

    def rules(self, account: Account, settings: PlatformSettings) -> Rules:
        return XRules(account)

    def parse_account_id(self, text: str) -> str:
        return answers.parse_user_id(text)

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        return answers.parse_post_id(text)

    def published_from_id(self, platform_post_id: str) -> datetime | None:
        number = int(platform_post_id)
        if number < FIRST_SNOWFLAKE:
            return None
        return from_milliseconds((number >> 22) + SNOWFLAKE_EPOCH_MS)

    async def identify(self, context: Context) -> Identity:
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

    async def discover(
        self,
        context: Context,
        listing: str,
        horizon: Horizon,
    ) -> AsyncIterator[list[FoundPost]]:
        """The account's own posts, reposts left out (X docs: User Posts timeline)."""
        requests = Requests(context)
        token: str | None = None
        seen: set[str] = set()
        while True:
            granted = await context.reads.take(LARGEST_PAGE)
            if granted < SMALLEST_PAGE:
                await context.reads.give_back(granted)
                raise budget_spent(context)
            page = answers.Page(await self._page(requests, horizon, granted, token, context))
            await context.reads.give_back(granted - page.count)
            yield page.posts
            token = page.next_token
            if token is None:
                return
            answers.refuse_repeated(token, seen)

    @staticmethod
    async def _page(
        requests: Requests, horizon: Horizon, size: int, token: str | None, context: Context
    ) -> object:
        """One page; a page that fails costs nothing."""
        try:
            return await requests.timeline(horizon, size, token)
        except BaseException:
            await context.reads.give_back(size)
            raise

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        if await context.reads.take(1) < 1:
            raise budget_spent(context)
        answer = answers.Answer(await Requests(context).dates([platform_post_id]))
        row = answer.rows.get(platform_post_id)
        if row is None:
            await context.reads.give_back(1)
            failure = answer.failure(platform_post_id)
            raise Refused(failure.message, status=200, reason=failure.code)
        return answers.as_found(row)

    async def read(
        self, context: Context, posts: Sequence[Post]
    ) -> AsyncIterator[Reading | PostFailure]:
        """Look up by 100; posts young enough for private metrics in batches of their own."""
        lookup = Lookup(context, Requests(context))
        affordable, unaffordable = await lookup.afford(posts)
        async for result in lookup.results(affordable):
            yield result
        if unaffordable:
            raise budget_spent(context)

    async def totals(self, context: Context) -> AccountTotals | None:
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


PLATFORM = X()
