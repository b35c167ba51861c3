"""The demo's day: accounts, a first sync, small ones while posts grow, and a last whole one."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from analytics_sync.clock import SystemClock
from analytics_sync.connect.accounts import NewAccount, add_account
from analytics_sync.demo.audience import Audience
from analytics_sync.demo.ending import handlers_kept
from analytics_sync.demo.facts import Facts, gather
from analytics_sync.demo.names import AGAIN, DUE, FIRST, LAST
from analytics_sync.demo.place import BUSINESSES, Place, SharedClock, make_place
from analytics_sync.demo.runs import Run
from analytics_sync.demo.trouble import LIMITED, MINUTES, REFUSED, Trouble, Where
from analytics_sync.logs.setup import set_up
from analytics_sync.platforms import all_platforms
from analytics_sync.settings.home import HOME_VARIABLE, Home
from analytics_sync.simulator.server import serving
from analytics_sync.simulator.service import Handle
from analytics_sync.store import businesses
from analytics_sync.sync.parts import Parts
from analytics_sync.sync.run import Order
from analytics_sync.sync.work import Choice
from analytics_sync.tokens import parse_token
from analytics_sync.wiring import Installation, initialise, installation, sync

STEPS: Final = 6
EVERY: Final = timedelta(hours=4)
# How long before a sync the things happen that it finds.
BEFORE: Final = 10 * MINUTES
TOO_EARLY: Final = 30 * MINUTES
# The made-up posts are up to 120 days old: all of them are wanted.
REACH: Final = timedelta(days=150)


def tell(home: Home, audience: Audience) -> Facts:
    """Live through the day in this home, which holds no database yet.

    The home's environment is made up here, so that no setting of the caller's gets into it.

    :raises KeyboardInterrupt: a sync was asked to stop.
    """
    place = make_place(SystemClock().now())
    try:
        with serving(place.simulator) as origin:
            audience.hear(f"{_named()} simulated at {origin}")
            with installation(_environ(home, place, origin), clock=_clock(place)) as opened:
                set_up(home.logs, {}, level=logging.ERROR)
                initialise(opened)
                story = Story(place, opened, audience, Trouble(place))
                story.tell()
                return gather(opened, place, story.trouble, story.runs)
    finally:
        # The home may go away now: nothing more is written there.
        set_up(None, {}, level=logging.ERROR)


def _environ(home: Home, place: Place, origin: str) -> dict[str, str]:
    known = all_platforms()
    addresses = {
        variable: address
        for variable, address in place.simulator.settings(origin).items()
        if address.rpartition("/")[2] in known
    }
    return {HOME_VARIABLE: str(home.path), **addresses}


def _clock(place: Place) -> SharedClock:
    return SharedClock(place.world.clock)


def _named() -> str:
    titles = sorted(platform.title for platform in all_platforms().values())
    return f"{', '.join(titles[:-1])} and {titles[-1]}"


@dataclass(slots=True)
class Story:
    """One telling: the world, our side of it, and the runs so far."""

    place: Place
    opened: Installation
    audience: Audience
    trouble: Trouble
    runs: list[Run] = field(default_factory=list)

    def tell(self) -> None:
        """Everything, in order.

        :raises KeyboardInterrupt: a sync was asked to stop.
        """
        self._settle()
        self._sync(FIRST, Choice(self._now(), reach=REACH))
        for step in range(1, STEPS):
            self._pass_to(step)
            if step == STEPS - 1:
                self._renew()
            run = self._sync(DUE, self._due())
            limited = run.result(LIMITED)
            if limited is not None and limited.outcome == "rate_limited":
                self._ask_too_early()
        self._pass_to(STEPS)
        self._sync(LAST, Choice(self._now()))

    def _settle(self) -> None:
        """The businesses, and their accounts with tried tokens."""
        with self.opened.database.write() as connection:
            for number, name in BUSINESSES.items():
                businesses.add(connection, name, timezone="UTC", now=self._now(), id=number)
        asyncio.run(self._add_accounts())
        self.audience.hear(
            f"{len(BUSINESSES)} businesses with {len(self.place.handles)} accounts added, "
            "each token tried"
        )

    async def _add_accounts(self) -> None:
        parts = self.opened.parts()
        for number, handle in self.place.handles:
            await self._add(parts, number, handle, handle.token)

    async def _add(self, parts: Parts, number: int, handle: Handle, token: str) -> None:
        new = NewAccount(
            business_id=number,
            platform=handle.platform,
            platform_account_id=handle.platform_account_id,
            kind=handle.kind,
            token=parse_token(token, "the made-up token"),
        )
        await add_account(parts, self.opened.vault, new, check=True)

    def _pass_to(self, step: int) -> None:
        """Let time pass until a step, and happen what happens on the way."""
        moment = self.place.start + step * EVERY
        self.place.go_to(moment - BEFORE)
        self.trouble.before(step)
        self.place.go_to(moment)

    def _renew(self) -> None:
        """Add the account again whose token was refused, as its owner would."""
        handle = self.place.handle(REFUSED.business, REFUSED.platform)
        token = self.trouble.renewed_token()
        asyncio.run(self._add(self.opened.parts(), REFUSED.business, handle, token))

    def _ask_too_early(self) -> None:
        """A sync of the one account that was asked to wait longer."""
        self.place.go_to(self._now() + TOO_EARLY)
        self._sync(AGAIN, self._due(), LIMITED)

    def _sync(self, kind: str, choice: Choice, only: Where | None = None) -> Run:
        order = Order(
            choice,
            business_ids=frozenset({only.business}) if only else None,
            platforms=frozenset({only.platform}) if only else None,
        )
        journal = self.place.world.journal
        arrived, calls = journal.totals.total(), journal.charged.total()
        with handlers_kept(), self.audience.progress() as progress:
            record = sync(self.opened, order, progress)
        if record.interrupted:
            raise KeyboardInterrupt
        run = Run(kind, record, journal.totals.total() - arrived, journal.charged.total() - calls)
        self.runs.append(run)
        self.audience.see(run)
        return run

    def _due(self) -> Choice:
        return Choice(self._now(), due_only=True)

    def _now(self) -> datetime:
        return self.place.world.clock.now()
