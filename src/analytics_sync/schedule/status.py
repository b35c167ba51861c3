"""What `status` tells: who and where, what needs a person, the jobs, and how fresh everything is."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics_sync.domain.jobs import Job
from analytics_sync.domain.masking import mask_url
from analytics_sync.locks import Locks
from analytics_sync.platforms._contract import Platform
from analytics_sync.schedule import attention, keeping
from analytics_sync.schedule.attention import Attention
from analytics_sync.schedule.overview import Overview, overview
from analytics_sync.schedule.place import host
from analytics_sync.schedule.state import State
from analytics_sync.settings.database import sqlite_file
from analytics_sync.settings.home import Home
from analytics_sync.settings.load import Settings
from analytics_sync.store import overview as stored
from analytics_sync.store.light import Rows
from analytics_sync.store.overview import Fresh, LastRun

if TYPE_CHECKING:
    from analytics_sync.sync.forecast import Forecast


class Status(NamedTuple):
    """The state of one installation at one moment. `user`: who asks."""

    home: Home
    database: str
    user: str
    enabled: bool
    overview: Overview
    attention: tuple[Attention, ...]
    last_run: LastRun | None
    businesses: tuple[Fresh, ...]
    forecast: "Forecast"

    def as_json(self) -> dict[str, Any]:
        state = self.overview.state
        return {
            "running": self.overview.alive,
            "backend": state.backend,
            "home": str(self.home.path),
            "config": str(self.home.config),
            "database": self.database,
            "user": self.user,
            "host": host(),
            "installed_on": state.installed.host,
            "enabled": self.enabled,
            "ticked_at": state.installed.ticked_at,
            "attention": [one.as_json() for one in self.attention],
            "jobs": [shown.as_json() for shown in self.overview.jobs],
            "last_run": None if self.last_run is None else self.last_run._asdict(),
            "businesses": [one._asdict() for one in self.businesses],
            **self.forecast.as_json(),
        }


class Watcher:
    """Looks at an installation; it writes nothing."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        environ: Mapping[str, str],
        locks: Locks,
        platforms: Mapping[str, Platform],
    ) -> None:
        self.home = home
        self.settings = settings
        self.environ = environ
        self.locks = locks
        self.platforms = platforms

    def status(self, rows: Rows, now: datetime) -> Status:
        found = overview(rows, self.home, self.settings, self.environ, self.locks, now)
        wanted = self.forecast(rows, found.state, now)
        return Status(
            home=self.home,
            database=_shown(self.settings.database_url),
            user=_user(),
            enabled=self.settings.enabled,
            overview=found,
            attention=tuple(self._attention(rows, found, wanted, now)),
            last_run=stored.last_run(rows),
            businesses=tuple(stored.freshness(rows)),
            forecast=wanted,
        )

    def forecast(
        self, rows: Rows, state: State, now: datetime, *, only: Job | None = None
    ) -> "Forecast":
        """What an average day of all jobs takes, or of one among them."""
        # `jobs` does without it.
        from analytics_sync.sync.forecast import forecast, loads_of

        return forecast(
            rows,
            loads_of(state.jobs, only=only),
            platforms=self.platforms,
            settings=self.settings.platforms,
            now=now,
        )

    def _attention(
        self, rows: Rows, found: Overview, wanted: "Forecast", now: datetime
    ) -> Iterator[Attention]:
        if not self.settings.enabled:
            yield Attention(
                "disabled",
                f"Installed jobs do nothing: enabled = false in {self.home.config}",
            )
        yield from keeping.of_residence(rows, self.settings.database_url)
        yield from keeping.of_key(self.home.key)
        yield from attention.of_credentials(rows, now)
        yield from attention.of_runs(rows, found, now)
        yield from attention.of_machine(found, now)
        yield from attention.of_demand(wanted)


def _shown(url: str) -> str:
    """The file, or the address without its password."""
    file = sqlite_file(url)
    return str(file) if file is not None else mask_url(url)


def _user() -> str:
    import os
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
