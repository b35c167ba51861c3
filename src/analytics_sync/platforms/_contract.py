"""What a platform is: the one interface that `sync` and the doors know.

A platform is one module of this folder whose name does not begin with an underscore. It holds a
subclass of `Platform` and an instance of it named `PLATFORM`. Nothing else has to be edited.

Every command loads all platforms, because their class values are the settings. So a platform's
module imports little at its top; what talks to the platform is imported where it is called.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from analytics_sync.domain.cadence import Cadence

if TYPE_CHECKING:  # every command loads all platforms: a third of its time would be these
    from analytics_sync.clock import Clock
    from analytics_sync.domain.credentials import OAuth1
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
    from analytics_sync.settings.declare import PlatformSettings, Setting
    from analytics_sync.transport.call import Call, Cap, Reply, Rules, Sender


class MetricMemory(Protocol):
    """Metrics that the platform has retired, kept in the database for all accounts."""

    def retired(self, scope: str) -> frozenset[str]:
        """Names not worth asking for now. `scope` is a kind of object ("post", "reel")."""

    def retire(self, scope: str, metric: str, reason: str) -> None:
        """Remember, and tell a person once, that `metric` is no longer answered."""


class ReadBudget(Protocol):
    """Paid reads of one UTC day. Unlimited where the platform does not charge."""

    async def take(self, wanted: int) -> int:
        """Reserve up to `wanted` reads; return how many were granted (0 when spent)."""

    async def give_back(self, unused: int) -> None:
        """Return reads that the platform did not charge."""

    def spent_until(self) -> datetime:
        """When the budget begins anew."""


class Cost(NamedTuple):
    """HTTP requests, and how many calls the platform counts for them (a batch counts its items)."""

    requests: int
    counted: int


class Context(NamedTuple):
    """One account in one run: all that a platform may know and use.

    `oauth1`, where it is set, signs each request in place of `token` (X).
    """

    account: Account
    token: str
    settings: PlatformSettings
    clock: Clock
    sender: Sender
    metrics: MetricMemory
    reads: ReadBudget
    rules: Rules
    oauth1: OAuth1 | None = None

    async def send(self, call: Call) -> Reply:
        return await self.sender.send(call, self.rules)


class Platform(ABC):
    """One platform. Class values are data for settings, help, documentation and tests."""

    name: ClassVar[str]
    title: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    # Accepted on the command line for several platforms at once ("meta").
    family: ClassVar[str | None] = None
    # Kinds of account; the first is the default where the id does not tell.
    account_kinds: ClassVar[tuple[str, ...]] = ()
    account_id_help: ClassVar[str]
    base_url: ClassVar[str]
    # OAuth addresses; they move along when `base_url` is set to another host.
    token_url: ClassVar[str] = ""
    authorize_url: ClassVar[str] = ""
    settings: ClassVar[tuple[Setting, ...]] = ()
    cadence: ClassVar[Cadence] = Cadence.usual()
    # What can be listed, and how often at most: discover() is called for each that is due.
    # "posts" follows the setting `discover_every`.
    listings: ClassVar[Mapping[str, timedelta]] = {"posts": timedelta(hours=1)}
    # Kinds of post that can be read only this long after publishing.
    lifetimes: ClassVar[Mapping[str, timedelta]] = {}
    # True where each post read is charged: `reads` is then a real budget.
    charges_reads: ClassVar[bool] = False
    # Most posts that one request reads; `read_cost` where that is not all there is to say.
    posts_per_call: ClassVar[int] = 1
    # Posts on either side of these ages are never read by the same request.
    read_apart_at: ClassVar[tuple[timedelta, ...]] = ()

    def caps(self, account: Account, settings: PlatformSettings) -> tuple[Cap, ...]:
        """Ceilings of our own on this account's buckets; here those of its application."""
        hourly, daily = settings.max_calls_per_hour, settings.max_calls_per_day
        if hourly is None and daily is None:
            return ()
        from analytics_sync.transport.call import Cap

        bucket = app_bucket(account)
        return tuple(
            Cap(bucket, calls, timedelta(hours=hours))
            for calls, hours in ((hourly, 1), (daily, 24))
            if calls is not None
        )

    @abstractmethod
    def rules(self, account: Account, settings: PlatformSettings) -> Rules:
        """How this account's answers are judged."""

    @abstractmethod
    def parse_account_id(self, text: str) -> str:
        """The account id in its stored form.

        :raises ValueError: with words that say what form is wanted.
        """

    @abstractmethod
    def parse_post_id(self, text: str, account: Account | None = None) -> str:
        """The post id in its stored form, from an id or a web address.

        :raises ValueError: with words that say what form is wanted or where it is found.
        """

    def published_from_id(self, platform_post_id: str) -> datetime | None:
        """When the id itself tells the time of publishing; None where it does not."""
        return None

    def account_kind(self, platform_account_id: str, kind: str | None) -> str | None:
        """The kind stored for an account: what was said, else what the id tells, else default."""
        return kind or next(iter(self.account_kinds), None)

    def can_list(self, account: Account) -> bool:
        """Whether this account's posts can be discovered."""
        return True

    def read_cost(self, account: Account, settings: PlatformSettings, posts: int) -> Cost:
        """What it takes to read so many posts in one run in which nothing goes wrong."""
        requests = -(-posts // self.posts_per_call)
        return Cost(requests, requests)

    def listing_cost(self, account: Account, listing: str, known: int) -> Cost:
        """What it takes to list new posts of an account of which so many posts are known."""
        return Cost(1, 1)

    def login(self, kind: str | None = None) -> Login | None:
        """How people log in, for this kind of account; None: tokens come in other ways only.

        :raises ValueError: there is no such kind.
        """
        return None

    @abstractmethod
    async def identify(self, context: Context) -> Identity:
        """Try the token: whose is it, and what may it read?

        `context.account.platform_account_id` is "" when the user left it out.
        """

    @abstractmethod
    def discover(
        self, context: Context, listing: str, horizon: Horizon
    ) -> AsyncIterator[list[FoundPost]]:
        """The account's posts since the horizon, a page at a time."""

    @abstractmethod
    async def look_up(self, context: Context, platform_post_id: str) -> FoundPost:
        """One post by its id, for `post add`.

        :raises Refused: the platform does not show it.
        """

    @abstractmethod
    def read(self, context: Context, posts: Sequence[Post]) -> AsyncIterator[Reading | PostFailure]:
        """The numbers of these posts, in the largest batches that the platform allows.

        Results come in any order, at most one for each post; a post without one stays due. Raises
        only what stops the whole account, after yielding what was already answered.
        """

    @abstractmethod
    async def totals(self, context: Context) -> AccountTotals | None:
        """Followers and the like; None where this account has none to read."""


def app_bucket(account: Account) -> str:
    """The call budget of the application behind an account; the last bucket of every call."""
    return f"{account.platform}:app:{account.app_id or 0}"


def credential_bucket(account: Account) -> str:
    """The call budget of the token behind an account."""
    return f"{account.platform}:credential:{account.credential_id or 0}"
