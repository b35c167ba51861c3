"""Ending a run early and well: signals, the time limit, and waits that can be cut short."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from analytics_sync.clock import Clock
from analytics_sync.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
# What came while `signals_noted`; a process has its signals once.
NOTED: list[signal.Signals] = []


class Stop:
    """Whether, and why, the run was asked to end."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._event = asyncio.Event()

    def request(self, reason: str) -> None:
        """Start nothing new from here on, and end all waits."""
        if self.reason is None:
            self.reason = reason
            self._event.set()

    def check(self) -> None:
        """:raises Interrupted: the run was asked to end."""
        if self.reason is not None:
            raise Interrupted(
                f"The run was stopped ({self.reason}).",
                hint="What was not reached stays due for the next run.",
            )

    async def wait(self) -> None:
        await self._event.wait()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Let SIGTERM, SIGHUP and Ctrl-C ask for the end; a second one ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in SIGNALS}
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)
        for noted in NOTED:
            self.request(noted.name)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
                # Whoever started several runs goes on listening.
                signal.signal(number, before[number] or signal.SIG_DFL)

    def _signalled(self, number: signal.Signals) -> None:
        if self.reason is not None:
            os._exit(128 + number)
        self.request(number.name)


@contextmanager
def signals_noted() -> Iterator[list[signal.Signals]]:
    """Note signals that ask for the end where no run listens; the next run hears of them.

    Gives the list that they are noted in. A second one ends at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield NOTED
        return

    def note(number: int, _: object) -> None:
        if NOTED:
            os._exit(128 + number)
        NOTED.append(signal.Signals(number))

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield NOTED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        NOTED.clear()


class StoppableClock:
    """A clock whose waits end with Interrupted as soon as the run is asked to end."""

    def __init__(self, clock: Clock, stop: Stop) -> None:
        self._clock = clock
        self._stop = stop

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self._stop.check()
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleeping, stopped):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._stop.check()
