"""Sends a call again while that helps: after trouble, and after a short limit; the one user of
`backoff`.

The waits are `backoff`'s; the loop is ours. Its decorators and `aretry_context` end each wait in
`asyncio.sleep`, so a clock passed in could not move time, and the generator inside them is not
closed when the caller is cancelled in the middle of a wait.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import backoff

from analytics_sync.clock import Clock
from analytics_sync.errors import RateLimited, Temporary
from analytics_sync.transport.call import Call, Reply

TRIES = 3

# The first wait after trouble is 0 to 2 s long, the second 0 to 4 s.
_FIRST_WAIT = 2.0

# Beside the jitter, so that a clock which is a little ahead never asks before the time is up.
_SAFETY = 0.1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one run waits: never past `stop_at` (of `clock.monotonic()`), and for a rate limit
    at most `longest_wait` seconds.
    """

    clock: Clock
    stop_at: float | None
    longest_wait: float

    async def send(self, call: Call, attempt: Callable[[], Awaitable[Reply]]) -> Reply:
        """Run `attempt` until it gives a reply or its failure is not worth waiting for.

        A call that is not repeatable gets one attempt.
        """
        waits = _Waits(self) if call.repeatable else None
        while True:
            try:
                return await attempt()
            except (Temporary, RateLimited) as failure:
                wait = None if waits is None else waits.after(failure)
                if wait is None:
                    raise
                _log.info("%s; again in %.1f s", failure.message, wait)
            # Outside `except`: a later failure must not carry this one along.
            await self.clock.sleep(wait)

    def allows(self, seconds: float) -> bool:
        """Whether a wait of so many seconds ends while the run may still work."""
        return self.stop_at is None or self.clock.monotonic() + seconds < self.stop_at


class _Waits:
    """The waits of one call: two after trouble, one for a rate limit."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._after_trouble = backoff.expo(base=2, factor=_FIRST_WAIT)
        next(self._after_trouble)  # its generators begin with an empty step
        self._tries = 1
        self._waited_for_limit = False

    def after(self, failure: Temporary | RateLimited) -> float | None:
        """Seconds to wait before the next try; None to give up."""
        wait = self._limit(failure) if isinstance(failure, RateLimited) else self._trouble(failure)
        return wait if wait is not None and self._patience.allows(wait) else None

    def _trouble(self, failure: Temporary) -> float | None:
        self._tries += 1
        if self._tries > TRIES:
            return None
        return failure.least_wait + backoff.full_jitter(next(self._after_trouble))

    def _limit(self, failure: RateLimited) -> float | None:
        left = max(0.0, (failure.until - self._patience.clock.now()).total_seconds())
        if self._waited_for_limit or left > self._patience.longest_wait:
            return None
        self._waited_for_limit = True
        # Added, never multiplied: the library's usual jitter slept 14 s where 60 were asked for.
        return backoff.random_jitter(left + _SAFETY)
