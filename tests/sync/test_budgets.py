"""What the transport is told before each call: ceilings, blocks, slow-downs."""

import asyncio
from datetime import timedelta

import pytest

from analytics_sync.errors import BudgetSpent, Interrupted, RateLimited
from analytics_sync.sync.budgets import KeptBudgets
from analytics_sync.sync.stop import Stop, StoppableClock
from analytics_sync.transport.call import Call, Cap, Limit

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def call(*buckets, charge=1):
    return Call(url="http://127.0.0.1/", label="a call", buckets=buckets, charge=charge)


@pytest.fixture
def budgets(database, fake_clock):
    return KeptBudgets(database, fake_clock, Stop())


def admit(budgets, *buckets, charge=1):
    return asyncio.run(budgets.admit(call(*buckets, charge=charge)))


def test_without_ceilings_every_call_goes_at_once(budgets):
    assert [admit(budgets, "a") for _ in range(3)] == [0, 0, 0]


def test_a_ceiling_holds_over_processes_and_ends_with_its_window(database, fake_clock):
    for _ in range(2):
        one = KeptBudgets(database, fake_clock, Stop())
        one.add_caps([Cap("app", 4, HOUR)])
        admit(one, "narrow", "app", charge=2)
    with pytest.raises(BudgetSpent) as caught:
        admit(one, "narrow", "app")
    assert caught.value.until == fake_clock.now().replace(minute=0) + HOUR
    fake_clock.advance(3600)
    admit(one, "narrow", "app")


def test_a_refused_call_takes_nothing_from_its_other_budgets(budgets):
    budgets.add_caps([Cap("credential", 10, DAY), Cap("app", 3, DAY)])
    with pytest.raises(BudgetSpent):
        admit(budgets, "credential", "app", charge=4)
    for _ in range(3):
        admit(budgets, "credential", "app")
    with pytest.raises(BudgetSpent):
        admit(budgets, "credential", "app")
    admit(budgets, "credential", charge=7)


def test_an_answer_may_say_why_its_bucket_must_rest(budgets, fake_clock):
    until = fake_clock.now() + HOUR
    budgets.observe(Limit(bucket="spent", stop_until=until))
    budgets.observe(Limit(bucket="blocked", stop_until=until, reason="the account is blocked"))
    for bucket, words in (("spent", "limit is used up"), ("blocked", "the account is blocked")):
        with pytest.raises(RateLimited, match=words):
            admit(budgets, bucket)


def test_a_block_of_any_bucket_stops_the_call_and_is_kept(database, fake_clock, budgets):
    until = fake_clock.now() + HOUR
    asyncio.run(budgets.block("app", until, "no more today"))
    for one in (budgets, KeptBudgets(database, fake_clock, Stop())):
        with pytest.raises(RateLimited, match="no more today") as caught:
            admit(one, "narrow", "app")
        assert caught.value.until == until
        admit(one, "other")
    fake_clock.advance(3601)
    admit(budgets, "narrow", "app")


def test_headers_that_say_stop_are_obeyed_before_the_server_has_to_refuse(
    database, fake_clock, budgets
):
    budgets.observe(Limit(bucket="narrow", remaining=0, stop_until=fake_clock.now() + HOUR))
    with pytest.raises(RateLimited):
        admit(budgets, "narrow")
    asyncio.run(budgets.flush())
    with pytest.raises(RateLimited):
        admit(KeptBudgets(database, fake_clock, Stop()), "narrow")


def test_a_slow_down_spaces_calls_of_its_bucket_alone(budgets):
    budgets.observe(Limit(bucket="page", slow_down=1.0))
    assert [admit(budgets, "page") for _ in range(3)] == [1.0, 2.0, 3.0]
    assert admit(budgets, "other") == 0


def test_after_a_stop_nothing_new_begins(database, fake_clock):
    stop = Stop()
    budgets = KeptBudgets(database, fake_clock, stop)
    stop.request("SIGTERM")
    with pytest.raises(Interrupted, match="SIGTERM"):
        admit(budgets, "a")


def test_a_stop_ends_waits_at_once(fake_clock):
    async def stopped():
        stop = Stop()

        class Patient:
            now, monotonic = fake_clock.now, fake_clock.monotonic

            async def sleep(self, seconds):
                await asyncio.Event().wait()

        waiting = asyncio.ensure_future(StoppableClock(Patient(), stop).sleep(1e9))
        await asyncio.sleep(0)
        stop.request("SIGTERM")
        async with asyncio.timeout(5):
            await waiting

    with pytest.raises(Interrupted):
        asyncio.run(stopped())
