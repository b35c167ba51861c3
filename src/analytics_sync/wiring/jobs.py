"""Jobs: installing them, looking at them, and running what is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analytics_sync.domain.jobs import ONCE
from analytics_sync.platforms import all_platforms
from analytics_sync.wiring.installation import Installation
from analytics_sync.wiring.syncs import sync

if TYPE_CHECKING:
    from analytics_sync.schedule.overview import Overview
    from analytics_sync.schedule.running import Ended, Runner
    from analytics_sync.schedule.scheduler import Scheduler
    from analytics_sync.schedule.starting import Starter
    from analytics_sync.schedule.status import Watcher
    from analytics_sync.schedule.tick import Ticked
    from analytics_sync.store.light import Rows
    from analytics_sync.sync.progress import Progress


def scheduler(opened: Installation) -> "Scheduler":
    """What installs and removes jobs."""
    from analytics_sync.schedule.scheduler import Scheduler
    from analytics_sync.schedule.writer import Writer

    writer = Writer(
        home=opened.home,
        settings=opened.settings,
        environ=opened.environ,
        clock=opened.clock,
        locks=lambda: opened.locks,
        database=lambda: opened.database,
        make_key=lambda: opened.vault,
    )
    return Scheduler(writer)


def watcher(opened: Installation) -> "Watcher":
    """What looks at jobs and at the whole installation, with few imports and nothing written."""
    from analytics_sync.schedule.status import Watcher

    return Watcher(
        home=opened.home,
        settings=opened.settings,
        environ=opened.environ,
        locks=opened.locks,
        platforms=all_platforms(),
    )


def overview(opened: Installation, reading: "Rows") -> "Overview":
    """All jobs as they are now; loads less than a watcher."""
    from analytics_sync.schedule.overview import overview as found

    return found(
        reading,
        opened.home,
        opened.settings,
        opened.environ,
        opened.locks,
        opened.clock.now(),
    )


@contextmanager
def rows(opened: Installation) -> "Iterator[Rows]":
    """Read the database with few imports; one that is not there yet has no rows.

    :raises StoreUnusable: it can't be read.
    """
    from analytics_sync.store.light import glance

    with glance(opened.settings.database_url, lambda: opened.database) as found:
        yield found


def starter(opened: Installation, progress: "Progress | None" = None) -> "Starter":
    """What runs the slots of jobs; opens the database for writing only when one is due."""
    from functools import partial

    from analytics_sync.schedule.places import place
    from analytics_sync.schedule.starting import Starter
    from analytics_sync.store.ticks import note_tick

    def runner() -> "Runner":
        from analytics_sync.schedule.running import Runner

        return Runner(
            database=opened.database,
            locks=opened.locks,
            clock=opened.clock,
            teller=opened.teller,
            sync=partial(sync, opened, progress=progress),
        )

    return Starter(
        enabled=opened.settings.enabled,
        max_run=opened.settings.max_run,
        clock=opened.clock,
        rows=partial(rows, opened),
        runner=runner,
        note_tick=partial(note_tick, opened.settings.database_url, lambda: opened.database),
        place=partial(place, opened.home.locks),
    )


def run_job(opened: Installation, name: str, progress: "Progress | None" = None) -> "Ended | None":
    """Run the slot of a job that is due; None when there is nothing to run.

    :raises ConfigurationInvalid: there is no such job, or it finds no account.
    :raises SlotHeld: another process runs it.
    """
    try:
        ended = starter(opened, progress).run_job(name)
        if ended is not None:
            foretell(opened)
        return ended
    finally:
        if name.startswith(ONCE):
            # A job for a single time is gone after its run.
            scheduler(opened).sweep()


def tick(opened: Installation, progress: "Progress | None" = None) -> "Ticked":
    """Run every slot that is due and not done."""
    from analytics_sync.schedule.tick import tick as run_due

    ticked = run_due(starter(opened, progress))
    foretell(opened)
    if ticked.ended or ticked.status:
        scheduler(opened).sweep()
    return ticked


def foretell(opened: Installation) -> int:
    """Tell people of credentials that end soon; returns of how many. Nothing while jobs are off."""
    from functools import partial

    from analytics_sync.notify.endings import foretell as told

    if not opened.settings.enabled:
        return 0
    return told(partial(rows, opened), lambda: opened.database, opened.teller, opened.clock.now())
