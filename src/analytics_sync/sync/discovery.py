"""Finds new posts: asks each listing of an account that is due."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from analytics_sync.clock import from_milliseconds, is_ahead, to_milliseconds
from analytics_sync.domain.records import FoundPost, Horizon
from analytics_sync.errors import AnalyticsSyncError
from analytics_sync.platforms._contract import Context
from analytics_sync.store import accounts, posts
from analytics_sync.sync.work import Work

# Listings overlap by this much, because a platform may list a post late.
OVERLAP = timedelta(days=2)


async def discover(work: Work, context: Context) -> None:
    """List what is new and take it up; each listing at most as often as it may be asked."""
    asked = await _asked(work)
    for listing, usual in work.platform.listings.items():
        every = work.settings.discover_every if listing == "posts" else usual
        before = _before(asked.get(listing), work.choice.started)
        if not _is_due(work, before, every):
            continue
        anew = work.choice.discover_now and _left(listing) not in asked
        await _ask(work, context, listing, asked, await _horizon(work, None if anew else before))


async def finish(work: Work, context: Context) -> None:
    """Go on where a listing broke off that charged its posts: they are not paid twice."""
    asked = await _asked(work)
    since = work.choice.started - work.choice.reach
    for listing in work.platform.listings:
        if _left(listing) not in asked:
            continue
        # Platforms tell times in whole seconds, and leave out what came at `until` itself.
        until = from_milliseconds(asked[_left(listing)]) + timedelta(seconds=1)
        if until > since:
            await _ask(work, context, listing, asked, Horizon(since, until=until))


def _left(listing: str) -> str:
    """Under this name stands when the oldest post came that a broken listing had told of."""
    return f"{listing}:left"


async def _asked(work: Work) -> dict[str, int]:
    state = await work.parts.read(accounts.sync_state, work.account.id)
    return dict(state.discovered)


def _before(asked: int | None, now: datetime) -> datetime | None:
    """When the listing was asked last; None for never, or at a time that can't be."""
    before = None if asked is None else from_milliseconds(asked)
    return None if before is None or is_ahead(before, now) else before


def _is_due(work: Work, before: datetime | None, every: timedelta) -> bool:
    return before is None or work.choice.discover_now or work.choice.slot - before >= every


async def _ask(
    work: Work, context: Context, listing: str, asked: dict[str, int], horizon: Horizon
) -> None:
    """Take the listing up and note in `asked` that it was, or where it broke off."""
    oldest: datetime | None = None
    try:
        async for page in work.platform.discover(context, listing, horizon):
            await _take(work, page)
            times = [post.published_at for post in page]
            oldest = min(times if oldest is None else [*times, oldest], default=None)
    except AnalyticsSyncError:
        paid = work.platform.charges_reads and horizon.newest_known_id is None
        if paid and oldest is not None:
            await _note(work, listing, asked, horizon, left=oldest)
        raise
    await _note(work, listing, asked, horizon, left=None)


async def _take(work: Work, page: Sequence[FoundPost]) -> None:
    now = work.choice.started
    charged_on: date | None = now.date() if work.platform.charges_reads else None
    taken = await work.parts.write(
        posts.take, work.account.id, page, now=now, listed=True, charged_on=charged_on
    )
    work.result.discovered += taken.new


async def _note(
    work: Work, listing: str, asked: dict[str, int], horizon: Horizon, *, left: datetime | None
) -> None:
    if horizon.until is None:
        asked[listing] = to_milliseconds(work.choice.slot)
    if left is not None:
        asked[_left(listing)] = to_milliseconds(left)
    elif horizon.newest_known_id is None:
        asked.pop(_left(listing), None)
    await work.parts.write(accounts.note_discovery, work.account.id, asked)


async def _horizon(work: Work, before: datetime | None) -> Horizon:
    """All of the reach at first; later only what came since the listing before."""
    since = work.choice.started - work.choice.reach
    if before is None:
        return Horizon(since)
    # Newer posts may be known already from a listing that broke off and left a gap behind them.
    newest = await work.parts.read(posts.newest_id, work.account.id, before)
    return Horizon(max(since, before - OVERLAP), newest)
