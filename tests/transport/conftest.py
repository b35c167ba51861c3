"""A transport with a fake clock, ready for one scenario on the loopback interface."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from analytics_sync.transport.client import Transport
from support.fake_clock import FakeClock
from support.fault_server import Answer, FaultServer
from support.transport_doubles import OpenBudgets

Scenario = Callable[[Transport, FaultServer], Awaitable[Any]]
Play = Callable[..., Any]


@pytest.fixture
def budgets() -> OpenBudgets:
    return OpenBudgets()


@pytest.fixture
def play(fake_clock: FakeClock, budgets: OpenBudgets) -> Play:
    """`play(scenario, *answers, **options of Transport)` runs it and returns what it returns.

    Afterwards the client must have closed every connection.
    """

    def run(scenario: Scenario, *answers: Answer, **options: Any) -> Any:
        async def scene() -> Any:
            async with FaultServer(*answers) as server:
                kept = {"budgets": budgets, "clock": fake_clock} | options
                async with Transport(**kept) as transport:
                    result = await scenario(transport, server)
                async with asyncio.timeout(2):
                    await server.until_all_closed()
                return result

        return asyncio.run(scene())

    return run
