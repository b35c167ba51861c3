"""Batches run side by side, and nothing that was answered is lost when one of them fails."""

import asyncio
from datetime import UTC, datetime

import pytest

from analytics_sync.domain.records import Post, PostFailure, Reading
from analytics_sync.errors import AccountRefused, Temporary
from analytics_sync.platforms._batches import chunks, each

POSTS = [Post(n, str(n), datetime(2026, 11, 1, tzinfo=UTC)) for n in range(10)]
PAIRS = chunks(POSTS, 2)


def reading(post):
    return Reading(post.platform_post_id, {}, {})


def results_of(batches, work, **options):
    async def collect():
        return [result async for result in each(batches, work, **options)]

    return asyncio.run(collect())


def test_the_next_request_is_sent_before_results_are_handed_on():
    started = []

    async def work(batch):
        started.append(batch)
        return [reading(post) for post in batch]

    async def first_result():
        results = each(PAIRS, work, at_once=1)
        await anext(results)
        await asyncio.sleep(0)  # the consumer stores
        seen = list(started)
        await results.aclose()
        return seen

    assert asyncio.run(first_result()) == PAIRS[:2]


def test_at_most_so_many_run_together():
    running, most = 0, 0

    async def work(batch):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return [reading(post) for post in batch]

    assert len(results_of(PAIRS, work, at_once=3)) == len(POSTS)
    assert most == 3


def test_a_call_that_fails_leaves_its_posts_due_and_stops_no_other():
    async def work(batch):
        if batch is PAIRS[1]:
            raise Temporary("X: no answer")
        return [reading(post) for post in batch]

    results = results_of(PAIRS, work)
    failures = [result for result in results if isinstance(result, PostFailure)]
    assert {result.platform_post_id for result in results} == {str(n) for n in range(10)}
    assert [(one.platform_post_id, one.tried) for one in failures] == [("2", False), ("3", False)]


def test_a_failure_of_the_account_is_raised_after_what_was_under_way():
    started, got = [], []

    async def work(batch):
        started.append(batch)
        if batch is PAIRS[0]:
            raise AccountRefused("The role is lost.")
        await asyncio.sleep(0)
        return [reading(post) for post in batch]

    async def collect():
        async for result in each(PAIRS, work, at_once=2):
            got.append(result.platform_post_id)  # noqa: PERF401 - kept though it raises

    with pytest.raises(AccountRefused):
        asyncio.run(collect())
    assert started == PAIRS[:2]
    assert got == ["2", "3"]


def test_what_is_under_way_ends_with_its_reader():
    ended = []

    async def work(batch):
        if batch is PAIRS[0]:
            return [reading(post) for post in batch]
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(batch)

    async def leave():
        results = each(PAIRS, work, at_once=2)
        await anext(results)
        await asyncio.sleep(0)
        await results.aclose()

    asyncio.run(leave())
    assert ended == PAIRS[1:3]
