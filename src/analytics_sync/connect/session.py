"""A short talk with one platform outside of a sync: the same parts, no run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from analytics_sync.domain.credentials import App, Token
from analytics_sync.domain.records import Account
from analytics_sync.platforms._contract import Context
from analytics_sync.platforms._login import Login, Talk
from analytics_sync.sync.budgets import KeptBudgets
from analytics_sync.sync.context import get_access, open_context
from analytics_sync.sync.memory import RetiredMetrics
from analytics_sync.sync.parts import Parts
from analytics_sync.sync.stop import Stop

LONGEST = timedelta(minutes=2)


@asynccontextmanager
async def talking(parts: Parts, account: Account, token: Token | None) -> AsyncIterator[Context]:
    """A context for the length of the block; budgets are kept as in a sync.

    `token`: where it is not the stored one that is tried.

    :raises AnalyticsSyncError: there is no usable token; as `Tokens.access`.
    """
    budgets = KeptBudgets(parts.database, parts.clock, Stop())
    memory = RetiredMetrics(account.platform, {})
    stop_at = parts.clock.monotonic() + LONGEST.total_seconds()
    async with parts.open_transport(budgets, parts.clock, stop_at) as senders:
        sender = senders.for_account()
        try:
            if token is None:
                access = await get_access(parts, account, sender=sender, budgets=budgets)
            else:
                access = await parts.tokens.given(account, token)
            yield open_context(parts, account, access, sender=sender, memory=memory)
        finally:
            await budgets.flush(everything=True)


@asynccontextmanager
async def login_talk(parts: Parts, login: Login, app: App) -> AsyncIterator[Talk]:
    """What a log-in may use, for the length of the block."""
    budgets = KeptBudgets(parts.database, parts.clock, Stop())
    settings = replace(
        parts.settings[login.platform], client_id=app.client_id, client_secret=app.client_secret
    )
    stop_at = parts.clock.monotonic() + LONGEST.total_seconds()
    async with parts.open_transport(budgets, parts.clock, stop_at) as senders:
        yield Talk(app, settings, parts.clock, senders.for_account())
