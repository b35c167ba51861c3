"""Reads batches side by side and yields their results as they come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import chain

from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AnalyticsSyncError, CallFailed

Results = Iterable[Reading | PostFailure]
AT_ONCE = 4


def chunks(posts: Sequence[Post], size: int) -> list[list[Post]]:
    """Cut into lists of at most `size`, in order."""
    return [list(posts[start : start + size]) for start in range(0, len(posts), size)]


async def each(
    batches: Sequence[Sequence[Post]],
    work: Callable[[Sequence[Post]], Awaitable[Results]],
    *,
    at_once: int = AT_ONCE,
) -> AsyncIterator[Reading | PostFailure]:
    """Run `work` on each batch, at most `at_once` together.

    A batch whose call fails leaves its posts due and stops no other batch. A failure of the whole
    account (a limit, a refused token) starts no further batch, lets those under way end, yields
    what they brought, and is raised then.
    """
    waiting = iter(batches)
    running: dict[asyncio.Task[Results], Sequence[Post]] = {}
    stop: AnalyticsSyncError | None = None

    def start_more() -> None:
        while stop is None and len(running) < at_once and (batch := next(waiting, None)):
            running[asyncio.ensure_future(_listed(work, batch))] = batch

    try:
        start_more()
        while running:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            brought: list[Results] = []
            for task in done:
                batch = running.pop(task)
                try:
                    brought.append(task.result())
                except CallFailed as failure:
                    brought.append(untried(batch, failure))
                except AnalyticsSyncError as failure:
                    stop = stop or failure
            # Before results are handed on, so that the platform works while they are stored.
            start_more()
            for result in chain.from_iterable(brought):
                yield result
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if stop is not None:
        raise stop


async def _listed(
    work: Callable[[Sequence[Post]], Awaitable[Results]], batch: Sequence[Post]
) -> Results:
    return await work(batch)


def untried(batch: Sequence[Post], failure: CallFailed) -> list[PostFailure]:
    """The failure of a whole call, told for each of its posts, which stay due."""
    return [
        PostFailure(post.platform_post_id, failure.code, failure.message, tried=False)
        for post in batch
    ]
