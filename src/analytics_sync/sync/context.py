"""Puts together what a platform may use for one account."""

from datetime import timedelta

from analytics_sync.domain.records import Account
from analytics_sync.platforms._contract import Context, ReadBudget, app_bucket
from analytics_sync.sync.budgets import DailyReads, KeptBudgets, UnlimitedReads
from analytics_sync.sync.memory import RetiredMetrics
from analytics_sync.sync.parts import Parts
from analytics_sync.transport.call import Cap, Sender


async def open_context(
    parts: Parts,
    account: Account,
    *,
    sender: Sender,
    budgets: KeptBudgets,
    memory: RetiredMetrics,
    token: str | None = None,
) -> Context:
    """The account's context; `token` where it is not (yet) the stored one.

    :raises CredentialRefused: there is no usable token.
    """
    platform, settings = parts.platforms[account.platform], parts.settings[account.platform]
    budgets.add_caps(platform.caps(account, settings))
    if token is None:
        token = await parts.tokens.access_token(account.credential_id)
    return Context(
        account=account,
        token=token,
        settings=settings,
        clock=parts.clock,
        sender=sender,
        metrics=memory,
        reads=_reads(parts, account),
        rules=platform.rules(account, settings),
    )


def _reads(parts: Parts, account: Account) -> ReadBudget:
    if not parts.platforms[account.platform].charges_reads:
        return UnlimitedReads(parts.clock)
    ceiling = parts.settings[account.platform].number("daily_read_budget")
    cap = Cap(f"{app_bucket(account)}:reads", ceiling, timedelta(days=1))
    return DailyReads(parts.database, parts.clock, cap)
