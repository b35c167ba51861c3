"""Posts a few words to an address that is a secret itself, in little time."""

import asyncio
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final, ParamSpec, TypeVar

from analytics_sync.clock import Clock
from analytics_sync.errors import Refused, Temporary
from analytics_sync.transport.address import host_of
from analytics_sync.transport.call import Call, Limit, Reply
from analytics_sync.transport.client import Transport

# Less than this is left: a second try would come to nothing.
LEAST_SECONDS: Final = 1.0
PAUSE: Final = 0.3
P = ParamSpec("P")
T = TypeVar("T")


async def ping(url: str, words: str, *, label: str, seconds: float, clock: Clock) -> None:
    """Post, once more after a trouble that may pass, in so many real seconds in all.

    `label` names it in the words of a failure, which never hold more of the address than its host.

    :raises AnalyticsSyncError: it did not arrive, or was not taken.
    """
    call = Call(
        url=url,
        label=label,
        method="POST",
        headers={"content-type": "text/plain; charset=utf-8"},
        body=words.encode("utf-8", "replace"),
        repeatable=False,
    )
    loop = asyncio.get_running_loop()
    loop.set_default_executor(_Detached())
    end = loop.time() + seconds
    try:
        await _once(call, seconds, clock)
    except Temporary:
        left = end - loop.time() - PAUSE
        if left < LEAST_SECONDS:
            raise
    else:
        return
    await clock.sleep(PAUSE)
    await _once(call, left, clock)


async def _once(call: Call, seconds: float, clock: Clock) -> None:
    async with Transport(budgets=_NoBudgets(), clock=clock, deadline=seconds) as transport:
        await transport.send(call, _Taken())


class _Detached(ThreadPoolExecutor):
    """Runs what the event loop hands to threads, the look-up of names, in ones that are not waited for.

    A system may look for a name for minutes; Python's own threads would keep the program from
    ending until it has given up.
    """

    def submit(self, work: Callable[P, T], /, *values: P.args, **named: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(work(*values, **named))
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future


class _Taken:
    """2xx is well."""

    def failure(self, call: Call, reply: Reply, now: datetime) -> Exception | None:
        if 200 <= reply.status < 300:
            return None
        said = f"{call.label}: {host_of(call)} answered HTTP {reply.status}"
        if reply.status >= 500 or reply.status in (408, 425, 429):
            return Temporary(said)
        return Refused(said, status=reply.status)

    def limits(self, call: Call, reply: Reply, now: datetime) -> Iterable[Limit]:
        return ()


class _NoBudgets:
    async def admit(self, call: Call) -> float:
        return 0.0

    def observe(self, limit: Limit) -> None:
        """Nothing is told."""
