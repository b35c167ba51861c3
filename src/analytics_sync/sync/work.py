"""One account's share of a run: what to read, with what, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics_sync.domain.records import Account
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.posts import Candidate
from analytics_sync.sync.budgets import KeptBudgets
from analytics_sync.sync.memory import RetiredMetrics
from analytics_sync.sync.parts import CountingSender, Parts
from analytics_sync.sync.results import AccountResult
from analytics_sync.tokens import Access

FIRST_REACH = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a run does with each account.

    `started`: when it began, to the millisecond; readings are stored under it. `due_at`: the due
    time that it serves, where that is an earlier one. `discover`: list new posts, at most as often
    as the platform's listings allow, or in any case with `discover_now`. `read`: read numbers.
    `reach`: how far back a first listing goes.
    """

    started: datetime
    due_only: bool = False
    discover: bool = True
    discover_now: bool = False
    read: bool = True
    limit: int | None = None
    interval: timedelta = timedelta(0)
    reach: timedelta = FIRST_REACH
    due_at: datetime | None = None

    @property
    def slot(self) -> datetime:
        """From here is counted what is due, so that a run that starts late shifts nothing."""
        return self.due_at or self.started


@dataclass(slots=True)
class Work:
    """All that the phases of one account share."""

    parts: Parts
    choice: Choice
    account: Account
    run_id: int
    sender: CountingSender
    budgets: KeptBudgets
    memory: RetiredMetrics
    result: AccountResult
    chosen: list[Candidate] = field(default_factory=list)
    # What the account is asked with, once that is known.
    access: Access | None = None
    # Ids of the posts whose answer is stored; they are not read again with another token.
    answered: set[int] = field(default_factory=set)

    @property
    def platform(self) -> Platform:
        return self.parts.platforms[self.account.platform]

    @property
    def settings(self) -> PlatformSettings:
        return self.parts.settings[self.account.platform]
