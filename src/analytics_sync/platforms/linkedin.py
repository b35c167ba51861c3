"""LinkedIn: pages and members, through the Community Management API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from analytics_sync.platforms._contract import (
    Context,
    Cost,
    Platform,
    app_bucket,
    credential_bucket,
)
from analytics_sync.platforms._linkedin.kinds import (
    ACCOUNT_ID_FORM,
    MEMBER,
    ORGANIZATION,
    is_person,
)
from analytics_sync.settings.declare import PlatformSettings, Setting

if TYPE_CHECKING:
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
    from analytics_sync.platforms._login import Login
    from analytics_sync.transport.call import Cap, Rules

DEVELOPMENT = "development"


class LinkedIn(Platform):
    """Posts of pages are read in lists, those of members number by number.

    What the ids look like decides the kind of account: `urn:li:organization:1000` is a page,
    `urn:li:person:...` a member.
    """

    name: ClassVar[str] = "linkedin"
    title: ClassVar[str] = "LinkedIn"
    account_kinds: ClassVar[tuple[str, ...]] = (ORGANIZATION, MEMBER)
    account_id_help: ClassVar[str] = ACCOUNT_ID_FORM
    base_url: ClassVar[str] = "https://api.linkedin.com"
    token_url: ClassVar[str] = "https://www.linkedin.com/oauth/v2/accessToken"
    authorize_url: ClassVar[str] = "https://www.linkedin.com/oauth/v2/authorization"
    listings: ClassVar[Mapping[str, timedelta]] = {"posts": timedelta(hours=6)}
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "version",
            "202607",
            "Version of LinkedIn's API. Each lives about a year; then every call is refused.",
            pattern=r"[0-9]{6}",
            form="a month as YYYYMM",
        ),
        Setting(
            "list_size",
            20,
            "Posts of a page read in one call.",
            least=1,
            most=1000,
        ),
        Setting(
            "tier",
            "standard",
            "Access that LinkedIn gave the app. Development: 500 calls a day for the app, 100 for "
            "each member, and no lists of ids.",
            choices=("standard", DEVELOPMENT),
        ),
    )

    def caps(self, account: Account, settings: PlatformSettings) -> tuple[Cap, ...]:
        """Also the quotas of the Development tier, which no answer tells.

        LinkedIn docs: Community Management overview and tiers.
        """
        caps = [*super().caps(account, settings)]
        if settings.text("tier") == DEVELOPMENT:
            from analytics_sync.transport.call import Cap

            day = timedelta(days=1)
            caps += Cap(app_bucket(account), 500, day), Cap(credential_bucket(account), 100, day)
        return _least(caps)

    def read_cost(self, account: Account, settings: PlatformSettings, posts: int) -> Cost:
        """A page's posts in lists; a member's number by number."""
        if not self.can_list(account):
            from analytics_sync.platforms._linkedin.member_calls import metrics_of

            requests = posts * len(metrics_of(settings))
        else:
            requests = -(-posts // settings.number("list_size"))
        return Cost(requests, requests)

    def rules(self, account: Account, settings: PlatformSettings) -> Rules:
        from analytics_sync.platforms._linkedin.rules import LinkedInRules

        return LinkedInRules(settings.text("version"))

    def parse_account_id(self, text: str) -> str:
        from analytics_sync.platforms._linkedin.urns import account_urn

        return account_urn(text)

    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        from analytics_sync.platforms._linkedin.urns import post_urn

        return post_urn(text)

    def published_from_id(self, platform_post_id: str) -> datetime | None:
        from analytics_sync.platforms._linkedin.urns import published_at

        return published_at(platform_post_id)

    def account_kind(self, platform_account_id: str, kind: str | None) -> str | None:
        """What the URN tells; what was said counts only where there is none yet."""
        if not platform_account_id:
            return kind
        return MEMBER if is_person(platform_account_id) else ORGANIZATION

    def can_list(self, account: Account) -> bool:
        return not is_person(account.platform_account_id)

    def login(self, kind: str | None = None) -> Login:
        """For pages, or for a member's own posts: each has its own set of scopes."""
        from analytics_sync.platforms._linkedin.login import LOGINS

        found = LOGINS.get(kind or ORGANIZATION)
        if found is None:
            raise ValueError(f"{kind!r} is no kind of LinkedIn account: {', '.join(LOGINS)}")
        return found

    async def identify(self, context: Context) -> Identity:
        from analytics_sync.platforms._linkedin import account

        return await account.identify(context)

    def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        from analytics_sync.platforms._linkedin import account

        return account.discover(context, horizon)

    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        from analytics_sync.platforms._linkedin import account

        return await account.look_up(context, platform_post_id)

    def read(self, context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        from analytics_sync.platforms._linkedin import account

        return account.read(context, posts)

    async def totals(self, context: Context) -> AccountTotals | None:
        from analytics_sync.platforms._linkedin import account

        return await account.totals(context)


def _least(caps: Sequence[Cap]) -> tuple[Cap, ...]:
    """The lowest ceiling of each bucket and period."""
    lowest: dict[tuple[str, timedelta], Cap] = {}
    for cap in caps:
        key = (cap.bucket, cap.period)
        lowest[key] = min(lowest.get(key, cap), cap, key=lambda one: one.calls)
    return tuple(lowest.values())


PLATFORM = LinkedIn()
