"""Reads the numbers of the posts that are due, and stores them as they come."""

from sqlalchemy import Connection

from analytics_sync.clock import is_ahead
from analytics_sync.domain.records import Account, Post, PostFailure, Reading
from analytics_sync.platforms._contract import Context
from analytics_sync.store import accounts, posts, readings
from analytics_sync.sync import selection
from analytics_sync.sync.parts import Parts
from analytics_sync.sync.results import Failure
from analytics_sync.sync.work import Choice, Work

# Stored in portions of this size, so that a kill loses little and memory stays flat.
PORTION = 100

Answered = list[tuple[Post, Reading | PostFailure]]


async def choose(parts: Parts, choice: Choice, account: Account) -> list[posts.Candidate]:
    """Choose the posts of an account to read now."""
    platform, settings = parts.platforms[account.platform], parts.settings[account.platform]
    found = await parts.read(posts.candidates, account.id)
    alive = selection.alive(found, platform.lifetimes, choice.started)
    limit = choice.limit or settings.posts_per_sync
    if not choice.due_only:
        return selection.newest(alive, limit)
    return selection.due(
        alive, settings.cadence, choice.slot, limit, choice.interval, choice.started
    )


async def read_posts(work: Work, context: Context) -> None:
    """Read the chosen posts. Whatever was answered is stored, also when this is cut short."""
    today = context.clock.now().date()
    ids = [candidate.id for candidate in work.chosen if candidate.id not in work.answered]
    loaded = await work.parts.read(posts.load, ids, today)
    if not work.answered:
        work.parts.progress.expect(work.account, len(loaded))
    waiting = {post.platform_post_id: post for post in loaded}
    portion: Answered = []
    try:
        async for answer in work.platform.read(context, loaded):
            post = waiting.pop(answer.platform_post_id, None)
            if post is None:
                continue
            portion.append((post, answer))
            work.parts.progress.advance(work.account, 1)
            if len(portion) >= PORTION:
                full, portion = portion, []
                await work.parts.write(_save, work, full)
    finally:
        if portion:
            with work.parts.database.write() as connection:
                _save(connection, work, portion)


def _save(connection: Connection, work: Work, portion: Answered) -> None:
    read = [(post, answer) for post, answer in portion if isinstance(answer, Reading)]
    failed = [(post, answer) for post, answer in portion if isinstance(answer, PostFailure)]
    slot = work.choice.slot
    work.result.snapshots += readings.save(
        connection,
        read,
        captured_at=work.choice.started,
        slot=slot,
        today=work.parts.clock.now().date(),
    )
    readings.save_failures(connection, failed, slot)
    work.answered.update(post.id for post, _ in portion)
    work.result.synced += len(read)
    work.result.failed += len(failed)
    work.result.failures += [
        Failure(failure.code, failure.message, failure.platform_post_id) for _, failure in failed
    ]


async def read_totals(work: Work, context: Context) -> None:
    """Read followers and the like, once a UTC day."""
    now = work.choice.started
    state = await work.parts.read(accounts.sync_state, work.account.id)
    before = state.totals_at
    if before is not None and before.date() >= now.date() and not is_ahead(before, now):
        return
    totals = await work.platform.totals(context)
    if totals is not None:
        await work.parts.write(accounts.save_totals, work.account.id, totals, now)
