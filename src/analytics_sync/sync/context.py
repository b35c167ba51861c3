"""Puts together what a platform may use for one account."""

from datetime import timedelta

from analytics_sync.domain.records import Account
from analytics_sync.platforms._contract import Context, ReadBudget, app_bucket
from analytics_sync.sync.budgets import DailyReads, KeptBudgets, UnlimitedReads
from analytics_sync.sync.memory import RetiredMetrics
from analytics_sync.sync.parts import Parts
from analytics_sync.tokens import Access
from analytics_sync.transport.call import Cap, Sender


async def get_access(
    parts: Parts, account: Account, *, sender: Sender, budgets: KeptBudgets
) -> Access:
    """What the account is asked with; its credential is renewed first when it is time.

    :raises AnalyticsSyncError: as `Tokens.access`.
    """
    platform, settings = parts.platforms[account.platform], parts.settings[account.platform]
    budgets.add_caps(platform.caps(account, settings))
    return await parts.tokens.access(account, sender, clock=parts.clock)


def open_context(
    parts: Parts, account: Account, access: Access, *, sender: Sender, memory: RetiredMetrics
) -> Context:
    """The account's context."""
    return Context(
        account=account,
        token=access.token,
        settings=access.settings,
        clock=parts.clock,
        sender=sender,
        metrics=memory,
        reads=_reads(parts, account),
        rules=parts.platforms[account.platform].rules(account, access.settings),
        oauth1=access.oauth1,
    )


def _reads(parts: Parts, account: Account) -> ReadBudget:
    if not parts.platforms[account.platform].charges_reads:
        return UnlimitedReads(parts.clock)
    ceiling = parts.settings[account.platform].number("daily_read_budget")
    cap = Cap(f"{app_bucket(account)}:reads", ceiling, timedelta(days=1))
    return DailyReads(parts.database, parts.clock, cap)
