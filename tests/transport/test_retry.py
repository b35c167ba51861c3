import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_sync.errors import (
    AnswerNotUnderstood,
    BudgetSpent,
    CredentialRefused,
    RateLimited,
    Refused,
    Temporary,
)
from analytics_sync.transport.call import Call, Reply
from analytics_sync.transport.retry import TRIES, Patience
from support.fake_clock import FakeClock

ONCE = Call(url="https://api.x.com/2/oauth2/token", label="refresh", repeatable=False)
AGAIN = Call(url="https://api.x.com/2/tweets", label="posts")
OK = Reply(200, {}, b"{}")


class Attempts:
    """Gives the next of its outcomes at each attempt; an outcome may be made at that moment."""

    def __init__(self, *outcomes: Reply | Exception | Callable[[], Exception]) -> None:
        self.left = list(outcomes)
        self.made = 0

    async def __call__(self) -> Reply:
        self.made += 1
        outcome = self.left.pop(0)
        if callable(outcome):
            outcome = outcome()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _send(
    clock: FakeClock,
    attempts: Attempts,
    call: Call = AGAIN,
    *,
    stop_after: float | None = None,
    longest_wait: float = 90.0,
) -> Reply:
    stop_at = None if stop_after is None else clock.monotonic() + stop_after
    return asyncio.run(Patience(clock, stop_at, longest_wait).send(call, attempts))


def _limited(clock: FakeClock, seconds: float) -> Callable[[], RateLimited]:
    return lambda: RateLimited("no", until=clock.now() + timedelta(seconds=seconds), bucket="b")


def test_a_reply_is_returned_at_once(fake_clock: FakeClock) -> None:
    assert _send(fake_clock, Attempts(OK)) is OK
    assert fake_clock.slept == []


def test_trouble_is_tried_three_times_in_all(fake_clock: FakeClock) -> None:
    attempts = Attempts(Temporary("1"), Temporary("2"), OK)
    assert _send(fake_clock, attempts) is OK
    assert attempts.made == TRIES == 3
    assert 0 <= fake_clock.slept[0] <= 2
    assert 0 <= fake_clock.slept[1] <= 4


def test_the_last_trouble_is_raised_and_carries_no_other(fake_clock: FakeClock) -> None:
    attempts = Attempts(Temporary("1"), Temporary("2"), Temporary("3"), OK)
    with pytest.raises(Temporary, match="3") as caught:
        _send(fake_clock, attempts)
    assert caught.value.__context__ is None
    assert attempts.made == 3


def test_trouble_that_takes_its_time_is_given_it(fake_clock: FakeClock) -> None:
    attempts = Attempts(Temporary("1", least_wait=5), Temporary("2"), OK)
    assert _send(fake_clock, attempts) is OK
    assert 5 <= fake_clock.slept[0] <= 7
    assert fake_clock.slept[1] <= 4


def test_waits_after_trouble_are_spread(fake_clock: FakeClock) -> None:
    for _ in range(40):
        _send(fake_clock, Attempts(Temporary("1"), Temporary("2"), OK))
    first, second = fake_clock.slept[::2], fake_clock.slept[1::2]
    assert max(first) <= 2 < max(second) <= 4
    assert len({round(wait, 6) for wait in fake_clock.slept}) > 70


@pytest.mark.parametrize(
    "failure",
    [Refused("no", status=400), CredentialRefused("no"), AnswerNotUnderstood("no"), ValueError()],
)
def test_what_waiting_does_not_mend_is_raised_at_once(
    fake_clock: FakeClock, failure: Exception
) -> None:
    attempts = Attempts(failure, OK)
    with pytest.raises(type(failure)):
        _send(fake_clock, attempts)
    assert attempts.made == 1


def test_our_own_spent_budget_is_not_waited_for(fake_clock: FakeClock) -> None:
    until = fake_clock.now() + timedelta(seconds=1)
    attempts = Attempts(BudgetSpent("no", until=until, bucket="b"), OK)
    with pytest.raises(BudgetSpent):
        _send(fake_clock, attempts)
    assert fake_clock.slept == []


@pytest.mark.parametrize("failure", [Temporary("1"), None])
def test_a_call_that_must_not_be_repeated_is_sent_once(
    fake_clock: FakeClock, failure: Exception | None
) -> None:
    attempts = Attempts(failure or _limited(fake_clock, 1), OK)
    with pytest.raises((Temporary, RateLimited)):
        _send(fake_clock, attempts, ONCE)
    assert attempts.made == 1
    assert fake_clock.slept == []


@given(seconds=st.floats(min_value=-100, max_value=90))
def test_a_limit_is_waited_out_and_never_less(seconds: float) -> None:
    clock = FakeClock()
    until = clock.now() + timedelta(seconds=seconds)
    assert _send(clock, Attempts(RateLimited("no", until=until, bucket="b"), OK)) is OK
    assert clock.now() > until
    assert len(clock.slept) == 1
    assert max(0, seconds) < clock.slept[0] <= max(0, seconds) + 1.11


def test_a_limit_longer_than_our_patience_is_raised_at_once(fake_clock: FakeClock) -> None:
    with pytest.raises(RateLimited):
        _send(fake_clock, Attempts(_limited(fake_clock, 31), OK), longest_wait=30)
    assert fake_clock.slept == []


def test_one_limit_is_waited_for_in_each_call(fake_clock: FakeClock) -> None:
    attempts = Attempts(_limited(fake_clock, 5), _limited(fake_clock, 5), OK)
    with pytest.raises(RateLimited):
        _send(fake_clock, attempts)
    assert attempts.made == 2


def test_a_limit_does_not_use_up_the_tries_after_trouble(fake_clock: FakeClock) -> None:
    attempts = Attempts(Temporary("1"), _limited(fake_clock, 5), Temporary("2"), OK)
    assert _send(fake_clock, attempts) is OK


def test_no_limit_is_waited_for_past_the_end_of_the_run(fake_clock: FakeClock) -> None:
    with pytest.raises(RateLimited):
        _send(fake_clock, Attempts(_limited(fake_clock, 60), OK), stop_after=60)
    assert fake_clock.slept == []


@given(left=st.floats(min_value=0, max_value=8))
def test_no_wait_after_trouble_reaches_the_end_of_the_run(left: float) -> None:
    clock = FakeClock()
    stop_at = clock.monotonic() + left
    with contextlib.suppress(Temporary):
        _send(clock, Attempts(Temporary("1"), Temporary("2"), OK), stop_after=left)
    assert clock.monotonic() < stop_at or not clock.slept


def test_cancelling_a_wait_ends_it_at_once() -> None:
    class SleeplessClock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            await asyncio.Event().wait()

    async def scenario() -> Attempts:
        clock = SleeplessClock()
        attempts = Attempts(Temporary("1"), OK)
        task = asyncio.create_task(Patience(clock, None, 90).send(AGAIN, attempts))
        while not clock.slept:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return attempts

    assert asyncio.run(scenario()).made == 1
