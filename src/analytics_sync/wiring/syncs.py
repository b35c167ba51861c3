"""Syncs: what to read, and running it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analytics_sync.platforms import all_platforms
from analytics_sync.wiring.installation import Installation

if TYPE_CHECKING:
    from analytics_sync.domain.records import Account
    from analytics_sync.sync.price import Price
    from analytics_sync.sync.progress import Progress
    from analytics_sync.sync.results import RunRecord
    from analytics_sync.sync.run import Order


def sync(opened: Installation, order: "Order", progress: "Progress | None" = None) -> "RunRecord":
    """Run an order to its end; signals ask it to stop early.

    :raises StoreUnusable: the database can't be used, or is a copy.
    """
    import asyncio

    from analytics_sync.schedule.place import usual_name
    from analytics_sync.store.residence import settle
    from analytics_sync.sync.run import run

    parts = opened.parts(progress)
    settle(opened.database, usual_name(opened.home))
    return asyncio.run(run(parts, order))


def manual_order(opened: Installation, names: Sequence[str] | None = None) -> "Order":
    """A sync of these businesses (ids or names), or of all, at this moment.

    :raises WrongUsage: there is no such business.
    """
    from analytics_sync.store import businesses
    from analytics_sync.sync.run import Order
    from analytics_sync.sync.work import Choice

    ids = None
    if names is not None:
        with opened.database.read() as connection:
            ids = frozenset(businesses.find(connection, name).id for name in names)
    now = opened.clock.now()
    # Readings are kept to the millisecond.
    return Order(Choice(now - timedelta(microseconds=now.microsecond % 1000)), business_ids=ids)


def nothing_due(opened: Installation, trigger: str, now: datetime) -> int | None:
    """For SQLite, without loading anything: the id of a run with nothing to do, or None.

    None also where only a full run can tell.
    """
    file = opened.sqlite_file
    if file is None or not file.exists():
        return None
    from analytics_sync.store import quick

    rhythms = {
        name: quick.Rhythm(
            opened.settings.platforms[name].cadence,
            {**platform.listings, "posts": opened.settings.platforms[name].discover_every},
            platform.lifetimes,
        )
        for name, platform in all_platforms().items()
    }
    if not quick.nothing_due(file, now, rhythms):
        return None
    return quick.note_nothing_due(file, trigger, now)


def rehearse(opened: Installation, order: "Order") -> "list[tuple[Account, int]]":
    """Which accounts an order means, and how many known posts of each would be read."""
    import asyncio

    from analytics_sync.sync.run import rehearse as rehearsed

    return asyncio.run(rehearsed(opened.parts(), order))


def listing_prices(opened: Installation, order: "Order") -> "list[Price]":
    """What listing all posts of an order may cost, where a platform charges for it."""
    import asyncio

    from analytics_sync.sync.price import listing_prices as prices

    return asyncio.run(prices(opened.parts(), order))
