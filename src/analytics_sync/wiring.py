"""Builds the parts from the settings; the only module that knows them all.

Nothing heavy is imported before it is used: many commands need neither database nor HTTP.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_sync import logs
from analytics_sync.clock import Clock, SystemClock
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.database import sqlite_file
from analytics_sync.settings.home import HOME_VARIABLE, Home, find_home
from analytics_sync.settings.load import Settings, load

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    import httpx

    from analytics_sync.domain.records import Account
    from analytics_sync.locks import Locks
    from analytics_sync.notify import Teller
    from analytics_sync.schedule.running import Ended, Runner
    from analytics_sync.schedule.scheduler import Scheduler
    from analytics_sync.schedule.starting import Starter
    from analytics_sync.schedule.status import Watcher
    from analytics_sync.schedule.tick import Ticked
    from analytics_sync.store.database import Database
    from analytics_sync.store.light import Rows
    from analytics_sync.sync.parts import Parts, Senders
    from analytics_sync.sync.price import Price
    from analytics_sync.sync.progress import Progress
    from analytics_sync.sync.results import RunRecord
    from analytics_sync.sync.run import Order
    from analytics_sync.transport.call import Budgets
    from analytics_sync.vault import Vault


@dataclass
class Installation:
    """One home with its settings; database and vault are opened when first used.

    `network`: an httpx transport in place of the network, for tests.
    """

    home: Home
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    clock: Clock = field(default_factory=SystemClock)
    network: "httpx.AsyncBaseTransport | None" = None

    @cached_property
    def database(self) -> "Database":
        """The database, with this release's schema.

        :raises StoreUnusable: it can't be used; says why.
        """
        from analytics_sync.store.migrate import ensure

        database = self.raw_database
        ensure(database)
        return database

    @cached_property
    def raw_database(self) -> "Database":
        """The database as it is found, for `db upgrade`."""
        from analytics_sync.store.database import Database

        self.home.create()
        return Database(self.settings.database_url)

    @cached_property
    def vault(self) -> "Vault":
        """What encrypts tokens; the first need makes the key.

        :raises ConfigurationInvalid: the key can't be read, or is missing though tokens exist.
        """
        from analytics_sync.vault import open_vault

        return open_vault(
            self.home.key,
            self.environ,
            self.settings.key_command,
            holds_secrets=self._holds_secrets,
        )

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file; None for PostgreSQL."""
        return sqlite_file(self.settings.database_url)

    @cached_property
    def locks(self) -> "Locks":
        """What keeps processes apart: on accounts, on the slots of jobs, on the schedule."""
        file = self.sqlite_file
        if file is None:
            from analytics_sync.store.advisory import AdvisoryLocks

            return AdvisoryLocks(self.database)
        from analytics_sync.locks import FileLocks

        return FileLocks(file.parent / "locks")

    @cached_property
    def teller(self) -> "Teller":
        """Who tells people how jobs fare."""
        from analytics_sync.notify import Teller

        if not self.settings.notify:
            return Teller()
        from analytics_sync.notify.teller import Notifier

        return Notifier(
            self.settings.notify,
            url=self.settings.database_url,
            database=lambda: self.database,
            clock=self.clock,
            environ={**self.environ, HOME_VARIABLE: str(self.home.path)},
        )

    def parts(self, progress: "Progress | None" = None) -> "Parts":
        """All that a sync needs."""
        from analytics_sync.sync.parts import Parts
        from analytics_sync.sync.progress import NoProgress
        from analytics_sync.tokens import Tokens

        return Parts(
            database=self.database,
            clock=self.clock,
            platforms=all_platforms(),
            settings=self.settings.platforms,
            tokens=Tokens(self.database, self.vault),
            locks=self.locks,
            open_transport=self._open_transport,
            max_run=self.settings.max_run,
            progress=progress or NoProgress(),
        )

    def close(self) -> None:
        """Give up connections; what was never opened stays so."""
        locks = self.__dict__.get("locks")
        if locks is not None and hasattr(locks, "close"):
            locks.close()
        database = self.__dict__.get("raw_database")
        if database is not None:
            database.close()

    def _open_transport(
        self, budgets: "Budgets", clock: Clock, stop_at: float
    ) -> "AbstractAsyncContextManager[Senders]":
        from analytics_sync.transport.client import Transport

        return Transport(budgets=budgets, clock=clock, stop_at=stop_at, transport=self.network)

    def _holds_secrets(self) -> bool:
        from analytics_sync.store import credentials

        with self.database.read() as connection:
            return credentials.any_stored(connection)


@contextmanager
def installation(
    environ: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    options: Mapping[str, object] | None = None,
) -> Iterator[Installation]:
    """The installation that the environment names.

    :raises ConfigurationInvalid: the settings have mistakes; all are named.
    """
    environ = os.environ if environ is None else environ
    home = find_home(environ)
    settings = load(home, environ, options or {}, all_platforms())
    for secret in settings.secrets:
        logs.redact(secret)
    opened = Installation(home, settings, environ, clock or SystemClock())
    try:
        yield opened
    finally:
        opened.close()


def sync(opened: Installation, order: "Order", progress: "Progress | None" = None) -> "RunRecord":
    """Run an order to its end; signals ask it to stop early.

    :raises StoreUnusable: the database can't be used.
    """
    import asyncio

    from analytics_sync.sync.run import run

    return asyncio.run(run(opened.parts(progress), order))


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


def initialise(opened: Installation) -> dict[str, Any]:
    """Make what is missing of home, config file, key and database; returns where they are.

    :raises ConfigurationInvalid: a file can't be made.
    """
    from analytics_sync.settings.template import make_config

    home = opened.home
    home.create()
    made = []
    if make_config(home, all_platforms()):
        made.append("config")
    database = opened.sqlite_file
    if database is not None and not database.exists():
        made.append("database")
    if not home.key.exists():
        made.append("key")
    _ = opened.vault
    _upgrade(opened)
    return {
        "home": str(home.path),
        "config": str(home.config),
        "key": str(home.key),
        "database": str(database) if database is not None else "PostgreSQL",
        "made": made,
    }


def _upgrade(opened: Installation) -> None:
    from analytics_sync.store.migrate import upgrade

    upgrade(opened.raw_database)


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


@contextmanager
def rows(opened: Installation) -> "Iterator[Rows]":
    """Read the database with few imports; one that is not there yet has no rows.

    :raises StoreUnusable: it can't be read.
    """
    from analytics_sync.schedule.state import glance

    with glance(opened.settings.database_url, lambda: opened.database) as found:
        yield found


def starter(opened: Installation, progress: "Progress | None" = None) -> "Starter":
    """What runs the slots of jobs; opens the database for writing only when one is due."""
    from functools import partial

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
    )


def run_job(opened: Installation, name: str, progress: "Progress | None" = None) -> "Ended | None":
    """Run the slot of a job that is due; None when there is nothing to run.

    :raises ConfigurationInvalid: there is no such job, or it finds no account.
    :raises SlotHeld: another process runs it.
    """
    return starter(opened, progress).run_job(name)


def tick(opened: Installation, progress: "Progress | None" = None) -> "Ticked":
    """Run every slot that is due and not done."""
    from analytics_sync.schedule.tick import tick as run_due

    return run_due(starter(opened, progress))
