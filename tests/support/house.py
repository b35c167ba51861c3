"""A whole installation for tests: a home in a temporary folder, and simulated platforms behind it.

The client lives by the simulated clock; its sleeps move that clock and take no time.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from analytics_sync.clock import SystemClock
from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.domain.metrics import COLUMNS
from analytics_sync.domain.records import Account
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.home import find_home
from analytics_sync.simulator.app import Simulator
from analytics_sync.simulator.clock import SimulatedClock
from analytics_sync.simulator.control import the_truth
from analytics_sync.simulator.service import Handle
from analytics_sync.simulator.world import World
from analytics_sync.store import businesses
from analytics_sync.store.exports import Wanted, rows
from analytics_sync.sync.results import RunRecord
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice
from analytics_sync.tokens import parse_token
from analytics_sync.wiring import Installation, installation, sync
from support import ready

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ORIGIN = "http://127.0.0.1:9"


class WorldClock:
    """The client's clock: shows the simulated time, and sleeping moves it."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._slept = 0.0

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._slept

    async def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self._clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)


class House:
    """One home and one simulated world. `settings` are as in the environment, without prefix."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str | None = None,
        seed: int = 1,
        settings: Mapping[str, str] | None = None,
        start: datetime = START,
    ) -> None:
        self.world = World(SimulatedClock(start), seed=seed)
        self.simulator = Simulator(self.world)
        self.clock = WorldClock(self.world.clock)
        self.environ = {
            "ANALYTICS_SYNC_HOME": str(folder / "home"),
            **{
                name: value
                for name, value in self.simulator.settings(ORIGIN).items()
                if name.split("__")[1].lower() in all_platforms()
            },
            **{f"ANALYTICS_SYNC_{name}": value for name, value in (settings or {}).items()},
        }
        if database_url is not None:
            self.environ["ANALYTICS_SYNC_DATABASE_URL"] = database_url
        self.home = find_home(self.environ)
        self.home.create()
        ready.put_sqlite(self.home.database)

    @classmethod
    def of_today(cls, folder: Path, *, database_url: str | None = None) -> Self:
        """One whose time begins now, for programs that live by the machine's clock."""
        now = SystemClock().now().replace(microsecond=0)
        return cls(folder, database_url=database_url, start=now)

    @contextmanager
    def opened(self) -> Iterator[Installation]:
        with installation(self.environ, clock=self.clock) as found:
            found.network = httpx.ASGITransport(self.simulator.app)
            yield found

    def add_business(self, name: str = "Acme") -> int:
        with self.opened() as found, found.database.write() as connection:
            return businesses.add(connection, name, timezone="UTC", now=self.clock.now()).id

    def populate(self, *platforms: str, business: int = 1, posts: int = 40) -> list[Account]:
        """Make accounts of these platforms with posts, and add them to a business."""
        made = []
        for platform in platforms:
            handle = self.simulator.services[platform].populate(business, f"Acme {business}", posts)
            self.simulator.handles.append((business, handle))
            made.append(self.add_account(handle, business))
        return made

    def add_account(self, handle: Handle, business: int, *, check: bool = True) -> Account:
        new = NewAccount(
            business_id=business,
            platform=handle.platform,
            platform_account_id=handle.platform_account_id,
            kind=handle.kind,
            token=parse_token(handle.token, "the test"),
        )
        with self.opened() as found:
            return asyncio.run(add_account(found.parts(), found.vault, new, check=check)).account

    def sync(self, *, order: Order | None = None, **choice: Any) -> RunRecord:
        """Sync everything now. Time passes a little first, as between two commands."""
        self.world.journal.clear()
        base = Order(Choice(self.clock.now(), **choice))
        with self.opened() as found:
            return sync(found, replace(order, choice=base.choice) if order else base)

    def labels(self) -> dict[str, int]:
        """Requests of the last sync by label, as the server counted them."""
        return dict(self.world.journal.labels)

    def truth(self) -> dict[tuple[str, str], dict[str, int | None]]:
        """What a right client holds for each post now."""
        told = the_truth(self.world, self.simulator.services)["posts"]
        return {
            (post["platform"], post["platform_post_id"]): {name: post[name] for name in COLUMNS}
            for post in told
        }

    def latest(self) -> dict[tuple[str, str], dict[str, int | None]]:
        """What the database holds for each post."""
        return {
            (row["platform"], row["platform_post_id"]): {name: row[name] for name in COLUMNS}
            for row in self.exported(newest_only=True)
        }

    def exported(self, **wanted: Any) -> list[Mapping[str, Any]]:
        with self.opened() as found:
            return list(rows(found.database, Wanted(**wanted)))

    def pass_time(self, **span: float) -> None:
        self.world.clock.advance(timedelta(**span))
