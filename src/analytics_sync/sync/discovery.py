"""Finds new posts: asks each listing of an account that is due."""

from datetime import date, datetime, timedelta

from analytics_sync.clock import from_milliseconds, is_ahead, to_milliseconds
from analytics_sync.domain.records import Horizon
from analytics_sync.platforms._contract import Context
from analytics_sync.store import accounts, posts
from analytics_sync.sync.work import Work

# Listings overlap by this much, because a platform may list a post late.
OVERLAP = timedelta(days=2)


async def discover(work: Work, context: Context) -> None:
    """List what is new and take it up; each listing at most as often as it may be asked."""
    state = await work.parts.read(accounts.sync_state, work.account.id)
    asked = dict(state.discovered)
    for listing, usual in work.platform.listings.items():
        every = work.settings.discover_every if listing == "posts" else usual
        before = _before(asked.get(listing), work.choice.slot)
        if not _is_due(work, before, every):
            continue
        await _ask(work, context, listing, before)
        asked[listing] = to_milliseconds(work.choice.slot)
        await work.parts.write(accounts.note_discovery, work.account.id, asked)


def _before(asked: int | None, slot: datetime) -> datetime | None:
    """When the listing was asked last; None for never, or at a time that can't be."""
    before = None if asked is None else from_milliseconds(asked)
    return None if before is None or is_ahead(before, slot) else before


def _is_due(work: Work, before: datetime | None, every: timedelta) -> bool:
    return before is None or work.choice.discover_now or work.choice.slot - before >= every


async def _ask(work: Work, context: Context, listing: str, before: datetime | None) -> None:
    slot = work.choice.slot
    charged_on: date | None = slot.date() if work.platform.charges_reads else None
    horizon = await _horizon(work, before)
    async for page in work.platform.discover(context, listing, horizon):
        taken = await work.parts.write(
            posts.take, work.account.id, page, now=slot, listed=True, charged_on=charged_on
        )
        work.result.discovered += taken.new


async def _horizon(work: Work, before: datetime | None) -> Horizon:
    """All of the reach at first; later only what came since the listing before."""
    since = work.choice.slot - work.choice.reach
    if before is None or work.choice.discover_now:
        return Horizon(since)
    # Newer posts may be known already from a listing that broke off and left a gap behind them.
    newest = await work.parts.read(posts.newest_id, work.account.id, before)
    return Horizon(max(since, before - OVERLAP), newest)
