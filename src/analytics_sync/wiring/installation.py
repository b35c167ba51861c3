"""One home with its settings, and the parts that it opens when they are first used."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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

    from analytics_sync.locks import Locks
    from analytics_sync.notify import Teller
    from analytics_sync.store.database import Database
    from analytics_sync.sync.parts import Parts, Senders
    from analytics_sync.sync.progress import Progress
    from analytics_sync.tokens import Journal
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
    def journal(self) -> "Journal":
        """Where a renewed token is kept until the database has it."""
        from analytics_sync.tokens import Journal

        file = self.sqlite_file
        return Journal((file.parent if file else self.home.path) / "journal", self.vault)

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
        """All that a sync needs, and whoever else asks platforms.

        :raises StoreUnusable: the database can't be used, or is a copy of one that lives elsewhere.
        """
        from analytics_sync.store.residence import check
        from analytics_sync.sync.parts import Parts
        from analytics_sync.sync.progress import NoProgress
        from analytics_sync.tokens import Tokens

        check(self.database)
        platforms, settings = all_platforms(), self.settings.platforms
        return Parts(
            database=self.database,
            clock=self.clock,
            platforms=platforms,
            settings=settings,
            tokens=Tokens(
                self.database,
                self.vault,
                self.locks,
                self.clock,
                platforms,
                settings,
                self.journal,
            ),
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
        from analytics_sync.store.rotation import any_sealed

        with self.database.read() as connection:
            return any_sealed(connection)


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
    # First, because the vault looks for secrets, which takes tables.
    _upgrade(opened)
    _ = opened.vault
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
