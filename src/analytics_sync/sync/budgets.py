"""Call budgets kept in the database: what the transport asks before each call."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics_sync.clock import Clock
from analytics_sync.errors import BudgetSpent, RateLimited
from analytics_sync.store import budgets as stored
from analytics_sync.store.database import Database
from analytics_sync.sync.stop import Stop
from analytics_sync.transport.call import Call, Cap, Limit

# So many buckets' remaining calls are written together: they are for people, and a kill may lose them.
PORTION = 100


class KeptBudgets:
    """The budgets of one run.

    "Not before" times are read once at the start and written as soon as they are known; counted
    ceilings of our own are taken from the database at each call, shared with other processes.
    """

    def __init__(self, database: Database, clock: Clock, stop: Stop) -> None:
        self._database = database
        self._clock = clock
        self._stop = stop
        self._caps: dict[str, set[Cap]] = {}
        self._told: dict[str, Limit] = {}
        self._news: dict[str, stored.Block] = {}
        self._last_call: dict[str, float] = {}
        self._slow: dict[str, float] = {}
        with database.read() as connection:
            self._blocks = stored.blocks(connection, clock.now())

    def add_caps(self, caps: Iterable[Cap]) -> None:
        for cap in caps:
            self._caps.setdefault(cap.bucket, set()).add(cap)

    async def admit(self, call: Call) -> float:
        self._stop.check()
        now = self._clock.now()
        self._refuse_blocked(call, now)
        caps = [cap for bucket in call.buckets for cap in self._caps.get(bucket, ())]
        if caps:
            await asyncio.to_thread(self._spend, caps, call.charge, now)
        return self._pause(call)

    def observe(self, limit: Limit) -> None:
        self._told[limit.bucket] = limit
        if limit.slow_down:
            self._slow[limit.bucket] = limit.slow_down
        if limit.stop_until is not None:
            reason = limit.reason or "the platform's own limit is used up"
            self._remember(limit.bucket, limit.stop_until, reason)

    async def block(self, bucket: str, until: datetime, reason: str) -> None:
        """Let nobody use this bucket before `until`, this process and the next ones."""
        self._remember(bucket, until, reason)
        await self.flush()

    async def flush(self, *, everything: bool = False) -> None:
        """Write each new "not before"; what is only good to know waits until there is more of it."""
        if not (everything or self._news or len(self._told) >= PORTION):
            return
        told, self._told = self._told, {}
        news, self._news = self._news, {}
        if told or news:
            await asyncio.to_thread(self._write, list(told.values()), list(news.values()))

    def _remember(self, bucket: str, until: datetime, reason: str) -> None:
        known = self._blocks.get(bucket)
        if known is None or known.until < until:
            self._blocks[bucket] = self._news[bucket] = stored.Block(bucket, until, reason)

    def _refuse_blocked(self, call: Call, now: datetime) -> None:
        for bucket in call.buckets:
            block = self._blocks.get(bucket)
            if block is not None and block.until > now:
                raise RateLimited(
                    f"{call.label}: not before {block.until:%Y-%m-%d %H:%M:%S} UTC "
                    f"({block.reason}).",
                    until=block.until,
                    bucket=bucket,
                    hint="Nothing to do: a later run goes on by itself.",
                )

    def _spend(self, caps: list[Cap], charge: int, now: datetime) -> None:
        with self._database.write() as connection:
            taken: list[Cap] = []
            for cap in caps:
                granted = stored.spend(connection, cap, charge, now)
                if granted == charge:
                    taken.append(cap)
                    continue
                stored.give_back(connection, cap, granted, now)
                for other in taken:
                    stored.give_back(connection, other, charge, now)
                raise _spent(cap, now)

    def _pause(self, call: Call) -> float:
        """Seconds to leave before this call, for buckets that are nearly used up."""
        now = self._clock.monotonic()
        pause = 0.0
        for bucket in call.buckets:
            if bucket in self._slow:
                at = max(now, self._last_call.get(bucket, now) + self._slow[bucket])
                self._last_call[bucket] = at
                pause = max(pause, at - now)
        return pause

    def _write(self, told: list[Limit], news: list[stored.Block]) -> None:
        now = self._clock.now()
        with self._database.write() as connection:
            stored.observe(connection, told)
            for block in news:
                if block.until > now:
                    stored.block(connection, block.bucket, block.until, block.reason or "")


def _spent(cap: Cap, now: datetime) -> BudgetSpent:
    until = stored.window_start(now, cap.period) + cap.period
    span = "hour" if cap.period == timedelta(hours=1) else "day"
    return BudgetSpent(
        f"The budget of {cap.calls} calls a {span} is spent until {until:%Y-%m-%d %H:%M} UTC.",
        until=until,
        bucket=cap.bucket,
        hint="Raise max_calls_per_hour or max_calls_per_day if the platform allows more.",
    )


class DailyReads:
    """Paid reads of one UTC day, kept in the database and shared by all processes."""

    def __init__(self, database: Database, clock: Clock, cap: Cap) -> None:
        self._database = database
        self._clock = clock
        self._cap = cap

    async def take(self, wanted: int) -> int:
        if wanted <= 0:
            return 0
        return await asyncio.to_thread(self._take, wanted)

    async def give_back(self, unused: int) -> None:
        if unused > 0:
            await asyncio.to_thread(self._give_back, unused)

    def spent_until(self) -> datetime:
        return stored.window_start(self._clock.now(), self._cap.period) + self._cap.period

    def _take(self, wanted: int) -> int:
        with self._database.write() as connection:
            return stored.spend(connection, self._cap, wanted, self._clock.now())

    def _give_back(self, unused: int) -> None:
        with self._database.write() as connection:
            stored.give_back(connection, self._cap, unused, self._clock.now())


class UnlimitedReads:
    """Where reading costs nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def take(self, wanted: int) -> int:
        return wanted

    async def give_back(self, unused: int) -> None:
        pass

    def spent_until(self) -> datetime:
        return self._clock.now()
