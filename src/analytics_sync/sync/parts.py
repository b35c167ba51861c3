"""What a sync is made of. Wiring fills it; nothing here knows where the parts come from."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

from analytics_sync.clock import Clock
from analytics_sync.locks import Locks
from analytics_sync.platforms._contract import Platform
from analytics_sync.settings.declare import PlatformSettings
from analytics_sync.store.database import Database
from analytics_sync.sync.progress import NoProgress, Progress
from analytics_sync.tokens import Tokens
from analytics_sync.transport.call import Budgets, Sender

P = ParamSpec("P")
T = TypeVar("T")


class CountingSender(Sender, Protocol):
    """A sender that counts the HTTP requests it really sent."""

    requests: int


class Senders(Protocol):
    """The transport of a run, which gives each account a sender of its own."""

    requests: int

    def for_account(self) -> CountingSender: ...


class OpenTransport(Protocol):
    """Opens the transport for the length of a run; no wait reaches past `stop_at`."""

    def __call__(
        self, budgets: Budgets, clock: Clock, stop_at: float
    ) -> AbstractAsyncContextManager[Senders]: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a run needs."""

    database: Database
    clock: Clock
    platforms: Mapping[str, Platform]
    settings: Mapping[str, PlatformSettings]
    tokens: Tokens
    locks: Locks
    open_transport: OpenTransport
    max_run: timedelta = timedelta(minutes=10)
    progress: Progress = field(default_factory=NoProgress)

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query of the store in a reading transaction.

        Beside the event loop where it may wait for a server. A reader of SQLite waits for nobody,
        and handing a query of a millisecond to a thread costs half as much again.
        """

        def run() -> T:
            with self.database.read() as connection:
                return query(connection, *args, **kwargs)

        if self.database.dialect == "sqlite":
            return run()
        return await asyncio.to_thread(run)

    async def write(
        self, change: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a change in a writing transaction, beside the event loop.

        A cancellation does not tear it: the transaction ends, then the cancellation goes on.
        """

        def run() -> T:
            with self.database.write() as connection:
                return change(connection, *args, **kwargs)

        return await asyncio.shield(asyncio.to_thread(run))
