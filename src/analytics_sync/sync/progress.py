"""How a run tells its progress: to the doors, which draw it, and in its row, for who looks at it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

from analytics_sync.domain.records import Account
from analytics_sync.errors import AnalyticsSyncError

log = logging.getLogger(__name__)

# Real seconds, whatever clock the run lives by, because who looks on is real.
TOLD_EVERY: Final = 1.0


class Progress(Protocol):
    """Called from the run's event loop; must not block."""

    def expect(self, account: Account, posts: int) -> None:
        """So many posts of this account are going to be read."""

    def advance(self, account: Account, posts: int) -> None:
        """So many of them have an answer."""

    def finish(self, account: Account) -> None:
        """Nothing more comes of this account."""


class NoProgress:
    """Draws nothing."""

    def expect(self, account: Account, posts: int) -> None:
        pass

    def advance(self, account: Account, posts: int) -> None:
        pass

    def finish(self, account: Account) -> None:
        pass


@contextmanager
def kept_up(
    counts: Callable[[], Mapping[str, int]],
    write: Callable[[Mapping[str, int]], Awaitable[None]],
    every: float = TOLD_EVERY,
) -> Iterator[None]:
    """While the block runs, write `counts` when they have changed, at most once in `every` seconds.

    What can't be written is left out: the run itself notices a database that is gone.
    """

    async def tell() -> None:
        told: Mapping[str, int] = {}
        while True:
            await asyncio.sleep(every)
            now = counts()
            if now == told:
                continue
            try:
                await write(now)
                told = now
            except AnalyticsSyncError as error:
                log.debug("the progress was not written: %s", error.message)

    telling = asyncio.ensure_future(tell())
    try:
        yield
    finally:
        telling.cancel()
